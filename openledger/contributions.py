"""What is contributed to Datanets: commit and reveal, take down, read back, check."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from content.cid import cid_from_digest, digest_of
from content.errors import FileRefused
from content.formats import canonical_hash, check_file, format_of_bit
from openledger.checks import Reason, Verdict, review_examples
from openledger.errors import AppError
from openledger.home import write_atomically
from openledger.market import Market
from trainer.examples import read_examples

# members of the flag IDatanetRegistry.Status; 0 for what is committed and not revealed
PENDING, ACCEPTED, REJECTED, WITHDRAWN = 1, 2, 4, 8
_COMMIT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Contributed:
    """A revealed contribution."""

    contribution_id: int
    cid: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """A revealed contribution: its digests as the `Contributed` event tells them, its status as it is now."""

    contribution_id: int
    datanet_id: int
    contributor: str
    digest: bytes
    codec: int
    canonical_hash: bytes
    byte_count: int
    format: int
    commit_block: int
    status: int
    score: int

    @property
    def cid(self) -> str:
        """Where its bytes are."""
        return cid_from_digest(self.digest, self.codec)


@dataclass(frozen=True, slots=True)
class _Commit:
    """What must not be lost between commit and reveal; kept in the home folder until the reveal is mined.

    `contribution_id` is 0 until the commit is known to be mined.
    """

    contribution_id: int
    datanet_id: int
    digest: str
    canonical_hash: str
    salt: str
    block_time: int


def contribute(market: Market, contributor: LocalAccount, *, datanet_id: int, path: Path) -> Contributed:
    """Check, store, commit and reveal one file; pays a deposit first unless one is free.

    The file is checked here by the Datanet's own rules first, so that nothing is paid for a reveal that must fail.
    If the program ends between commit and reveal, calling it again with the same file goes on from the commit.

    Raises:
        content.errors.FileRefused: the file breaks a rule of the Datanet.
        chain.errors.Reverted: the registry refused it (a limit of the day, a duplicate, a closed Datanet).
        AppError: the contributor cannot pay the deposit.
    """
    datanet = market.chain.call("DatanetRegistry", "datanet", datanet_id)
    file_format = check_file(path, allowed_bits=datanet.formats, cap=datanet.limits.file_bytes)
    data = path.read_bytes()
    canonical = canonical_hash(data, file_format)
    cid = market.store.put(data)
    market.store.pin(cid)
    digest, _ = digest_of(cid)
    if market.chain.call("DatanetRegistry", "free_deposits", datanet_id, contributor.address) == 0:
        add_deposits(market, contributor, datanet_id=datanet_id, count=1)
    made = _commit(market, contributor, datanet_id=datanet_id, digest=digest, canonical=canonical)
    market.chain.send(
        contributor,
        "DatanetRegistry",
        "reveal",
        made.contribution_id,
        datanet_id,
        digest,
        canonical,
        len(data),
        file_format.bit,
        bytes.fromhex(made.salt),
    )
    _commit_path(market, contributor, digest).unlink(missing_ok=True)
    return Contributed(made.contribution_id, cid)


def add_deposits(market: Market, contributor: LocalAccount, *, datanet_id: int, count: int) -> None:
    """Prepay the deposits of `count` contributions to a Datanet. Raises `AppError` when OPEN is short."""
    amount_wei = count * int(market.chain.call("DatanetRegistry", "DEPOSIT_WEI"))
    market.pay(contributor, "DatanetRegistry", amount_wei, what=f"the deposit of {count} contribution(s)")
    market.chain.send(contributor, "DatanetRegistry", "add_deposits", datanet_id, count)


def take_down(market: Market, contributor: LocalAccount, contribution_id: int) -> None:
    """Withdraw a contribution, pending or accepted: from now on it is in no snapshot and earns nothing."""
    found = contribution_of(market, contribution_id)
    market.chain.send(contributor, "DatanetRegistry", "withdraw_contribution", contribution_id, found.canonical_hash)


def contribution_of(market: Market, contribution_id: int) -> Contribution:
    """One contribution. Raises `AppError` when no such contribution was revealed."""
    logs = market.events("DatanetRegistry", "Contributed", contribution_id=contribution_id)
    if not logs:
        raise AppError(
            f'contribution {contribution_id} is not revealed; expected an id that "openledger contribute" printed; '
            "check the number"
        )
    return _contribution(market, logs[0]["args"])


def contributions(market: Market, **filters: Any) -> list[Contribution]:
    """The revealed contributions in order of commitment, which is that of their ids; filtered by event arguments."""
    logs = market.events("DatanetRegistry", "Contributed", **filters)
    found = [_contribution(market, log["args"]) for log in logs]
    return sorted(found, key=lambda each: each.contribution_id)


def accepted_contributions(market: Market, datanet_id: int) -> list[Contribution]:
    """The accepted contributions of a Datanet, in order of commitment."""
    return [each for each in contributions(market, datanet_id=datanet_id) if each.status == ACCEPTED]


def check_contribution(market: Market, contribution_id: int) -> Verdict:
    """Fetch a contribution by its digest and judge it by the automatic rules (openledger/checks.py).

    Raises:
        content.errors.ContentError: it cannot be fetched, or this version does not read its format: ask a person.
    """
    return check(market, contribution_of(market, contribution_id))


def check(market: Market, contribution: Contribution) -> Verdict:
    """The automatic verdict on a contribution that was read before."""
    data = market.store.get(contribution.cid)
    if len(data) != contribution.byte_count:
        return Verdict(0, Reason.WRONG_FORMAT, f"{len(data)} bytes, {contribution.byte_count} declared")
    try:
        canonical = canonical_hash(data, format_of_bit(contribution.format))
    except FileRefused as refusal:
        # whoever contributed it used other tools than these, which look before they pay
        return Verdict(0, Reason.WRONG_FORMAT, str(refusal))
    if canonical != contribution.canonical_hash:
        return Verdict(0, Reason.WRONG_FORMAT, "the declared canonical hash is not that of the content")
    return review_examples(read_examples(contribution.contribution_id, data.decode("utf-8")))


def _contribution(market: Market, args: Mapping[str, Any]) -> Contribution:
    row = market.chain.call("DatanetRegistry", "contribution", args["contribution_id"])
    return Contribution(**args, status=row.status, score=row.score)


def _commit(market: Market, contributor: LocalAccount, *, datanet_id: int, digest: bytes, canonical: bytes) -> _Commit:
    """Commit to a contribution unless an unrevealed commit of it is still good; returns it with its id."""
    path = _commit_path(market, contributor, digest)
    now = market.chain.block("latest").timestamp

    def commitment_with(salt: str) -> bytes:
        hidden = (datanet_id, digest, canonical, bytes.fromhex(salt))
        made: bytes = market.chain.call("DatanetRegistry", "commitment_of", contributor.address, *hidden)
        return made

    def write(record: _Commit) -> _Commit:
        write_atomically(path, json.dumps(asdict(record)).encode())
        return record

    if path.is_file():
        known = _Commit(**json.loads(path.read_text()))
        # the record is written before the transaction, so only the chain knows whether the commit was mined
        number = known.contribution_id or _mined(market, contributor, commitment_with(known.salt))
        if number and known.datanet_id == datanet_id and now < known.block_time + _COMMIT_SECONDS:
            return write(replace(known, contribution_id=number))
    # written first: a lost salt would lose the commit's priority
    fresh = write(_Commit(0, datanet_id, digest.hex(), canonical.hex(), secrets.token_hex(32), now))
    receipt = market.chain.send(contributor, "DatanetRegistry", "commit", commitment_with(fresh.salt))
    number = int(market.event_of(receipt, "DatanetRegistry", "Committed")["args"]["contribution_id"])
    return write(replace(fresh, contribution_id=number))


def _mined(market: Market, contributor: LocalAccount, commitment: bytes) -> int:
    """The id that a commitment was given; 0 while it is not mined."""
    logs = market.events("DatanetRegistry", "Committed", contributor=contributor.address)
    return next((int(log["args"]["contribution_id"]) for log in logs if log["args"]["commitment"] == commitment), 0)


def _commit_path(market: Market, contributor: LocalAccount, digest: bytes) -> Path:
    return market.home.pending_commits / f"{contributor.address.lower()}-{digest.hex()}.json"
