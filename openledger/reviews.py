"""Reviews of contributions: everything that falls due, done for the validators whose accounts are given.

A review goes through its court's phases: open a round, draw its committee by lot, commit votes, reveal them, tally,
audit by lot, wait for appeals, settle (docs/formats.md and IReviewCourt). Anybody may take every step but a vote, so
one `step` takes all that are due, and says what the rest waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import Any

from eth_account.signers.local import LocalAccount

from content.cid import digest_of
from content.errors import ContentError
from openledger import votes
from openledger.checks import Verdict
from openledger.contributions import PENDING, Contribution, check, contributions
from openledger.epochs import advance_past, advance_time
from openledger.errors import AppError
from openledger.market import Market
from openledger.votes import Seat, Vote

Say = Callable[[str], None]
# the court's bounds of one call
_MAX_BATCH = 16
_MAX_SETTLED_SEATS = 128
# against its outcome there is no appeal
_LAST_LEVEL = 2
_NOBODY = "0x" + 40 * "0"


class Phase(IntFlag):
    """Where a round stands; the values are those of the flag in IReviewCourt, 0 before the first round."""

    OPENED = 1
    VOTING = 2
    TALLIED = 4
    PROVISIONAL = 8
    SETTLED = 16


class Due(StrEnum):
    """What can be done for a contribution now; but for the votes, by anybody."""

    OPEN = "open_rounds"
    DRAW = "draw_committees"
    COMMIT = "commit_votes"
    REVEAL = "reveal_votes"
    TALLY = "tally"
    AUDIT = "audit"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Round:
    """The round of a contribution at its highest level, in the order of the court's struct."""

    datanet_id: int
    level: int
    attempt: int
    phase: int
    size: int
    present: int
    draw_block: int
    drawn_at: int
    commit_ends_at: int
    reveal_ends_at: int
    committed: int
    revealed: int
    accepts: int
    provisional_at: int
    is_decided: bool
    decided_level: int
    is_accepted: bool
    score: int
    is_abusive: bool


@dataclass(frozen=True, slots=True)
class UntilTime:
    """A contribution waits for a block after a time (seconds)."""

    contribution_id: int
    timestamp: int
    what: str


@dataclass(frozen=True, slots=True)
class UntilBlock:
    """A contribution waits for a block with a number."""

    contribution_id: int
    block_number: int
    what: str


@dataclass(frozen=True, slots=True)
class UntilSomebody:
    """A contribution waits for somebody who does something; no clock helps."""

    contribution_id: int
    what: str


Wait = UntilTime | UntilBlock | UntilSomebody


@dataclass(frozen=True, slots=True)
class Report:
    """What a step did, in words, and what the rest waits for."""

    done: tuple[str, ...]
    waits: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class _Review:
    """A contribution under review with its round."""

    contribution: Contribution
    round: Round

    @property
    def number(self) -> int:
        return self.contribution.contribution_id


def due(review_id: int, found: Round, *, now: int, block_number: int, appeal_seconds: int) -> Due | Wait:
    """What can be done for a contribution at a block, or what it waits for. Pure."""
    match found.phase:
        case 0:
            return Due.OPEN
        case Phase.OPENED if block_number < found.draw_block:
            return UntilBlock(review_id, found.draw_block, "the block that draws the committee")
        case Phase.OPENED:
            return Due.DRAW
        case Phase.VOTING if now < found.commit_ends_at:
            return Due.COMMIT
        case Phase.VOTING if now < found.reveal_ends_at and found.revealed < found.committed:
            return Due.REVEAL
        case Phase.VOTING:
            return Due.TALLY
        case Phase.TALLIED if block_number < found.draw_block:
            return UntilBlock(review_id, found.draw_block, "the block that chooses audits")
        case Phase.TALLIED:
            return Due.AUDIT
        case Phase.PROVISIONAL if found.level < _LAST_LEVEL and now < found.provisional_at + appeal_seconds:
            return UntilTime(review_id, found.provisional_at + appeal_seconds, "the end of the days for an appeal")
        case Phase.PROVISIONAL:
            return Due.SETTLE
    return UntilSomebody(review_id, f"phase {found.phase}, which this version does not know")


def step(market: Market, validators: Sequence[LocalAccount]) -> Report:
    """Do everything that is due; the validators vote as the automatic checks say, unless they did by `cast`.

    Raises:
        AppError: no account was given.
        chain.errors.Reverted: the court refused, for instance because somebody else was faster: try again.
    """
    if not validators:
        raise AppError("no validator's account was given; expected at least one; pass --account")
    done: list[str] = []
    while True:
        acted, waits = _pass(market, validators)
        if not acted:
            votes.forget(market, _settled(market))
            return Report(tuple(done), tuple(waits))
        done += acted


def step_through(market: Market, validators: Sequence[LocalAccount], say: Say) -> Report:
    """Step until only somebody else can go on, moving the clock of a development chain past every wait."""
    while True:
        report = step(market, validators)
        for line in report.done:
            say(line)
        times = [wait.timestamp for wait in report.waits if isinstance(wait, UntilTime)]
        if any(isinstance(wait, UntilBlock) for wait in report.waits):
            advance_time(market, 0)
        elif times:
            advance_past(market, min(times))
        else:
            return report


def cast(market: Market, validator: LocalAccount, contribution_id: int, verdict: Verdict) -> int:
    """Commit a validator's own verdict with all his seats in a contribution's committee; returns how many."""
    review = next((each for each in _reviews(market) if each.number == contribution_id), None)
    if review is None or review.round.phase != Phase.VOTING:
        raise AppError(
            f"no committee votes on contribution {contribution_id} now; expected one that was drawn; "
            'see "openledger validator step"'
        )
    voted = _voted(market, "VoteCommitted", review)
    seats = [seat for seat in _seats(market, review) if seat.validator == validator.address]
    if not seats:
        raise AppError(f"{validator.address} has no seat in the committee of contribution {contribution_id}")
    if voted & {seat.position for seat in seats}:
        raise AppError(f"{validator.address} voted on contribution {contribution_id} before; a vote cannot be changed")
    votes.commit(market, validator, [votes.prepare(market, seat, verdict) for seat in seats])
    return len(seats)


def appeal(market: Market, appellant: LocalAccount, contribution_id: int, *, because: str) -> int:
    """Have a larger committee vote again on a provisional outcome; returns what bond and fees cost in wei."""
    cid = market.store.put(because.encode())
    market.store.pin(cid)
    bond_wei, fees_wei = market.chain.call("ReviewCourt", "appeal_cost", contribution_id)
    market.pay(appellant, "ReviewCourt", bond_wei + fees_wei, what="the bond and the committee's fees")
    market.chain.send(appellant, "ReviewCourt", "appeal", contribution_id, digest_of(cid)[0])
    return int(bond_wei + fees_wei)


def round_of(market: Market, contribution_id: int) -> Round:
    """Where the review of a contribution stands."""
    return Round(*market.chain.call("ReviewCourt", "round", contribution_id))


# one pass over all reviews


def _pass(market: Market, validators: Sequence[LocalAccount]) -> tuple[list[str], list[Wait]]:
    """Read where every review stands and do the next thing for each; what was done, and who waits."""
    block = market.chain.block("latest")
    appeal_seconds = int(market.chain.call("ReviewCourt", "APPEAL_SECONDS"))
    by_due: dict[Due, list[_Review]] = {}
    waits: list[Wait] = []
    for review in _reviews(market):
        clock = {"now": block.timestamp, "block_number": block.number, "appeal_seconds": appeal_seconds}
        match due(review.number, review.round, **clock):
            case Due() as what:
                by_due.setdefault(what, []).append(review)
            case wait:
                waits.append(wait)
    done: list[str] = []
    for what, reviews in by_due.items():
        acted, waiting = _act(market, validators, what, reviews)
        done += acted
        waits += waiting
    return done, waits


def _act(
    market: Market, validators: Sequence[LocalAccount], what: Due, reviews: list[_Review]
) -> tuple[list[str], list[Wait]]:
    if what is Due.COMMIT:
        return _commit(market, validators, reviews)
    if what is Due.REVEAL:
        return _reveal(market, validators, reviews)
    ready, waits = _affordable(market, reviews) if what is Due.OPEN else (reviews, [])
    for batch in _batches(ready, seats=_MAX_SETTLED_SEATS if what is Due.SETTLE else None):
        numbers = [review.number for review in batch]
        more = [[review.contribution.canonical_hash for review in batch]] if what is Due.SETTLE else []
        market.chain.send(validators[0], "ReviewCourt", what, numbers, *more)
    return ([_told(what, ready)] if ready else []), waits


def _commit(market: Market, validators: Sequence[LocalAccount], reviews: list[_Review]) -> tuple[list[str], list[Wait]]:
    prepared: dict[str, list[Vote]] = {account.address: [] for account in validators}
    waits: list[Wait] = []
    for review in reviews:
        voted = _voted(market, "VoteCommitted", review)
        mine = [seat for seat in _seats(market, review) if seat.validator in prepared and seat.position not in voted]
        try:
            # judged once, whoever votes: the checks say the same to everybody
            verdict = check(market, review.contribution) if mine else None
        except ContentError as error:
            waits.append(UntilSomebody(review.number, f'a verdict by "openledger review {review.number}": {error}'))
            mine = [seat for seat in mine if votes.known_vote(market, seat)]
            verdict = None
        for seat in mine:
            vote = votes.known_vote(market, seat)
            if vote is None:
                assert verdict is not None, "seats without a prepared vote were judged"
                vote = votes.prepare(market, seat, verdict)
            prepared[seat.validator].append(vote)
        if not mine:
            waits.append(UntilTime(review.number, review.round.commit_ends_at, "the votes of the other seats"))
    count = 0
    for account in validators:
        votes.commit(market, account, prepared[account.address])
        count += len(prepared[account.address])
    return ([f"committed {count} votes on {_listed(reviews)}"] if count else []), waits


def _reveal(market: Market, validators: Sequence[LocalAccount], reviews: list[_Review]) -> tuple[list[str], list[Wait]]:
    shown: dict[str, list[Vote]] = {account.address: [] for account in validators}
    waits: list[Wait] = []
    for review in reviews:
        open_ = _voted(market, "VoteCommitted", review) - _voted(market, "Reviewed", review)
        mine = [seat for seat in _seats(market, review) if seat.validator in shown and seat.position in open_]
        found = [vote for seat in mine if (vote := votes.known_vote(market, seat))]
        for vote in found:
            shown[vote.seat.validator].append(vote)
        if not found:
            lost = " (yours cannot be shown: their records are not in this home folder)" if mine else ""
            what = f"the votes that other seats have yet to show{lost}"
            waits.append(UntilTime(review.number, review.round.reveal_ends_at, what))
    count = 0
    for account in validators:
        votes.reveal(market, account, shown[account.address])
        count += len(shown[account.address])
    return ([f"revealed {count} votes on {_listed(reviews)}"] if count else []), waits


def _affordable(market: Market, reviews: list[_Review]) -> tuple[list[_Review], list[Wait]]:
    """Those whose Datanet's review budget pays a round and whose modality has validators; the rest waits."""
    rest: dict[int, int] = {}
    datanets: dict[int, Any] = {}
    ready: list[_Review] = []
    waits: list[Wait] = []
    for review in reviews:
        key = review.contribution.datanet_id
        if key not in datanets:
            datanets[key] = market.chain.call("DatanetRegistry", "datanet", key)
            rest[key] = int(market.chain.call("ReviewCourt", "budget", key))
        terms = datanets[key].terms
        cost_wei = terms.committee_size * (terms.review_fee_wei + terms.review_reward_wei)
        if not market.chain.call("ValidatorPool", "seat_count", datanets[key].modality):
            waits.append(UntilSomebody(review.number, 'validators; they join with "openledger validator join"'))
        elif rest[key] < cost_wei:
            waits.append(
                UntilSomebody(review.number, f'a review budget; add to it with "openledger datanet fund {key}"')
            )
        else:
            rest[key] -= cost_wei
            ready.append(review)
    return ready, waits


# what the chain says


def _reviews(market: Market) -> Iterator[_Review]:
    """The contributions that have to be reviewed, in order of commitment."""
    settled = _settled(market)
    for contribution in contributions(market):
        if contribution.contribution_id in settled:
            continue
        found = round_of(market, contribution.contribution_id)
        # what was withdrawn under review is reviewed to its end: the deposit may be lost
        if contribution.status == PENDING or found.phase not in (0, Phase.SETTLED):
            yield _Review(contribution, found)


def _settled(market: Market) -> set[int]:
    return {int(log["args"]["contribution_id"]) for log in market.events("ReviewCourt", "Settled")}


def _seats(market: Market, review: _Review) -> list[Seat]:
    """The places of the committee that votes now; void ones left out."""
    _, validators = market.chain.call("ReviewCourt", "committee", review.number, review.round.level)
    place = review.number, review.round.level, review.round.attempt
    return [Seat(*place, position, who) for position, who in enumerate(validators) if who != _NOBODY]


def _voted(market: Market, event: str, review: _Review) -> set[int]:
    """The positions that committed or revealed in the present attempt."""
    drawn = market.events("ReviewCourt", "CommitteeDrawn", contribution_id=review.number)
    since = drawn[-1]["block_number"], drawn[-1]["log_index"]
    logs: Iterable[Mapping[str, Any]] = market.events("ReviewCourt", event, contribution_id=review.number)
    return {log["args"]["position"] for log in logs if (log["block_number"], log["log_index"]) > since}


def _told(what: Due, reviews: Sequence[_Review]) -> str:
    verbs = {
        Due.OPEN: "opened a review of",
        Due.DRAW: "drew a committee for",
        Due.TALLY: "tallied the votes on",
        Due.AUDIT: "asked the lot for an audit of",
        Due.SETTLE: "settled",
    }
    return f"{verbs[what]} {_listed(reviews)}"


def _listed(reviews: Sequence[_Review]) -> str:
    return f"contribution{'s' if len(reviews) > 1 else ''} {', '.join(str(review.number) for review in reviews)}"


def _batches(reviews: Sequence[_Review], *, seats: int | None) -> Iterator[list[_Review]]:
    """The reviews in parts that one call takes; with `seats`, of no more seats in all their committees."""
    batch: list[_Review] = []
    used = 0
    for review in reviews:
        # a committee is at least as large as those of the levels below it
        more = (review.round.level + 1) * review.round.size
        if batch and (len(batch) == _MAX_BATCH or (seats is not None and used + more > seats)):
            yield batch
            batch, used = [], 0
        batch.append(review)
        used += more
    if batch:
        yield batch
