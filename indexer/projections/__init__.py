"""What the events add up to: pure functions `(state, event)`, one for each event that changes a projection.

The event table alone is enough to run them again, so a database can be rebuilt without a node. An event without a
function here is mirrored all the same.
"""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.projections import (
    datanets,
    governance,
    model_registry,
    payments,
    reviews,
    rewards,
    stake,
    validators,
)
from indexer.state import State

# Raise it when a function changes what it writes: an older database then asks to be made anew.
VERSION = 2

Reducer = Callable[[State, Event], None]

REDUCERS: Mapping[tuple[str, str], Reducer] = {
    (contract, name): reducer
    for contract, reducers in (
        ("DatanetRegistry", datanets.REDUCERS),
        ("ValidatorPool", validators.REDUCERS),
        ("ReviewCourt", reviews.REDUCERS),
        ("ModelRegistry", model_registry.REDUCERS),
        ("InferencePayments", payments.REDUCERS),
        ("RewardDistributor", rewards.REDUCERS),
        ("StakedOpen", stake.REDUCERS),
        ("OpenGovernor", governance.REDUCERS),
    )
    for name, reducer in reducers.items()
}


def project(state: State, event: Event) -> None:
    """Apply one event to the projections; events must come in chain order."""
    state.begin_block(event.block_number)
    reducer = REDUCERS.get((event.contract, event.name))
    if reducer is not None:
        reducer(state, event)
