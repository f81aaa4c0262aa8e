"""Dataset snapshots: which accepted contributions an adapter was trained on (docs/formats.md, "Dataset snapshot")."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields

from chain.merkle import IndexedTree, dataset_leaf
from content.canonical import canonical_lines
from content.formats import format_of_bit
from content.store import ContentStore
from trainer.duplicates import without_near_duplicates
from trainer.errors import InvalidSnapshot
from trainer.examples import Example, read_examples

_DIGEST_HEX = 66


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """One accepted contribution, as on chain; both hashes are 32 bytes in `0x` hex, `format` is a format's bit."""

    byte_count: int
    canonical_hash: str
    cid: str
    commit_block: int
    contribution_id: int
    contributor: str
    digest: str
    format: int
    score: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Accepted contributions in commit order, their canonical JSON lines, and their dataset root (32 bytes)."""

    entries: tuple[SnapshotEntry, ...]
    jsonl: bytes
    root: bytes


def build_snapshot(entries: Iterable[SnapshotEntry]) -> Snapshot:
    """The snapshot of `entries`, given in any order.

    Raises:
        InvalidSnapshot: there are none, or a contribution is named twice.
    """
    ordered = tuple(sorted(entries, key=lambda entry: (entry.commit_block, entry.contribution_id)))
    if not ordered:
        raise InvalidSnapshot("a snapshot needs at least one accepted contribution; wait for the validators")
    ids = [entry.contribution_id for entry in ordered]
    if len(set(ids)) != len(ids):
        raise InvalidSnapshot(f"a contribution is named twice in {sorted(ids)}; expected each once")
    tree = IndexedTree([_leaf(entry) for entry in ordered])
    return Snapshot(entries=ordered, jsonl=canonical_lines(asdict(entry) for entry in ordered), root=tree.root)


def parse_snapshot(jsonl: bytes) -> Snapshot:
    """The snapshot that `jsonl` spells; raises InvalidSnapshot unless writing it again gives the same bytes."""
    try:
        entries = [_entry(json.loads(line)) for line in jsonl.decode().splitlines()]
    except (UnicodeDecodeError, ValueError, TypeError) as error:
        raise InvalidSnapshot(f"not a snapshot: {error}; expected canonical JSON lines of contributions") from error
    snapshot = build_snapshot(entries)
    if snapshot.jsonl != jsonl:
        raise InvalidSnapshot("the snapshot is not in canonical form or order; write it with build_snapshot")
    return snapshot


def load_examples(snapshot: Snapshot, store: ContentStore) -> list[Example]:
    """The examples of a snapshot's texts, by contribution in commit order, then ordinal, without near-duplicates.

    The store hashes again what it reads. Files whose text this version does not read, and files that are no UTF-8,
    have no examples: one bad file that slipped through review must not keep everybody from training.

    Raises:
        content.errors.ContentError: a text is absent or is not what its CID names.
    """
    examples: list[Example] = []
    for entry in snapshot.entries:
        if format_of_bit(entry.format).is_plain_text:
            data = store.get(entry.cid)
            with suppress(UnicodeDecodeError):
                examples += read_examples(entry.contribution_id, data.decode())
    return without_near_duplicates(examples)


def _leaf(entry: SnapshotEntry) -> bytes:
    return dataset_leaf(
        contribution_id=entry.contribution_id,
        digest=bytes.fromhex(entry.digest.removeprefix("0x")),
        contributor=entry.contributor,
        byte_count=entry.byte_count,
        score=entry.score,
    )


def _entry(value: dict[str, object]) -> SnapshotEntry:
    wanted = {field.name: field.type for field in fields(SnapshotEntry)}
    if set(value) != set(wanted):
        raise ValueError(f"fields {sorted(value)}, expected {sorted(wanted)}")
    for name, kind in wanted.items():
        if type(value[name]) is not kind:
            raise ValueError(f"{name} is {value[name]!r}, expected {kind}")
    entry = SnapshotEntry(**value)  # type: ignore[arg-type]
    for digest in (entry.digest, entry.canonical_hash):
        if len(digest) != _DIGEST_HEX or not digest.startswith("0x"):
            raise ValueError(f"{digest!r} is not 32 bytes in 0x hex")
    return entry
