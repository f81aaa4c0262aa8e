"""What lies on disk, and how much of it is committed.

    store.json                       {"format": FORMAT}
    segments/<digest>/segment.json   the header, canonical JSON; its sha-256 names the folder
                      writer.lock    locked with flock while somebody writes
                      codes.bin      the rows' codes, one after the other: int8, or float16 little end first
                      table.bin      80 bytes a row: key 32, leaf 32, scale int64, sum of squared codes int64
                      commits.bin    64 bytes a commit: row count uint64, root 32, checksum 24

Codes and table are written and flushed to the disk before the commit that counts them, and nothing committed is ever
written again. So what lies past the last commit is a torn tail: readers do not look at it, the next writer cuts it off.
A commit never straddles a disk sector, so after a power cut it is there, absent, cut short, or zeros; a whole record
with a wrong checksum was altered.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attribution_oracle.gradient_store.errors import StoreDamaged

HEADER, LOCK, CODES, TABLE, COMMITS = "segment.json", "writer.lock", "codes.bin", "table.bin", "commits.bin"
ROW = np.dtype([("key", "V32"), ("leaf", "V32"), ("scale", "<i8"), ("square", "<i8")])
# what to do about every damage: rows are derived from an adapter and its examples
REBUILD = "remove the segment's folder and build it again, or fetch a whole copy"

_COMMIT = struct.Struct("<Q32s24s")


@dataclass(frozen=True, slots=True)
class Commit:
    """A number of rows and the root over them."""

    row_count: int
    root: bytes


def encode_commit(segment: bytes, commit: Commit) -> bytes:
    """The 64 bytes of a commit of the segment with this digest."""
    return _COMMIT.pack(commit.row_count, commit.root, _checksum(segment, commit))


def last_commit(folder: Path, segment: bytes) -> tuple[Commit, int]:
    """The last commit and the bytes of commits.bin up to its end. Raises StoreDamaged for an altered journal."""
    path = folder / COMMITS
    data = _contents(path)
    end = len(data) // _COMMIT.size * _COMMIT.size
    while end and not any(data[end - _COMMIT.size : end]):
        end -= _COMMIT.size
    if not end:
        raise StoreDamaged(f"{path} holds no commit; expected at least that of zero rows; {REBUILD}")
    previous = 0
    for start in range(0, end, _COMMIT.size):
        count, root, checksum = _COMMIT.unpack_from(data, start)
        commit = Commit(count, root)
        if checksum != _checksum(segment, commit) or count < previous:
            raise StoreDamaged(f"{path} has another commit at byte {start} than was written; {REBUILD}")
        previous = count
    return commit, end


def check_length(path: Path, handle: int, *, expected: int) -> None:
    """Raises StoreDamaged where an open file is shorter than what was committed of it."""
    found = os.fstat(handle).st_size
    if found < expected:
        raise StoreDamaged(f"{path} has {found} bytes; expected the {expected} that were committed; {REBUILD}")


def _checksum(segment: bytes, commit: Commit) -> bytes:
    return hashlib.sha256(segment + commit.row_count.to_bytes(8, "little") + commit.root).digest()[:24]


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise StoreDamaged(f"{path} is missing; expected the journal of commits; {REBUILD}") from error
