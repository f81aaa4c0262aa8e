"""Votes of review committees: hidden behind a commitment first, shown later.

What a vote hides is written to the home folder before its commitment is sent, and stays there until the contribution
is settled: a validator who lost it could not reveal, and pays for that as for a wrong vote.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from eth_account.signers.local import LocalAccount

from openledger.checks import Reason, Verdict
from openledger.home import write_atomically
from openledger.market import Market

# the court's bound of one call
_MAX_VOTES = 32


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in a committee. `attempt` counts the committees that were drawn for this level before."""

    contribution_id: int
    level: int
    attempt: int
    position: int
    validator: str


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote with its salt: everything that its reveal needs."""

    seat: Seat
    verdict: Verdict
    salt: bytes

    @property
    def values(self) -> tuple[bool, int, int, bytes]:
        """Accepted, score, reason, digest of the explanation: as the court's functions order them."""
        digest = sha256(self.verdict.explanation.encode()).digest()
        return self.verdict.is_accepted, self.verdict.score, int(self.verdict.reason), digest


def known_vote(market: Market, seat: Seat) -> Vote | None:
    """The vote that was prepared for a seat, None where there is none."""
    path = _path(market, seat)
    if not path.is_file():
        return None
    record = json.loads(path.read_text())
    verdict = Verdict(record["score"], Reason(record["reason"]), record["explanation"])
    return Vote(seat, verdict, bytes.fromhex(record["salt"]))


def prepare(market: Market, seat: Seat, verdict: Verdict) -> Vote:
    """A new vote for a seat, kept on disk with its explanation in the content store."""
    vote = Vote(seat, verdict, secrets.token_bytes(32))
    market.store.pin(market.store.put(verdict.explanation.encode()))
    said = {"score": verdict.score, "reason": int(verdict.reason), "explanation": verdict.explanation}
    record = {**asdict(seat), **said, "salt": vote.salt.hex()}
    write_atomically(_path(market, seat), json.dumps(record).encode())
    return vote


def forget(market: Market, settled: Container[int]) -> None:
    """Drop the records of votes on contributions that are settled, whoever settled them."""
    for path in market.home.pending_votes.glob("*.json"):
        if int(path.name.partition("-")[0]) in settled:
            path.unlink(missing_ok=True)


def commit(market: Market, validator: LocalAccount, votes: Iterable[Vote]) -> None:
    """Send the commitments of prepared votes."""
    for batch in _batches(votes):
        market.chain.send(validator, "ReviewCourt", "commit_votes", [_commitment(market, vote) for vote in batch])


def reveal(market: Market, validator: LocalAccount, votes: Iterable[Vote]) -> None:
    """Show committed votes."""
    for batch in _batches(votes):
        shown = [(vote.seat.contribution_id, vote.seat.position, *vote.values, vote.salt) for vote in batch]
        market.chain.send(validator, "ReviewCourt", "reveal_votes", shown)


def _commitment(market: Market, vote: Vote) -> tuple[int, int, bytes]:
    seat = vote.seat
    place = (seat.validator, seat.contribution_id, seat.level, seat.position)
    made: bytes = market.chain.call("ReviewCourt", "vote_commitment", *place, *vote.values, vote.salt)
    return seat.contribution_id, seat.position, made


def _batches(votes: Iterable[Vote]) -> Iterable[Sequence[Vote]]:
    rest = iter(votes)
    while batch := list(islice(rest, _MAX_VOTES)):
        yield batch


def _path(market: Market, seat: Seat) -> Path:
    place = f"{seat.contribution_id}-{seat.level}-{seat.attempt}-{seat.position}"
    return market.home.pending_votes / f"{place}-{seat.validator.lower()}.json"
