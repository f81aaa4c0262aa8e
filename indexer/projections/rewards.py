"""RewardDistributor: accruals, roots, challenges, claims.

A root is named by its reward epoch and attempt. Of the attempts at one epoch only the newest can change.
"""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.state import Row, State

_NOBODY = "0x" + 40 * "0"


def _accrued(state: State, event: Event) -> None:
    state.add("accrual", _blank_accrual(event.args["reward_epoch"]), accrued_wei=event.args["amount_wei"])


def _root_posted(state: State, event: Event) -> None:
    args = event.args
    epoch = state.get("accrual", args["reward_epoch"]) or _blank_accrual(args["reward_epoch"])
    state.put("accrual", {**epoch, "attempt": args["attempt"]})
    place = {"posted_at": event.block_timestamp, "block_number": event.block_number}
    fresh = {"status": "posted", "round": 0, "remainder_wei": None, "burned_wei": 0, "bond_status": "held"}
    state.put("root", {**args, **place, **fresh})


def _challenged(state: State, event: Event) -> None:
    args = event.args
    root = state.require("root", args["reward_epoch"], args["attempt"])
    state.put("root", {**root, "status": "challenged"})
    state.put("challenge", {**args, "round": root["round"], "block_number": event.block_number})


def _challenge_rejected(state: State, event: Event) -> None:
    root = state.require("root", event.args["reward_epoch"], event.args["attempt"])
    burned = root["burned_wei"] + event.args["burned_wei"]
    # every bond of the round that ends here is lost
    state.put("root", {**root, "status": "posted", "round": root["round"] + 1, "burned_wei": burned})


def _voided(state: State, event: Event) -> None:
    state.update("root", event.args["reward_epoch"], event.args["attempt"], status="void")


def _root_bond_returned(state: State, event: Event) -> None:
    state.update("root", event.args["reward_epoch"], event.args["attempt"], bond_status="returned")


def _root_bond_lost(state: State, event: Event) -> None:
    state.update("root", event.args["reward_epoch"], event.args["attempt"], bond_status="lost")


def _finalized(state: State, event: Event) -> None:
    epoch = state.require("accrual", event.args["reward_epoch"])
    key = event.args["reward_epoch"], epoch["attempt"]
    state.update("root", *key, status="final", remainder_wei=event.args["remainder_wei"])


def _claimed(state: State, event: Event) -> None:
    place = {"block_number": event.block_number, "log_index": event.log_index}
    state.put("claim", {**event.args, **place})
    state.add("claimant", _blank_claimant(event.args["account"]), claimed_wei=event.args["amount_wei"])


def _recovery_set(state: State, event: Event) -> None:
    account, recipient = event.args["account"], event.args["recipient"]
    claimant = state.get("claimant", account) or _blank_claimant(account)
    state.put("claimant", {**claimant, "recovery": None if recipient == _NOBODY else recipient})


def _bond_returned(state: State, event: Event) -> None:
    blank = _blank_claimant(event.args["challenger"])
    state.add("claimant", blank, bonds_returned_wei=event.args["amount_wei"])


def _blank_accrual(reward_epoch: int) -> Row:
    return {"reward_epoch": reward_epoch, "accrued_wei": 0, "attempt": None}


def _blank_claimant(account: str) -> Row:
    return {"account": account, "claimed_wei": 0, "bonds_returned_wei": 0, "recovery": None}


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "Accrued": _accrued,
    "RootPosted": _root_posted,
    "RootChallenged": _challenged,
    "ChallengeRejected": _challenge_rejected,
    "RootVoided": _voided,
    "RootBondReturned": _root_bond_returned,
    "RootBondLost": _root_bond_lost,
    "RootFinalized": _finalized,
    "Claimed": _claimed,
    "RecoverySet": _recovery_set,
    "BondReturned": _bond_returned,
}
