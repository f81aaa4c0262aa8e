"""The folder store keeps what it is given, and never hands out a byte that it was not given."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.cid import cid_of_bytes
from content.errors import ContentMismatch, ContentNotFound, InvalidCid
from content.store import FolderStore

ABSENT = cid_of_bytes(b"nobody put this")
BIG = bytes(range(256)) * 8192  # 2 MiB: eight chunks, and read in two pieces


@pytest.mark.parametrize("data", [b"", b"a", BIG], ids=["empty", "one byte", "2 MiB"])
def test_get__after_put__returns_the_bytes(folder_store: FolderStore, data: bytes) -> None:
    cid = folder_store.put(data)
    assert cid == cid_of_bytes(data)
    assert folder_store.has(cid)
    assert folder_store.get(cid) == data


def test_put_file__and_get_to_file__copy_a_file(folder_store: FolderStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "new folder" / "target"
    source.write_bytes(BIG)
    cid = folder_store.put_file(source)
    folder_store.get_to_file(cid, target)
    assert cid == cid_of_bytes(BIG)
    assert target.read_bytes() == BIG


def test_put__leaves_only_the_file_and_its_pin(folder_store: FolderStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(BIG)
    cids = {folder_store.put(b"a"), folder_store.put_file(source)}
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == sorted([*cids, *cids])


def test_get__of_absent_content__names_cid_and_path(folder_store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(ContentNotFound, match=f"{ABSENT} is not at {folder_store.path_of(ABSENT)}"):
        folder_store.get(ABSENT)
    with pytest.raises(ContentNotFound):
        folder_store.get_to_file(ABSENT, tmp_path / "target")
    assert not folder_store.has(ABSENT)
    assert not (tmp_path / "target").exists()


@given(data=st.binary(min_size=1, max_size=2000), position=st.integers(min_value=0), mask=st.integers(1, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_get__after_any_changed_byte__is_refused(
    folder_store: FolderStore, data: bytes, position: int, mask: int
) -> None:
    cid = folder_store.put(data)
    damaged = bytearray(data)
    damaged[position % len(data)] ^= mask
    folder_store.path_of(cid).write_bytes(damaged)
    with pytest.raises(ContentMismatch, match=f"{folder_store.path_of(cid)} holds b[a-z2-7]+, not {cid}"):
        folder_store.get(cid)


@pytest.mark.parametrize(
    "damaged", [BIG[:-1], BIG + b"x", b"", b"x" + BIG[1:]], ids=["cut", "longer", "gone", "changed"]
)
def test_get_to_file__of_damaged_content__writes_nothing(
    folder_store: FolderStore, tmp_path: Path, damaged: bytes
) -> None:
    cid = folder_store.put(BIG)
    folder_store.path_of(cid).write_bytes(damaged)
    target = tmp_path / "target"
    target.write_bytes(b"as it was")
    with pytest.raises(ContentMismatch):
        folder_store.get_to_file(cid, target)
    assert target.read_bytes() == b"as it was"
    assert not list(tmp_path.glob(".partial-*"))


def test_put__over_damaged_content__repairs_it(folder_store: FolderStore) -> None:
    cid = folder_store.put(BIG)
    folder_store.path_of(cid).write_bytes(b"damaged")
    assert folder_store.put(BIG) == cid
    assert folder_store.get(cid) == BIG


def test_pins__follow_put_unpin_and_pin(folder_store: FolderStore) -> None:
    first, second = folder_store.put(b"first"), folder_store.put(b"second")
    assert folder_store.pins() == sorted([first, second])
    folder_store.unpin(first)
    folder_store.unpin(first)
    assert folder_store.pins() == [second]
    assert folder_store.get(first) == b"first"
    folder_store.pin(first)
    assert folder_store.pins() == sorted([first, second])


def test_pin__of_absent_content__is_refused(folder_store: FolderStore) -> None:
    with pytest.raises(ContentNotFound):
        folder_store.pin(ABSENT)
    assert folder_store.pins() == []


@pytest.mark.parametrize("name", ["../../outside", "/etc/passwd", "", "b" * 400])
def test_every_call__with_a_name_that_is_no_cid__is_refused(folder_store: FolderStore, name: str) -> None:
    for call in (folder_store.get, folder_store.has, folder_store.pin, folder_store.unpin):
        with pytest.raises(InvalidCid):
            call(name)


def write_all(root: Path, count: int) -> None:
    """Put the same contents as every other writer, reading each back at once."""
    store = FolderStore(root)
    for number in range(count):
        data = str(number).encode() * 50_000
        assert store.get(store.put(data)) == data


def test_store__under_many_processes__stays_whole(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_all, args=(tmp_path, 12)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    store = FolderStore(tmp_path)
    assert len(store.pins()) == 12
    assert all(store.get(cid) for cid in store.pins())
