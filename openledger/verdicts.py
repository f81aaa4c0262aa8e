"""What review committees decided, and what their validators were paid for it: read back from the court's events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from chain.client import EventLog
from openledger.checks import Reason
from openledger.market import Market

_EVENTS = ("CommitteeDrawn", "Reviewed", "Tallied", "AuditDecided", "Appealed", "Settled")


@dataclass(frozen=True, slots=True)
class Committee:
    """One committee's votes. `cause` says why it was drawn; `reasons` are those of its rejecting votes, in order."""

    level: int
    cause: str
    seats: int
    revealed: int = 0
    accepts: int = 0
    reasons: tuple[Reason, ...] = ()
    is_decided: bool = False

    def describe(self) -> str:
        """One part of a line for people."""
        undecided = "" if self.is_decided else ", undecided"
        return f"{self.cause}: {self.accepts} of {self.seats} seats accept{undecided}"


@dataclass(frozen=True, slots=True)
class History:
    """How a contribution was reviewed; `is_accepted` and `score` are those of the settlement, None and 0 before it."""

    contribution_id: int
    committees: tuple[Committee, ...]
    is_accepted: bool | None = None
    score: int = 0

    @property
    def reason(self) -> Reason:
        """The first rejecting vote's reason in the last committee that decided; NONE without one."""
        deciding = [committee for committee in self.committees if committee.is_decided]
        return next(iter(deciding[-1].reasons), Reason.NONE) if deciding else Reason.NONE

    def describe(self) -> str:
        """One line for people."""
        return f"{self.outcome} ({self.votes})"

    @property
    def votes(self) -> str:
        """The committees' votes in words."""
        return "; ".join(committee.describe() for committee in self.committees) or "no committee yet"

    @property
    def outcome(self) -> str:
        """Accepted with its score, rejected with its reason, or under review."""
        if self.is_accepted is None:
            return "under review"
        return f"accepted, {self.score} points" if self.is_accepted else f"rejected: {self.reason.name.lower()}"


@dataclass(frozen=True, slots=True)
class Pay:
    """What one validator did and was paid in all settled reviews."""

    validator: str
    votes: int
    earned_wei: int
    lost_wei: int


def history_of(market: Market, contribution_id: int) -> History:
    """How a contribution was reviewed so far."""
    logs = (log for name in _EVENTS for log in market.events("ReviewCourt", name, contribution_id=contribution_id))
    return _history(contribution_id, sorted(logs, key=lambda log: (log["block_number"], log["log_index"])))


def pay_of(market: Market, validators: Iterable[str]) -> list[Pay]:
    """What each validator was paid, in the order given."""
    scored = market.events("ReviewCourt", "SeatScored")
    reviewed = market.events("ReviewCourt", "Reviewed")
    return [
        Pay(
            validator=validator,
            votes=sum(log["args"]["validator"] == validator for log in reviewed),
            earned_wei=sum(amount for amount in _amounts(scored, validator) if amount > 0),
            lost_wei=-sum(amount for amount in _amounts(scored, validator) if amount < 0),
        )
        for validator in validators
    ]


def _amounts(scored: Iterable[EventLog], validator: str) -> Iterable[int]:
    return (int(log["args"]["amount_wei"]) for log in scored if log["args"]["validator"] == validator)


def _history(contribution_id: int, logs: Iterable[EventLog]) -> History:
    history, cause = History(contribution_id, ()), "first vote"
    for log in logs:
        args, drawn = log["args"], history.committees
        match log["event"]:
            case "CommitteeDrawn":
                seats = len(args["seats"])
                history = replace(history, committees=(*drawn, Committee(args["level"], cause, seats)))
            case "Reviewed":
                history = replace(history, committees=(*drawn[:-1], _with_vote(drawn[-1], log)))
            case "Tallied":
                cause = cause if args["is_decided"] else "second draw"
                history = replace(history, committees=(*drawn[:-1], replace(drawn[-1], is_decided=args["is_decided"])))
            case "AuditDecided":
                cause = "audit" if args["is_audited"] else cause
            case "Appealed":
                cause = "appeal"
            case "Settled":
                history = replace(history, is_accepted=args["is_accepted"], score=args["score"])
    return history


def _with_vote(committee: Committee, log: EventLog) -> Committee:
    is_accepted, reason = log["args"]["is_accepted"], Reason(log["args"]["reason"])
    return replace(
        committee,
        revealed=committee.revealed + 1,
        accepts=committee.accepts + is_accepted,
        reasons=committee.reasons if is_accepted else (*committee.reasons, reason),
    )
