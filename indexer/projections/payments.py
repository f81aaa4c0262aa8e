"""InferencePayments: payers, redemptions, the split of the fees, what owners earn."""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.state import Row, State


def _deposited(state: State, event: Event) -> None:
    amount = event.args["amount_wei"]
    state.add("payer", _blank_payer(event.args["payer"]), balance_wei=amount, deposited_wei=amount)


def _withdrawal_requested(state: State, event: Event) -> None:
    # asking again replaces what was asked before
    payer = state.get("payer", event.args["payer"]) or _blank_payer(event.args["payer"])
    state.put("payer", {**payer, "pending_wei": event.args["amount_wei"], "ready_at": event.args["ready_at"]})


def _withdrawn(state: State, event: Event) -> None:
    payer, amount = event.args["payer"], event.args["amount_wei"]
    state.add("payer", _blank_payer(payer), balance_wei=-amount, withdrawn_wei=amount)
    state.update("payer", payer, pending_wei=0, ready_at=0)


def _redeemed(state: State, event: Event) -> None:
    place = {"block_number": event.block_number, "log_index": event.log_index}
    state.put("redemption", {**event.args, **place})
    amount = event.args["amount_wei"]
    state.add("payer", _blank_payer(event.args["payer"]), balance_wei=-amount, spent_wei=amount)


def _fee_split(state: State, event: Event) -> None:
    place = {"block_number": event.block_number, "log_index": event.log_index}
    state.put("fee_split", {**event.args, **place})


def _owner_credited(state: State, event: Event) -> None:
    amount = event.args["amount_wei"]
    key = {"account": event.args["account"], "adapter_id": event.args["adapter_id"]}
    state.add("owner_earning", {**key, "amount_wei": 0}, amount_wei=amount)
    state.add("owner_account", _blank_owner(event.args["account"]), earned_wei=amount)


def _earnings_paid(state: State, event: Event) -> None:
    state.add("owner_account", _blank_owner(event.args["account"]), paid_wei=event.args["amount_wei"])


def _blank_payer(payer: str) -> Row:
    sums = {"balance_wei": 0, "deposited_wei": 0, "withdrawn_wei": 0, "spent_wei": 0}
    return {"payer": payer, **sums, "pending_wei": 0, "ready_at": 0}


def _blank_owner(account: str) -> Row:
    return {"account": account, "earned_wei": 0, "paid_wei": 0}


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "Deposited": _deposited,
    "WithdrawalRequested": _withdrawal_requested,
    "Withdrawn": _withdrawn,
    "VoucherRedeemed": _redeemed,
    "FeeSplit": _fee_split,
    "OwnerCredited": _owner_credited,
    "EarningsPaid": _earnings_paid,
}
