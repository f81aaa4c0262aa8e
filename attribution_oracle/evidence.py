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
from attribution_oracle.evidence_chunks import Commitment, EvidenceChunks, chunk_ranges, chunked
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
# in the order in which their values follow from each other
FILES = (RECEIPTS, ROWS_INDEX, ROWS, SCORES, SHARES, PAYOUTS, REWARDS)
# in the order of their chunks, after evidence.json
CHUNKED = (RECEIPTS, SCORES, SHARES, PAYOUTS, REWARDS, ROWS, ROWS_INDEX)
# one raw block, so that the sha-256 of the file is also the digest in its CID
MAX_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read: `document` is evidence.json (`data` its bytes), every file has the bytes it names."""

    digest: bytes
    data: bytes
    document: wire.Json
    files: Mapping[str, bytes]

    @property
    def commitment(self) -> Commitment:
        """What a root says that is signed over this bundle."""
        return _commitment(self.digest, self.chunks)

    @property
    def chunks(self) -> EvidenceChunks:
        """All of its bytes as chunks, with their tree."""
        return chunked(_parts(self.data, self.files))

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


def write_bundle(document: Mapping[str, Any], files: Mapping[str, bytes], store: ContentStore) -> Commitment:
    """Pin all files and evidence.json in `store`; gives what a root over it commits to.

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
    return _commitment(hashlib.sha256(data).digest(), chunked(_parts(data, files)))


def read_bundle(digest: bytes, store: ContentStore) -> Bundle:
    """The bundle of an evidence digest, every byte of it hashed.

    Raises:
        FileDiffers: names the first file that is absent or has other bytes.
        EvidenceInvalid: evidence.json is not one.
    """
    data = _fetch(EVIDENCE, cid_from_digest(digest, RAW), store)
    document = _parsed(data, EVIDENCE)
    records = _records(document)
    files = {name: _read_file(name, records[name], store) for name in FILES}
    return Bundle(digest=digest, data=data, document=document, files=files)


def read_file(digest: bytes, name: str, store: ContentStore) -> bytes:
    """One file of the bundle of an evidence digest, whatever the others are; raises as `read_bundle`."""
    document = _parsed(_fetch(EVIDENCE, cid_from_digest(digest, RAW), store), EVIDENCE)
    return _read_file(name, _records(document)[name], store)


def chunks_by_file(digest: bytes, store: ContentStore) -> dict[str, range]:
    """The chunks that evidence.json and each file of its bundle lie in; only evidence.json is read. Raises as above."""
    data = _fetch(EVIDENCE, cid_from_digest(digest, RAW), store)
    records = _records(_parsed(data, EVIDENCE))
    counts = {name: wire.natural(records[name], "byte_count") for name in CHUNKED}
    return chunk_ranges({EVIDENCE: len(data), **counts})


def _records(document: wire.Json) -> dict[str, wire.Json]:
    """What evidence.json says of each file."""
    if document.get("format") != FORMAT:
        raise EvidenceInvalid(f"evidence.json has format {document.get('format')!r}; expected {FORMAT!r}")
    records = _object(document, "files")
    if set(records) != set(FILES):
        raise EvidenceInvalid(f"evidence.json names the files {sorted(records)}; expected {sorted(FILES)}")
    return {name: _object(records, name) for name in FILES}


def _parts(data: bytes, files: Mapping[str, bytes]) -> list[bytes]:
    return [data, *(files[name] for name in CHUNKED if name in files)]


def _commitment(digest: bytes, chunks: EvidenceChunks) -> Commitment:
    return Commitment(digest=digest, chunk_root=chunks.tree.root, chunk_count=len(chunks.chunks))


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
