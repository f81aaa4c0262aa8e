"""Builds a segment shard by shard, and goes on where an earlier build stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from attribution_oracle.gradient_store.errors import StoreFull, StoreMismatch
from attribution_oracle.gradient_store.keys import Segment
from attribution_oracle.gradient_store.layout import ROW, Commit
from attribution_oracle.gradient_store.store import GradientStore
from attribution_oracle.gradient_store.workers import OneProcess, Workers, shards_of
from attribution_oracle.influence.quantize import HalfRows, IntegerRows

# 4,096 rows of 20,480 columns are 84 MB: what a kill may cost, and what a flush to the disk is spread over.
SHARD_ROWS = 4_096

Progress = Callable[[int, int], None]


def build_segment(
    store: GradientStore,
    segment: Segment,
    keys: Sequence[bytes],
    rows_of: Callable[[range], IntegerRows | HalfRows],
    *,
    shard_rows: int = SHARD_ROWS,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Commit:
    """Append the rows that are missing, commit after each shard, and return the whole segment's commit.

    `rows_of(places)` computes the rows of a run of examples; `keys[place]` names each. The root depends on the keys and
    rows alone, not on shards, workers, or how often the build was killed. `progress(done, total)` follows each commit.

    Raises StoreBusy beside another writer, StoreFull for want of room, StoreMismatch where the segment has other rows,
    StoreDamaged where it was altered, ShardFailed where rows could not be computed. What was committed stands.
    """
    with store.writer(segment) as writer:
        writer.check_prefix(keys)
        shards = shards_of(range(writer.row_count, len(keys)), size=shard_rows)
        _check_room(store, segment, missing=len(keys) - writer.row_count)
        results = (workers or OneProcess()).map(rows_of, shards)
        for shard, rows in zip(shards, results, strict=True):
            if len(rows) != len(shard):
                raise StoreMismatch(
                    f"rows {shard.start} to {shard.stop - 1} came as {len(rows)}; expected {len(shard)}; "
                    "let the task return the rows of the places that it is given"
                )
            writer.append(keys[shard.start : shard.stop], rows)
            writer.commit()
            if progress:
                progress(shard.stop, len(keys))
        return writer.committed


def _check_room(store: GradientStore, segment: Segment, *, missing: int) -> None:
    needed = missing * (segment.row_bytes + ROW.itemsize)
    free = shutil.disk_usage(store.folder).free
    if needed > free:
        raise StoreFull(
            f"{missing} rows take {needed} bytes and {store.folder} has {free}; expected room for all of them; make "
            "room, or build elsewhere"
        )
