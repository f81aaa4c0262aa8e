"""ValidatorPool: seats and the stakes behind them."""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.projections.datanets import MODALITIES
from indexer.state import Row, State


def _joined(state: State, event: Event) -> None:
    args, count = event.args, event.args["seat_count"]
    first, validator = args["first_seat_id"], args["validator"]
    for seat_id in range(first, first + count):
        row = {"seat_id": seat_id, "validator": validator, "modality": MODALITIES[args["modality"]]}
        state.put("seat", {**row, "is_seated": True})
    _add(state, validator, seats=count, stake_wei=args["amount_wei"])


def _left(state: State, event: Event) -> None:
    _give_up(state, event, event.args["seat_ids"])


def _evicted(state: State, event: Event) -> None:
    _give_up(state, event, [event.args["seat_id"]])


def _stake_added(state: State, event: Event) -> None:
    _add(state, event.args["validator"], stake_wei=event.args["amount_wei"])


def _stake_penalized(state: State, event: Event) -> None:
    # from the stake first, then from what is leaving: as the pool does
    validator, amount = event.args["validator"], event.args["amount_wei"]
    from_stake = min(amount, state.require("validator", validator)["stake_wei"])
    _add(state, validator, stake_wei=-from_stake, leaving_wei=from_stake - amount)


def _stake_withdrawn(state: State, event: Event) -> None:
    validator = event.args["validator"]
    _add(state, validator, leaving_wei=-event.args["amount_wei"])
    state.update("validator", validator, ready_at=0)


def blank_validator(validator: str) -> Row:
    """A validator of whom nothing is known yet."""
    amounts = {"seats": 0, "stake_wei": 0, "leaving_wei": 0, "ready_at": 0, "votes": 0, "earned_wei": 0, "lost_wei": 0}
    return {"validator": validator, **amounts}


def _give_up(state: State, event: Event, seat_ids: list[int]) -> None:
    validator, amount = event.args["validator"], event.args["amount_wei"]
    for seat_id in seat_ids:
        state.update("seat", seat_id, is_seated=False)
    _add(state, validator, seats=-len(seat_ids), stake_wei=-amount, leaving_wei=amount)
    state.update("validator", validator, ready_at=event.args["ready_at"])


def _add(state: State, validator: str, **amounts: int) -> None:
    state.add("validator", blank_validator(validator), **amounts)


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "Joined": _joined,
    "Left": _left,
    "Evicted": _evicted,
    "StakeAdded": _stake_added,
    "StakePenalized": _stake_penalized,
    "StakeWithdrawn": _stake_withdrawn,
}
