"""StakedOpen: stakes, exits, votes, rewards paid."""

from collections.abc import Callable, Mapping
from typing import Any

from indexer.decode import Event
from indexer.state import Row, State


def _staked(state: State, event: Event) -> None:
    _add(state, event.args["account"], staked_wei=event.args["amount_wei"])


def _exit_requested(state: State, event: Event) -> None:
    account, amount = event.args["account"], event.args["amount_wei"]
    # a further request adds up with the first and starts its clock anew
    _add(state, account, staked_wei=-amount, exiting_wei=amount)
    state.update("stake", account, ready_at=event.args["ready_at"])


def _exit_cancelled(state: State, event: Event) -> None:
    account, amount = event.args["account"], event.args["amount_wei"]
    _add(state, account, staked_wei=amount, exiting_wei=-amount)
    state.update("stake", account, ready_at=0)


def _withdrawn(state: State, event: Event) -> None:
    _add(state, event.args["account"], exiting_wei=-event.args["amount_wei"])
    state.update("stake", event.args["account"], ready_at=0)


def _delegate_changed(state: State, event: Event) -> None:
    _set(state, event.args["delegator"], delegate=event.args["toDelegate"])


def _votes_changed(state: State, event: Event) -> None:
    _set(state, event.args["delegate"], votes_wei=event.args["newVotes"])


def _reward_paid(state: State, event: Event) -> None:
    _add(state, event.args["account"], rewards_paid_wei=event.args["amount_wei"])


def _add(state: State, account: str, **amounts: int) -> None:
    state.add("stake", _blank(account), **amounts)


def _set(state: State, account: str, **columns: Any) -> None:
    state.put("stake", {**(state.get("stake", account) or _blank(account)), **columns})


def _blank(account: str) -> Row:
    amounts = {"staked_wei": 0, "exiting_wei": 0, "votes_wei": 0, "rewards_paid_wei": 0}
    return {"account": account, **amounts, "ready_at": 0, "delegate": None}


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "Staked": _staked,
    "ExitRequested": _exit_requested,
    "ExitCancelled": _exit_cancelled,
    "Withdrawn": _withdrawn,
    "DelegateChanged": _delegate_changed,
    "DelegateVotesChanged": _votes_changed,
    "RewardPaid": _reward_paid,
}
