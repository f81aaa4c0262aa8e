"""Builds that are killed, or that the disk stops, in real child processes: what is left goes on to the same root."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attribution_oracle.gradient_store import GradientStore, build_segment
from attribution_oracle.gradient_store.errors import StoreFull

ROOT = Path(__file__).resolve().parents[3]
COUNT, SHARD = 24, 5

BUILD_SCRIPT = """
import sys
import numpy as np
from pathlib import Path
from attribution_oracle.gradient_store import GradientStore, Segment, build_segment
from attribution_oracle.gradient_store.keys import keys_of_digests
from attribution_oracle.influence.quantize import IntegerRows
segment = Segment(bytes(32), {"seed": 0}, "train", 2_000)
keys = keys_of_digests(segment, [i.to_bytes(32, "big") for i in range(3_000)])
def rows_of(places):
    codes = np.stack([np.random.default_rng(place).integers(-127, 128, 2_000, dtype=np.int8) for place in places])
    return IntegerRows(codes, np.full(len(codes), 300, dtype=np.int64))
store = GradientStore.open(Path(sys.argv[1]))
commit = build_segment(store, segment, keys, rows_of, shard_rows=20, progress=lambda *at: print("at", *at, flush=True))
print("root", commit.root.hex(), flush=True)
"""


def in_child(work):
    """Run `work` in a forked process; returns how it ended, as `os.waitpid` says it."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work() or 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def dying_build(folder, segment, keys, rows_of, *, survived_calls):
    """A build whose process is killed in its next call that changes a file; half of a last write gets through."""
    left = [survived_calls]

    def before(call, *arguments):
        left[0] -= 1
        if left[0] < 0:
            if call is writes["write"]:
                call(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)

    writes = {name: getattr(os, name) for name in ("write", "fsync", "ftruncate", "replace")}
    for name, call in writes.items():
        setattr(os, name, lambda *arguments, call=call: before(call, *arguments))
    build_segment(GradientStore.open(folder), segment, keys, rows_of, shard_rows=SHARD)


@pytest.fixture
def task(make_rows, make_keys, cut):
    rows = make_rows(COUNT)
    return make_keys(COUNT), lambda places: cut(rows, places)


@pytest.fixture
def whole_root(tmp_path, segment, task):
    return build_segment(GradientStore.open(tmp_path / "whole"), segment, *task).root


def test_build__killed_at_every_single_call__goes_on_to_the_same_root(tmp_path, segment, task, whole_root):
    kept, calls, status = set(), 0, -1
    while status != 0:
        folder = tmp_path / f"killed-{calls}"
        status = in_child(lambda: dying_build(folder, segment, *task, survived_calls=calls))  # noqa: B023
        assert status in (0, signal.SIGKILL)
        store = GradientStore.open(folder)
        if segment.digest in {one.digest for one in store.segments()}:
            kept.add(store.open_segment(segment).verify().row_count)
        assert build_segment(store, segment, *task, shard_rows=7).root == whole_root
        assert store.open_segment(segment).verify().row_count == COUNT
        calls += 1
    assert calls > 30
    assert kept == {0, 5, 10, 15, 20, 24}


def test_build__killed_again_and_again__has_the_root_of_an_undisturbed_one(tmp_path, segment, task, whole_root):
    folder, status, kills = tmp_path / "store", -1, 0
    while status != 0:
        # enough calls to open the segment and commit one shard more
        status = in_child(lambda: dying_build(folder, segment, *task, survived_calls=12))
        kills += status != 0
    assert kills >= 2
    assert GradientStore.open(folder).open_segment(segment).verify().root == whole_root


@pytest.mark.slow  # five seconds: two processes that import torch
def test_process__killed_from_outside__leaves_whole_commits(tmp_path):
    def run(folder, *, until):
        command = [sys.executable, "-c", BUILD_SCRIPT, str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith(until):
                    process.kill()
                    return line
            return line

    undisturbed = run(tmp_path / "whole", until="never")
    for until in ("at 20 ", "at 900 ", "at 2000 "):
        assert run(tmp_path / "killed", until=until).startswith(until)
        store = GradientStore.open(tmp_path / "killed")
        assert store.open_segment(store.segments()[0]).verify().row_count % 20 == 0
    assert run(tmp_path / "killed", until="never") == undisturbed


@pytest.mark.parametrize("limit", [0, 63, 128, 1_000, 3_500, 7_000])
def test_build__that_may_not_write_on__says_so_and_goes_on_with_more_room(tmp_path, segment, task, whole_root, limit):
    folder = tmp_path / "store"
    store = GradientStore.open(folder)

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with pytest.raises(StoreFull, match=r"takes no more rows .* make room and build again"):
            build_segment(store, segment, *task, shard_rows=SHARD)
        return 7

    assert os.waitstatus_to_exitcode(in_child(limited)) == 7
    if store.segments():
        assert store.open_segment(segment).verify().row_count == limit // segment.columns // SHARD * SHARD
        place = folder / "segments" / segment.digest.hex()
        assert (place / "codes.bin").stat().st_size == store.commit_of(segment).row_count * segment.columns
    assert build_segment(store, segment, *task).root == whole_root


def test_build__on_a_full_disk__says_so_and_keeps_what_was_committed(tmp_path, segment, make_rows, make_keys, cut):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        store, rows, keys = GradientStore.open(disk / "store"), make_rows(600), make_keys(600)
        with pytest.raises(StoreFull, match=r"600 rows take 228000 bytes and .* has \d+; expected room for all"):
            build_segment(store, segment, keys, lambda places: cut(rows, places))
        with store.writer(segment) as writer, pytest.raises(StoreFull, match="No space left on device"):
            for start in range(0, 600, 50):
                places = range(start, start + 50)
                writer.append(keys[start : start + 50], cut(rows, places))
                writer.commit()
        kept = store.open_segment(segment).verify().row_count
        assert 0 < kept < 600
        assert kept % 50 == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_failed_writer__goes_on_from_its_last_commit(store, segment, task, whole_root, monkeypatch):
    keys, rows_of = task
    real, calls = os.fsync, []

    def failing(handle):
        calls.append(handle)
        if len(calls) == 3:  # the flush of the journal itself, after the commit was written
            raise OSError(28, "No space left on device")
        real(handle)

    with store.writer(segment) as writer:
        monkeypatch.setattr(os, "fsync", failing)
        writer.append(keys[:10], rows_of(range(10)))
        with pytest.raises(StoreFull):
            writer.commit()
        assert writer.row_count == writer.committed.row_count == 0
        for places in (range(10), range(10, COUNT)):
            writer.append(keys[places.start : places.stop], rows_of(places))
        assert writer.commit().root == whole_root
    assert np.array_equal(store.open_segment(segment).keys, keys)
