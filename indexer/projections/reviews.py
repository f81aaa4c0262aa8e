"""ReviewCourt: committees, votes, what they decided, audits, appeals, and what seats were paid.

No event says which attempt of a level it is of: a committee that could not decide is drawn again, so of the attempts at
one level only the newest can change. `current` finds it.
"""

from collections.abc import Callable, Mapping

from indexer.decode import Event
from indexer.projections.validators import blank_validator
from indexer.state import Row, State

_NOBODY = "0x" + 40 * "0"
_MAX_ATTEMPTS = 256


def _funded(state: State, event: Event) -> None:
    blank = {"datanet_id": event.args["datanet_id"], "funded_wei": 0}
    state.add("review_budget", blank, funded_wei=event.args["amount_wei"])


def _round_opened(state: State, event: Event) -> None:
    args = event.args
    found = _current(state, args["contribution_id"], args["level"])
    # a draw block whose hash was not used in time is replaced; what could not decide is drawn again
    is_new = found is None or found["status"] == "undecided"
    attempt = 0 if found is None else found["attempt"] + is_new
    old = None if is_new else found
    state.put("review_round", {**(old or _blank_round(event, attempt)), "draw_block": args["draw_block"]})


def _committee_drawn(state: State, event: Event) -> None:
    args = event.args
    found = _require(state, event)
    place = {name: found[name] for name in ("contribution_id", "level", "attempt")}
    members = enumerate(zip(args["seats"], args["validators"], strict=True))
    for position, (seat_id, validator) in members:
        if validator != _NOBODY:
            row = {**place, "position": position, "seat_id": seat_id, "validator": validator}
            state.put("review", {**row, **_blank_vote(event), "status": "drawn"})
    state.put("review_round", {**found, "status": "voting", "seats": len(args["seats"])})


def _vote_committed(state: State, event: Event) -> None:
    found = _require(state, event)
    key = found["contribution_id"], found["level"], found["attempt"], event.args["position"]
    state.update("review", *key, status="committed")
    state.add("review_round", found, committed=1)


def _reviewed(state: State, event: Event) -> None:
    args, found = event.args, _require(state, event)
    key = found["contribution_id"], found["level"], found["attempt"], args["position"]
    vote = {name: args[name] for name in ("is_accepted", "score", "reason", "reason_digest")}
    place = {"block_number": event.block_number, "log_index": event.log_index}
    state.update("review", *key, status="revealed", **vote, **place)
    state.add("review_round", found, revealed=1, accepts=int(args["is_accepted"]))
    state.add("validator", blank_validator(args["validator"]), votes=1)


def _tallied(state: State, event: Event) -> None:
    args, found = event.args, _require(state, event)
    status = "decided" if args["is_decided"] else "undecided"
    outcome = {"status": status, "is_accepted": args["is_accepted"], "score": args["score"]}
    state.put("review_round", {**found, **outcome})


def _audit_decided(state: State, event: Event) -> None:
    state.put("review_round", {**_require(state, event), "is_audited": event.args["is_audited"]})


def _appealed(state: State, event: Event) -> None:
    args = event.args
    found = _require(state, event)
    state.put("review_round", {**found, "appellant": args["appellant"]})
    state.add("court_account", _blank_account(args["appellant"]), appeals=1)


def _appeal_resolved(state: State, event: Event) -> None:
    upheld = int(event.args["is_upheld"])
    state.add("court_account", _blank_account(event.args["appellant"]), appeals_upheld=upheld)


def _seat_scored(state: State, event: Event) -> None:
    args, found = event.args, _require(state, event)
    key = found["contribution_id"], found["level"], found["attempt"], args["position"]
    amount = args["amount_wei"]
    paid = {"earned_wei": max(0, amount), "lost_wei": max(0, -amount)}
    state.add("review", state.require("review", *key), **paid)
    state.add("validator", blank_validator(args["validator"]), **paid)


def _earnings_paid(state: State, event: Event) -> None:
    state.add("court_account", _blank_account(event.args["account"]), paid_wei=event.args["amount_wei"])


def _current(state: State, contribution_id: int, level: int) -> Row | None:
    """The newest committee of a level."""
    found = None
    for attempt in range(_MAX_ATTEMPTS):
        row = state.get("review_round", contribution_id, level, attempt)
        if row is None:
            break
        found = row
    return found


def _require(state: State, event: Event) -> Row:
    found = _current(state, event.args["contribution_id"], event.args["level"])
    if found is None:
        raise LookupError(f"no committee for {event.name} {dict(event.args)}; rebuild the database")
    return found


def _blank_round(event: Event, attempt: int) -> Row:
    counts = {"seats": 0, "committed": 0, "revealed": 0, "accepts": 0, "is_accepted": False, "score": 0}
    return {
        "contribution_id": event.args["contribution_id"],
        "level": event.args["level"],
        "attempt": attempt,
        "status": "opened",
        "is_audited": None,
        "appellant": None,
        "block_number": event.block_number,
        **counts,
    }


def _blank_vote(event: Event) -> Row:
    vote = {"is_accepted": False, "score": 0, "reason": 0, "reason_digest": "0x" + 64 * "0"}
    paid = {"earned_wei": 0, "lost_wei": 0}
    return {**vote, **paid, "block_number": event.block_number, "log_index": event.log_index}


def _blank_account(account: str) -> Row:
    return {"account": account, "paid_wei": 0, "appeals": 0, "appeals_upheld": 0}


REDUCERS: Mapping[str, Callable[[State, Event], None]] = {
    "Funded": _funded,
    "RoundOpened": _round_opened,
    "CommitteeDrawn": _committee_drawn,
    "VoteCommitted": _vote_committed,
    "Reviewed": _reviewed,
    "Tallied": _tallied,
    "AuditDecided": _audit_decided,
    "Appealed": _appealed,
    "AppealResolved": _appeal_resolved,
    "SeatScored": _seat_scored,
    "EarningsPaid": _earnings_paid,
}
