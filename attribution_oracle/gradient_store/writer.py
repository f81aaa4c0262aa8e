"""Appends rows to one segment. After a kill at any moment the segment holds whole commits, and goes on from there.

One process writes a segment at a time; the lock goes with the process, however that ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.gradient_store.files import locked, opened, room_for, write_all, write_whole
from attribution_oracle.gradient_store.keys import Segment
from attribution_oracle.gradient_store.layout import (
    CODES,
    COMMITS,
    HEADER,
    LOCK,
    REBUILD,
    ROW,
    TABLE,
    Commit,
    check_length,
    encode_commit,
    last_commit,
)
from attribution_oracle.gradient_store.tree import Frontier, row_leaf
from attribution_oracle.influence.quantize import HalfRows, IntegerRows


class SegmentWriter:
    """A context manager: on leaving it, rows that were not committed are cut off again.

    Holds the keys of all rows, about 100 MB for a million.
    """

    def __init__(self, folder: Path, segment: Segment) -> None:
        self.segment = segment
        self._folder = folder
        self._frontier = Frontier()
        self._keys: dict[bytes, None] = {}
        self._commits_end = 0

    def __enter__(self) -> SegmentWriter:
        with ExitStack() as stack:
            self._folder.mkdir(parents=True, exist_ok=True)
            stack.callback(os.close, locked(self._folder / LOCK))
            with room_for(self._folder):
                _create_missing(self._folder, self.segment)
            self._committed, self._commits_end = last_commit(self._folder, self.segment.digest)
            self._codes, self._table, self._commits = (
                stack.enter_context(opened(self._folder / name)) for name in (CODES, TABLE, COMMITS)
            )
            self._load()
            self._cut_tail()
            self._files = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._cut_tail()
        finally:
            self._files.close()

    @property
    def row_count(self) -> int:
        """Rows so far, committed or not."""
        return self._frontier.leaf_count

    @property
    def committed(self) -> Commit:
        """What a kill at this moment would leave."""
        return self._committed

    def check_prefix(self, keys: Sequence[bytes]) -> None:
        """Raises StoreMismatch unless the rows so far are those of the first keys, in order."""
        for place, (found, expected) in enumerate(zip(self._keys, keys, strict=False)):
            if found != expected:
                raise StoreMismatch(
                    f"row {place} of {self._folder} is that of key {found.hex()}; expected {expected.hex()}; "
                    "build other examples, or the same ones in another order, into another segment"
                )
        if self.row_count > len(keys):
            raise StoreMismatch(
                f"{self._folder} has {self.row_count} rows; expected at most {len(keys)}; build fewer examples into "
                "another segment"
            )

    def append(self, keys: Sequence[bytes], rows: IntegerRows | HalfRows) -> None:
        """Append rows; they count once they are committed. Where writing fails, the segment is back at its last commit.

        Raises StoreMismatch for rows that do not fit the segment and for a key that has a row, StoreFull for want of
        room.
        """
        self._check(keys, rows)
        codes = np.ascontiguousarray(rows.codes, dtype=rows.codes.dtype.newbyteorder("<"))
        squares = rows.squares if isinstance(rows, IntegerRows) else np.zeros(len(rows), dtype=np.int64)
        leaves = self._leaves(keys, codes, rows.scales, squares)
        table = np.zeros(len(keys), dtype=ROW)
        table["key"] = np.frombuffer(b"".join(keys), dtype="V32")
        table["leaf"] = np.frombuffer(leaves, dtype="V32")
        table["scale"], table["square"] = rows.scales, squares
        with self._undone_on_error():
            write_all(self._codes, _bytes_of(codes))
            write_all(self._table, memoryview(table.tobytes()))
        self._frontier.extend(leaves)
        self._keys.update(dict.fromkeys(keys))

    def commit(self) -> Commit:
        """Make the rows so far last, and return their number and root."""
        commit = Commit(self.row_count, self._frontier.root)
        if commit != self._committed:
            with self._undone_on_error():
                os.fsync(self._codes)
                os.fsync(self._table)
                record = encode_commit(self.segment.digest, commit)
                write_all(self._commits, memoryview(record))
                os.fsync(self._commits)
            self._committed = commit
            self._commits_end += len(record)
        return commit

    def _leaves(
        self, keys: Sequence[bytes], codes: NDArray[np.generic], scales: NDArray[np.int64], squares: NDArray[np.int64]
    ) -> bytes:
        return b"".join(
            row_leaf(key=key, scale=scale, square=square, codes=_bytes_of(row))
            for key, row, scale, square in zip(keys, codes, scales.tolist(), squares.tolist(), strict=True)
        )

    def _check(self, keys: Sequence[bytes], rows: IntegerRows | HalfRows) -> None:
        kind = "int8" if isinstance(rows, IntegerRows) else "fp16"
        shape = (len(keys), self.segment.columns)
        if kind != self.segment.kind or rows.codes.shape != shape or rows.scales.shape != shape[:1]:
            raise StoreMismatch(
                f"{kind} rows of shape {rows.codes.shape} come with {len(rows.scales)} scales and {len(keys)} keys; "
                f"expected {self.segment.kind} rows of shape {shape}; append them to the segment that they are of"
            )
        again = next((key for key in keys if key in self._keys), None)
        if again is not None or len(set(keys)) != len(keys):
            named = again.hex() if again else "one of the keys handed in"
            raise StoreMismatch(f"{named} has a row already; expected each key once; append the rows that are missing")

    def _load(self) -> None:
        """Read the rows so far, and check that they are the ones that were committed."""
        count = self._committed.row_count
        check_length(self._folder / CODES, self._codes, expected=count * self.segment.row_bytes)
        check_length(self._folder / TABLE, self._table, expected=count * ROW.itemsize)
        table = np.fromfile(self._folder / TABLE, dtype=ROW, count=count)
        keys = table["key"].tobytes()
        self._frontier.extend(table["leaf"].tobytes())
        self._keys = dict.fromkeys(keys[at : at + 32] for at in range(0, len(keys), 32))
        if self._frontier.root != self._committed.root:
            raise StoreDamaged(
                f"the rows of {self._folder} have root {self._frontier.root.hex()}; expected the committed "
                f"{self._committed.root.hex()}; {REBUILD}"
            )

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Go back to the last commit on any error, which is said as StoreFull if it is for want of room."""
        try:
            with room_for(self._folder):
                yield
        except BaseException:
            self._cut_tail()
            self._frontier, self._keys = Frontier(), {}
            with suppress(StoreDamaged):
                self._load()
            raise

    def _cut_tail(self) -> None:
        count = self._committed.row_count
        # the journal first: it must never count rows that are gone
        os.ftruncate(self._commits, self._commits_end)
        os.ftruncate(self._codes, count * self.segment.row_bytes)
        os.ftruncate(self._table, count * ROW.itemsize)


def _create_missing(folder: Path, segment: Segment) -> None:
    """Make an empty segment. The header comes last, in one step: without it there is no segment."""
    if (folder / HEADER).exists():
        return
    for name in (CODES, TABLE):
        (folder / name).write_bytes(b"")
    first = encode_commit(segment.digest, Commit(0, Frontier().root))
    write_whole(folder / COMMITS, first)
    write_whole(folder / HEADER, segment.header)


def _bytes_of(codes: NDArray[np.generic]) -> memoryview:
    return codes.reshape(-1).view(np.uint8).data
