"""The evidence bundle of a reward epoch in the content store (docs/formats.md "Evidence").

`evidence.json` names every file by CID, sha-256 and byte count; its own sha-256 is what signers sign and the chain
keeps. Equal inputs give equal bytes, so whoever recomputes compares bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attribution_oracle import wire
from attribution_oracle.errors import EvidenceInvalid, FileDiffers
from attribution_oracle.facts import PinnedBlock
from content.canonical import canonical_json
from content.cid import RAW, cid_from_digest, cid_of_bytes
from content.errors import ContentMismatch, ContentNotFound, InvalidCid
from content.store import ContentStore

FORMAT = "openledger-evidence/1"
EVIDENCE = "evidence.json"
RECEIPTS, SCORES, SHARES = "receipts.jsonl", "scores.jsonl", "shares.jsonl"
PAYOUTS, REWARDS = "payouts.jsonl", "rewards.jsonl"
ROWS_INDEX, ROWS = "query_rows.json", "query_rows.bin"
FILES = (RECEIPTS, ROWS_INDEX, ROWS, SCORES, SHARES, PAYOUTS, REWARDS)
# one raw block, so that the sha-256 of the file is also the digest in its CID
MAX_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read: `document` is evidence.json, every file has the bytes that it names."""

    digest: bytes
    document: wire.Json
    files: Mapping[str, bytes]

    @property
    def reward_epoch(self) -> int:
        """The reward epoch that it is about."""
        return wire.natural(self.document, "reward_epoch")

    @property
    def attempt(self) -> int:
        """How many roots were posted for that reward epoch before."""
        return wire.natural(self.document, "attempt")

    @property
    def block(self) -> PinnedBlock:
        """The block that the chain's facts were read at."""
        block = _object(self.document, "block")
        return PinnedBlock(
            number=wire.natural(block, "number"),
            block_hash=wire.bytes32(block, "hash"),
            timestamp=wire.natural(block, "timestamp"),
        )

    @property
    def skipped_adapters(self) -> frozenset[int]:
        """The adapters whose redemptions pay nobody, by a decision of the oracle's operators."""
        listed = self.document.get("skipped_adapters")
        if not isinstance(listed, list) or not all(type(item) is int for item in listed):
            raise EvidenceInvalid(f"skipped_adapters is {listed!r}; expected a list of adapter ids")
        return frozenset(listed)

    def object(self, name: str) -> wire.Json:
        """The object of one of the JSON files."""
        return _parsed(self.files[name], name)

    def lines(self, name: str) -> list[wire.Json]:
        """The objects of one of the JSON-lines files."""
        return parse_lines(self.files[name], name)


def parse_lines(data: bytes, name: str) -> list[wire.Json]:
    """The objects of JSON lines; raises EvidenceInvalid, naming the file."""
    return [_parsed(line, name) for line in data.split(b"\n") if line]


def file_records(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The `files` member of evidence.json."""
    return {
        name: {
            "cid": cid_of_bytes(data),
            "sha256": wire.hexed(hashlib.sha256(data).digest()),
            "byte_count": len(data),
        }
        for name, data in files.items()
    }


def write_bundle(document: Mapping[str, Any], files: Mapping[str, bytes], store: ContentStore) -> bytes:
    """Pin all files and evidence.json in `store`; gives the evidence digest (32 bytes).

    Raises EvidenceInvalid when evidence.json passes one block.
    """
    data = canonical_json(document)
    if len(data) > MAX_BYTES:
        raise EvidenceInvalid(
            f"evidence.json has {len(data)} bytes; expected at most {MAX_BYTES}: close fewer adapters in one epoch"
        )
    for file in files.values():
        store.put(file)
    store.put(data)
    return hashlib.sha256(data).digest()


def read_bundle(digest: bytes, store: ContentStore) -> Bundle:
    """The bundle of an evidence digest, every byte of it hashed.

    Raises:
        FileDiffers: names the first file that is absent or has other bytes.
        EvidenceInvalid: evidence.json is not one.
    """
    document = _parsed(_fetch(EVIDENCE, cid_from_digest(digest, RAW), store), EVIDENCE)
    if document.get("format") != FORMAT:
        raise EvidenceInvalid(f"evidence.json has format {document.get('format')!r}; expected {FORMAT!r}")
    records = _object(document, "files")
    if set(records) != set(FILES):
        raise EvidenceInvalid(f"evidence.json names the files {sorted(records)}; expected {sorted(FILES)}")
    files = {name: _read_file(name, _object(records, name), store) for name in FILES}
    return Bundle(digest=digest, document=document, files=files)


def _read_file(name: str, record: wire.Json, store: ContentStore) -> bytes:
    data = _fetch(name, wire.text(record, "cid"), store)
    if hashlib.sha256(data).digest() != wire.bytes32(record, "sha256"):
        raise FileDiffers(name, f"its bytes do not hash to {record['sha256']}: ask the oracle for the right ones")
    if len(data) != wire.natural(record, "byte_count"):
        raise FileDiffers(name, f"it has {len(data)} bytes; expected {record['byte_count']}")
    return data


def _fetch(name: str, cid: str, store: ContentStore) -> bytes:
    try:
        return store.get(cid)
    except (ContentMismatch, ContentNotFound, InvalidCid) as error:
        raise FileDiffers(name, str(error)) from error


def _parsed(data: bytes, name: str) -> wire.Json:
    try:
        value = json.loads(data)
    except (RecursionError, ValueError) as error:
        raise EvidenceInvalid(
            f"file {name}: {data[:60]!r} is not JSON ({error}); ask the oracle for the right one"
        ) from error
    if not isinstance(value, dict):
        raise EvidenceInvalid(f"file {name}: {data[:60]!r} is not an object; ask the oracle for the right one")
    return value


def _object(document: wire.Json, field: str) -> wire.Json:
    value = document.get(field)
    if not isinstance(value, dict):
        raise EvidenceInvalid(
            f"{field} is {str(value)[:80]!r}; expected an object: ask its author for a valid document"
        )
    return value
