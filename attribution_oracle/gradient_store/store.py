"""A folder with the segments of several adapters."""

from __future__ import annotations

import json
from pathlib import Path

from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.gradient_store.files import room_for, write_whole
from attribution_oracle.gradient_store.keys import FORMAT, Segment, parse_header
from attribution_oracle.gradient_store.layout import CODES, HEADER, REBUILD, Commit, last_commit
from attribution_oracle.gradient_store.reader import OpenSegment, StoredHalfRows, StoredRows
from attribution_oracle.gradient_store.writer import SegmentWriter
from chain.merkle import IndexedTree, hash_leaf, keccak
from content.canonical import canonical_json

_NAME = "store.json"
_SEGMENTS = "segments"
SEGMENT_TYPEHASH = keccak(b"GradientSegment(bytes32 segment,uint256 rowCount,bytes32 root)")


class GradientStore:
    """Use `open`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, folder: Path) -> GradientStore:
        """The store in a folder, made if there is none. Raises StoreMismatch for one of another format."""
        name = folder / _NAME
        if not name.exists():
            folder.mkdir(parents=True, exist_ok=True)
            with room_for(folder):
                write_whole(name, canonical_json({"format": FORMAT}))
        found = _parsed(name)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise StoreMismatch(
                f"{folder} says {found!r}; expected format {FORMAT!r}; build into another folder, or read this one "
                "with the release that wrote it"
            )
        return cls(folder)

    def writer(self, segment: Segment) -> SegmentWriter:
        """Appends to a segment, which need not exist; use it in a `with` statement."""
        return SegmentWriter(self._place(segment), segment)

    def segments(self) -> list[Segment]:
        """The segments that there are, by digest."""
        folders = sorted((self.folder / _SEGMENTS).glob("*/" + HEADER))
        return [self._segment(header) for header in folders]

    def open_segment(self, segment: Segment, *, is_checked: bool = True) -> OpenSegment:
        """A segment's committed rows. Raises StoreMismatch where there is none, StoreDamaged for an altered one."""
        place = self._place(segment)
        if not (place / HEADER).exists():
            raise StoreMismatch(
                f"{self.folder} has no {segment.role!r} segment {segment.digest.hex()} of adapter "
                f"{segment.adapter_digest.hex()}; expected it to be built; build it, or look at segments()"
            )
        self._segment(place / HEADER)
        return OpenSegment(place, segment, is_checked=is_checked)

    def rows(self, segment: Segment, *, is_checked: bool = True) -> StoredRows:
        """A segment's integer rows. Raises as `open_segment`, and StoreMismatch for half-precision ones."""
        return StoredRows(self.open_segment(segment, is_checked=is_checked))

    def half_rows(self, segment: Segment, *, is_checked: bool = True) -> StoredHalfRows:
        """A segment's half-precision rows; raises as `rows`."""
        return StoredHalfRows(self.open_segment(segment, is_checked=is_checked))

    def commit_of(self, segment: Segment) -> Commit:
        """A segment's number of rows and root, as its journal says."""
        return last_commit(self._place(segment), segment.digest)[0]

    def changed_at(self, segment: Segment) -> int:
        """When a segment's codes were last written to, in ns of the file system's clock."""
        return (self._place(segment) / CODES).stat().st_mtime_ns

    def root(self) -> bytes:
        """The root over all segments, in the order of their digests: one leaf (digest, row count, root) each."""
        leaves = []
        for segment in self.segments():
            commit = self.commit_of(segment)
            leaves.append(hash_leaf(SEGMENT_TYPEHASH, segment.digest, commit.row_count, commit.root))
        return IndexedTree(leaves).root

    def _place(self, segment: Segment) -> Path:
        return self.folder / _SEGMENTS / segment.digest.hex()

    def _segment(self, header: Path) -> Segment:
        segment = parse_header(_parsed(header))
        if segment.digest.hex() != header.parent.name:
            raise StoreDamaged(f"{header} is not what its folder is named by, {segment.digest.hex()}; {REBUILD}")
        return segment


def _parsed(path: Path) -> object:
    data = path.read_bytes()
    try:
        value: object = json.loads(data)
    except ValueError as error:
        raise StoreDamaged(f"{path} is no JSON ({error}); expected what build wrote; {REBUILD}") from error
    return value
