"""Snapshots: order, root and canonical bytes of docs/formats.md."""

from dataclasses import replace
from pathlib import Path

import pytest

from chain.merkle import keccak
from content.cid import digest_of
from content.errors import ContentMismatch, ContentNotFound
from content.store import FolderStore
from trainer.errors import InvalidSnapshot
from trainer.snapshot import Snapshot, SnapshotEntry, build_snapshot, load_examples, parse_snapshot

CONTRIBUTOR = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def entry_of(store: FolderStore, text: str, *, contribution_id: int, commit_block: int) -> SnapshotEntry:
    cid = store.put(text.encode())
    return SnapshotEntry(
        byte_count=len(text.encode()),
        canonical_hash="0x" + "11" * 32,
        cid=cid,
        commit_block=commit_block,
        contribution_id=contribution_id,
        contributor=CONTRIBUTOR,
        digest="0x" + digest_of(cid)[0].hex(),
        format=1,
        score=80,
    )


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def snapshot(store: FolderStore) -> Snapshot:
    rows = [("Q: c?\nA: c", 1, 30), ("Q: a?\nA: a", 3, 10), ("text b", 2, 10)]
    return build_snapshot(entry_of(store, text, contribution_id=i, commit_block=block) for text, i, block in rows)


def test_snapshot__order__is_commit_block_then_id(snapshot: Snapshot) -> None:
    assert [entry.contribution_id for entry in snapshot.entries] == [2, 3, 1]


def test_snapshot__root__is_the_indexed_tree_of_the_formats_page(snapshot: Snapshot) -> None:
    def word(value: int) -> bytes:
        return value.to_bytes(32, "big")

    leaves = [
        keccak(
            keccak(
                word(entry.contribution_id)
                + bytes.fromhex(entry.digest[2:])
                + word(int(CONTRIBUTOR, 16))
                + word(entry.byte_count)
                + word(entry.score)
            )
        )
        for entry in snapshot.entries
    ]
    left, right = keccak(leaves[0] + leaves[1]), keccak(leaves[2] + bytes(32))
    assert snapshot.root == keccak(left + right)


def test_snapshot__parsed__is_the_same(snapshot: Snapshot) -> None:
    assert parse_snapshot(snapshot.jsonl) == snapshot
    assert snapshot.jsonl.startswith(b'{"byte_count":6,"canonical_hash":"0x1111')


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jsonl: jsonl.replace(b":", b": ", 1),
        lambda jsonl: b"".join(reversed(jsonl.splitlines(keepends=True))),
        lambda jsonl: jsonl.rstrip(b"\n"),
        lambda jsonl: jsonl.replace(b'"score":80', b'"score":"80"', 1),
        lambda jsonl: jsonl.replace(b'"score":80', b'"score":true', 1),
        lambda jsonl: jsonl.replace(b',"score":80', b"", 1),
        lambda jsonl: jsonl + jsonl,
        lambda jsonl: b"",
        lambda jsonl: b"[1]\n",
        lambda jsonl: b"\xff\n",
    ],
)
def test_snapshot__other_bytes__are_refused(snapshot: Snapshot, spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidSnapshot):
        parse_snapshot(spoil(snapshot.jsonl))


def test_load_examples__follow_commit_order(snapshot: Snapshot, store: FolderStore) -> None:
    examples = load_examples(snapshot, store)
    assert [(row.contribution_id, row.ordinal, row.response) for row in examples] == [
        (2, 0, "text b"), (3, 0, "a"), (1, 0, "c"),
    ]  # fmt: skip


def test_load_examples__absent_text__is_an_error(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(ContentNotFound):
        load_examples(snapshot, FolderStore(tmp_path / "elsewhere"))


def test_load_examples__changed_text__is_an_error(snapshot: Snapshot, store: FolderStore, tmp_path: Path) -> None:
    for path in (path for path in (tmp_path / "store").rglob("*") if path.is_file()):
        if path.read_bytes() == b"text b":
            path.chmod(0o644)
            path.write_bytes(b"text B")
    with pytest.raises(ContentMismatch):
        load_examples(snapshot, store)


def test_load_examples__file_that_is_no_utf8__has_none(snapshot: Snapshot, store: FolderStore) -> None:
    cid = store.put(b"\xff\xfe")
    broken = replace(snapshot.entries[0], cid=cid, digest="0x" + digest_of(cid)[0].hex(), contribution_id=9)
    examples = load_examples(build_snapshot([*snapshot.entries, broken]), store)
    assert examples == load_examples(snapshot, store)


def test_load_examples__formats_without_text__have_none(snapshot: Snapshot, store: FolderStore) -> None:
    picture = replace(snapshot.entries[0], format=8)
    assert load_examples(build_snapshot([picture]), store) == []
