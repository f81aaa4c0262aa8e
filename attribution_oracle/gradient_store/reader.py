"""A segment read from disk: its committed rows in tiles, through memory maps of bounded size.

Opening checks the root over the leaves; a row's codes are checked against its leaf the first time that they are read
here. So one altered byte is an error, not a wrong score, and the second query runs at the speed of memory.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.gradient_store.keys import Segment
from attribution_oracle.gradient_store.layout import (
    CODES,
    REBUILD,
    ROW,
    TABLE,
    Commit,
    check_length,
    last_commit,
)
from attribution_oracle.gradient_store.tree import LEAF_BYTES, root_of, row_leaf
from attribution_oracle.influence.quantize import HalfRows, IntegerRows
from chain.merkle import IndexedTree

# What is mapped at a time. A page that was read counts as memory of the process for as long as it is mapped.
_WINDOW_BYTES = 64 * 2**20


class OpenSegment:
    """The rows of a segment that were committed when it was opened."""

    def __init__(self, folder: Path, segment: Segment, *, is_checked: bool = True) -> None:
        """Raises StoreDamaged where files are short or, if `is_checked`, the leaves do not make the committed root."""
        self.segment, self.folder, self.commit = segment, folder, last_commit(folder, segment.digest)[0]
        self._codes = _opened(folder / CODES)
        weakref.finalize(self, os.close, self._codes)
        self._check_length()
        self.table = _table(folder / TABLE, self.commit.row_count)
        self._is_known = np.full(self.commit.row_count, not is_checked)
        if is_checked and root_of(self.table["leaf"].tobytes()) != self.commit.root:
            raise StoreDamaged(
                f"the leaves in {folder / TABLE} do not make the committed root {self.commit.root.hex()}; {REBUILD}"
            )

    @property
    def keys(self) -> list[bytes]:
        """The key of each row, in order."""
        return _cut(self.table["key"].tobytes())

    def find(self, key: bytes) -> int | None:
        """The place of the row with this key, or None."""
        return self._places.get(key)

    def leaf(self, place: int) -> bytes:
        """The leaf of the row at a place."""
        return bytes(self.table["leaf"][place].tobytes())

    def proof(self, place: int) -> list[bytes]:
        """The siblings of a row's leaf, for `chain.merkle.verify_indexed` under the committed root."""
        return self._tree.proof(place)

    def verify(self) -> Commit:
        """The commit, after every row was read and checked. Raises StoreDamaged for a byte that was altered."""
        self._is_known[:] = False
        for places, data in self.tiles(range(self.commit.row_count), row_count=1_024):
            codes = data.view(np.int8)
            squares = self.table["square"][places]
            # a leaf holds whatever its writer took for the sum; what may be added up safely rests on it
            if self.segment.kind == "int8" and not np.array_equal(IntegerRows(codes, squares).squares, squares):
                raise StoreDamaged(f"a row of {self.folder} among {places} has a wrong sum of squares; {REBUILD}")
        return self.commit

    def tiles(self, rows: range, *, row_count: int) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """Runs of rows, `row_count` at a time: their places, and their bytes `(n, row_bytes)` as views of a map."""
        row_bytes = self.segment.row_bytes
        step = max(_WINDOW_BYTES // (row_bytes * row_count), 1) * row_count
        for start in range(rows.start, rows.stop, step):
            stop = min(start + step, rows.stop)
            self._check_length()
            # the disk reads the next window while this one is computed with
            os.posix_fadvise(self._codes, start * row_bytes, 2 * step * row_bytes, os.POSIX_FADV_WILLNEED)
            window = _mapped(self._codes, start=start * row_bytes, stop=stop * row_bytes).reshape(-1, row_bytes)
            for top in range(start, stop, row_count):
                places = slice(top, min(top + row_count, stop))
                tile = window[places.start - start : places.stop - start]
                self._check_rows(places, tile)
                yield places, tile

    def _check_rows(self, places: slice, tile: NDArray[np.uint8]) -> None:
        if self._is_known[places].all():
            return
        columns = (self.table[name][places] for name in ("key", "leaf", "scale", "square"))
        keys, leaves, scales, squares = (column.tolist() for column in columns)
        for row, (key, leaf) in enumerate(zip(keys, leaves, strict=True)):
            codes = memoryview(tile[row])
            if row_leaf(key=bytes(key), scale=scales[row], square=squares[row], codes=codes) != bytes(leaf):
                raise StoreDamaged(
                    f"row {places.start + row} of {self.folder} has other bytes than its leaf {bytes(leaf).hex()} "
                    f"says; {REBUILD}"
                )
        self._is_known[places] = True

    def _check_length(self) -> None:
        # again before every window: reading a map past the end of its file would kill the process
        expected = self.commit.row_count * self.segment.row_bytes
        check_length(self.folder / CODES, self._codes, expected=expected)

    @cached_property
    def _places(self) -> dict[bytes, int]:
        return {key: place for place, key in enumerate(self.keys)}

    @cached_property
    def _tree(self) -> IndexedTree:
        return IndexedTree(_cut(self.table["leaf"].tobytes()))


class StoredRows:
    """Integer rows on disk, all of a segment's or a run of them: `influence.quantize.Rows`."""

    def __init__(self, source: OpenSegment, rows: range | None = None) -> None:
        _check_kind(source.segment, "int8")
        self.source = source
        self._rows = range(source.commit.row_count) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def width(self) -> int:
        """The columns, P."""
        return self.source.segment.columns

    @property
    def scales(self) -> NDArray[np.int64]:
        """`(n,)`, in units of `2**-SCALE_BITS`."""
        return self.source.table["scale"][self._rows.start : self._rows.stop].astype(np.int64)

    @property
    def squares(self) -> NDArray[np.int64]:
        """`(n,)`, the sum of each row's squared codes."""
        return self.source.table["square"][self._rows.start : self._rows.stop].astype(np.int64)

    def tiles(self, row_count: int) -> Iterator[IntegerRows]:
        """The rows in order, `row_count` at a time, as views: memory is bounded if they are let go of one by one."""
        for places, data in self.source.tiles(self._rows, row_count=row_count):
            yield IntegerRows(data.view(np.int8), self.source.table["scale"][places].astype(np.int64))

    def part(self, rows: range) -> StoredRows:
        """Some of these rows."""
        return StoredRows(self.source, range(self._rows.start + rows.start, self._rows.start + rows.stop))


class StoredHalfRows:
    """Half-precision rows on disk."""

    def __init__(self, source: OpenSegment) -> None:
        _check_kind(source.segment, "fp16")
        self.source = source

    def __len__(self) -> int:
        return self.source.commit.row_count

    def tiles(self, row_count: int) -> Iterator[HalfRows]:
        """The rows in order, `row_count` at a time, as views."""
        for places, data in self.source.tiles(range(len(self)), row_count=row_count):
            yield HalfRows(data.view("<f2"), self.source.table["scale"][places].astype(np.int64))


def _check_kind(segment: Segment, kind: str) -> None:
    if segment.kind != kind:
        raise StoreMismatch(
            f"segment {segment.digest.hex()} holds {segment.kind} rows; expected {kind}; read it as such"
        )


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise StoreDamaged(f"{path} is missing; {REBUILD}") from error


def _table(path: Path, count: int) -> NDArray[np.void]:
    handle = _opened(path)
    with os.fdopen(handle, "rb") as file:
        check_length(path, handle, expected=count * ROW.itemsize)
        return np.fromfile(file, dtype=ROW, count=count)


def _cut(data: bytes) -> list[bytes]:
    return [data[at : at + LEAF_BYTES] for at in range(0, len(data), LEAF_BYTES)]


def _mapped(handle: int, *, start: int, stop: int) -> NDArray[np.uint8]:
    """Bytes `[start, stop)` of a file. A private copy where it is written to, as torch warns of memory it may not."""
    skipped = start % mmap.ALLOCATIONGRANULARITY
    window = mmap.mmap(handle, stop - start + skipped, access=mmap.ACCESS_COPY, offset=start - skipped)
    return np.frombuffer(window, dtype=np.uint8, offset=skipped)
