"""Datanets and what is contributed to them: create, contribute, review."""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import EventLog, Receipt
from content.canonical import canonical_json
from content.cid import cid_from_digest, digest_of
from content.formats import Modality, canonical_hash, check_file, format_of_bit
from openledger.checks import Reason, Verdict, review_examples
from openledger.errors import AppError
from openledger.home import write_atomically
from openledger.market import PROJECT_ROOT, Market
from trainer.examples import read_examples

ACCEPTED = 2
_COMMIT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """A Datanet's limits, in the order of the contract's struct; days are rolling windows of 24 hours."""

    contributor_bytes_per_day: int
    datanet_bytes_per_day: int
    contributor_files_per_day: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Contributed:
    """A revealed contribution."""

    contribution_id: int
    cid: str


@dataclass(frozen=True, slots=True)
class _Commit:
    """What must not be lost between commit and reveal; kept in the home folder until the reveal is mined."""

    datanet_id: int
    digest: str
    canonical_hash: str
    salt: str
    block_time: int


def default_limits() -> tuple[Limits, int]:
    """The limits and the quorum of configs/protocol.toml."""
    table = tomllib.loads((PROJECT_ROOT / "configs" / "protocol.toml").read_text(encoding="utf-8"))["datanet"]
    quorum = table.pop("quorum")
    return Limits(**table), quorum


def create_datanet(
    market: Market,
    owner: LocalAccount,
    *,
    name: str,
    description: str,
    modality: Modality,
    formats: int,
    limits: Limits,
    quorum: int,
) -> int:
    """Create a Datanet of one modality; returns its id. `formats` is the bit mask of docs/formats.md."""
    if not name.strip():
        raise AppError("the Datanet has no name; expected a few words; pass --name")
    # chain facts live on chain; a name and a description only have to be retrievable
    metadata = market.store.put(canonical_json({"description": description, "name": name}))
    market.store.pin(metadata)
    receipt = market.chain.send(
        owner,
        "DatanetRegistry",
        "create_datanet",
        int(modality),
        formats,
        quorum,
        tuple(asdict(limits).values()),
        digest_of(metadata)[0],
    )
    return int(_event_of(market, receipt, "DatanetCreated")["args"]["datanet_id"])


def contribute(market: Market, contributor: LocalAccount, *, datanet_id: int, path: Path) -> Contributed:
    """Check, store, commit and reveal one file.

    The file is checked here by the Datanet's own rules first, so that nothing is paid for a reveal that must fail.
    If the program ends between commit and reveal, calling it again with the same file goes on from the commit.

    Raises:
        content.errors.FileRefused: the file breaks a rule of the Datanet.
        chain.errors.Reverted: the registry refused it (a limit of the day, a duplicate, a closed Datanet).
    """
    datanet = market.chain.call("DatanetRegistry", "datanet", datanet_id)
    _, _, formats, *_, limits, _ = datanet
    file_format = check_file(path, allowed_bits=formats, cap=limits[3])
    data = path.read_bytes()
    canonical = canonical_hash(data, file_format)
    cid = market.store.put(data)
    market.store.pin(cid)
    digest, codec = digest_of(cid)
    salt = _commit(market, contributor, datanet_id=datanet_id, digest=digest, canonical=canonical)
    receipt = market.chain.send(
        contributor,
        "DatanetRegistry",
        "reveal",
        datanet_id,
        digest,
        codec,
        canonical,
        len(data),
        file_format.bit,
        salt,
    )
    _commit_path(market, contributor, digest).unlink(missing_ok=True)
    return Contributed(int(_event_of(market, receipt, "Contributed")["args"]["contribution_id"]), cid)


def check_contribution(market: Market, contribution_id: int) -> Verdict:
    """Fetch a contribution by its digest and judge it by the automatic rules (openledger/checks.py)."""
    _, _, digest, codec, canonical, byte_count, bit, *_ = market.chain.call(
        "DatanetRegistry", "contribution", contribution_id
    )
    data = market.store.get(cid_from_digest(digest, codec))
    if len(data) != byte_count:
        return Verdict(0, Reason.WRONG_FORMAT, f"{len(data)} bytes, {byte_count} declared")
    if canonical_hash(data, format_of_bit(bit)) != canonical:
        return Verdict(0, Reason.WRONG_FORMAT, "the declared canonical hash is not that of the content")
    return review_examples(read_examples(contribution_id, data.decode("utf-8")))


def review(market: Market, validator: LocalAccount, *, contribution_id: int, verdict: Verdict) -> None:
    """Cast a validator's vote; the explanation is stored and its digest goes on chain."""
    explanation = market.store.put(verdict.explanation.encode())
    market.store.pin(explanation)
    market.chain.send(
        validator,
        "DatanetRegistry",
        "review",
        contribution_id,
        verdict.is_accepted,
        verdict.score,
        int(verdict.reason),
        sha256(verdict.explanation.encode()).digest(),
    )


def accepted_contributions(market: Market, datanet_id: int) -> list[tuple[int, tuple[object, ...]]]:
    """The accepted contributions of a Datanet as (id, registry row), in commit order."""
    rows: list[tuple[int, tuple[object, ...]]] = []
    for log in _logs(market, "Contributed", datanet_id=datanet_id):
        contribution_id = int(log["args"]["contribution_id"])
        row = market.chain.call("DatanetRegistry", "contribution", contribution_id)
        if row[8] == ACCEPTED:
            rows.append((contribution_id, row))
    return sorted(rows, key=lambda pair: (pair[1][7], pair[0]))


def _commit(market: Market, contributor: LocalAccount, *, datanet_id: int, digest: bytes, canonical: bytes) -> bytes:
    """Commit to a contribution unless an unrevealed commit of it is still good; returns the salt."""
    path = _commit_path(market, contributor, digest)
    now = market.chain.block("latest").timestamp

    def commitment_with(salt: bytes) -> bytes:
        made: bytes = market.chain.call(
            "DatanetRegistry", "commitment_of", contributor.address, datanet_id, digest, canonical, salt
        )
        return made

    if path.is_file():
        known = _Commit(**json.loads(path.read_text()))
        salt = bytes.fromhex(known.salt)
        # the record is written before the transaction, so only the chain knows whether the commit was mined
        is_mined = bool(_logs(market, "Committed", commitment=commitment_with(salt)))
        if is_mined and now < known.block_time + _COMMIT_SECONDS:
            return salt
    salt = secrets.token_bytes(32)
    # written first: a lost salt would lose the commit's priority
    record = _Commit(datanet_id, digest.hex(), canonical.hex(), salt.hex(), now)
    write_atomically(path, json.dumps(asdict(record)).encode())
    market.chain.send(contributor, "DatanetRegistry", "commit", commitment_with(salt))
    return salt


def _commit_path(market: Market, contributor: LocalAccount, digest: bytes) -> Path:
    return market.home.pending_commits / f"{contributor.address.lower()}-{digest.hex()}.json"


def _event_of(market: Market, receipt: Receipt, event: str) -> EventLog:
    logs = market.chain.events("DatanetRegistry", event, from_block=receipt.block_number, to_block=receipt.block_number)
    return next(log for log in logs if log["transaction_hash"] == receipt.transaction_hash)


def _logs(market: Market, event: str, **filters: Any) -> Sequence[EventLog]:
    return market.chain.events("DatanetRegistry", event, from_block=market.deployed_at(), **filters)
