"""ModelRegistry: base models, adapters, their dataset roots and operators."""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.state import State


def _base_registered(state: State, event: Event) -> None:
    state.put("base", {**event.args, "block_number": event.block_number})


def _adapter_registered(state: State, event: Event) -> None:
    args = dict(event.args)
    roots = args.pop("dataset_roots")
    # active at once; the prices come in the PriceSet that follows in the same transaction
    prices = {"input_price_wei_per_1k": 0, "output_price_wei_per_1k": 0}
    standing = {"is_active": True, "is_deprecated": False, "successor_id": 0}
    state.put("adapter", {**args, **prices, **standing, "block_number": event.block_number})
    for position, root in enumerate(roots):
        row = {"adapter_id": args["adapter_id"], "position": position, "dataset_root": root}
        state.put("adapter_root", row)


def _price_set(state: State, event: Event) -> None:
    prices = {name: event.args[name] for name in ("input_price_wei_per_1k", "output_price_wei_per_1k")}
    state.update("adapter", event.args["adapter_id"], **prices)


def _operator_set(state: State, event: Event) -> None:
    state.put("operator", dict(event.args))


def _activated(state: State, event: Event) -> None:
    state.update("adapter", event.args["adapter_id"], is_active=event.args["is_active"])


def _deprecated(state: State, event: Event) -> None:
    successor_id = event.args["successor_id"]
    state.update("adapter", event.args["adapter_id"], is_deprecated=True, successor_id=successor_id)


def _owner_changed(state: State, event: Event) -> None:
    state.update("adapter", event.args["adapter_id"], owner=event.args["new_owner"])


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "BaseRegistered": _base_registered,
    "AdapterRegistered": _adapter_registered,
    "PriceSet": _price_set,
    "OperatorSet": _operator_set,
    "AdapterActivated": _activated,
    "AdapterDeprecated": _deprecated,
    "AdapterOwnerChanged": _owner_changed,
}
