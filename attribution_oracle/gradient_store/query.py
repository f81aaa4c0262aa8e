"""Scores of queries against the rows of a segment, in tiles of bounded memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from attribution_oracle.gradient_store.errors import StoreDamaged
from attribution_oracle.gradient_store.keys import Segment, parse_header
from attribution_oracle.gradient_store.layout import Commit
from attribution_oracle.gradient_store.reader import StoredHalfRows, StoredRows
from attribution_oracle.gradient_store.store import GradientStore
from attribution_oracle.gradient_store.workers import Workers, shards_of
from attribution_oracle.influence.products import TILE_ROWS
from attribution_oracle.influence.quantize import SCALE_BITS, IntegerRows
from attribution_oracle.influence.scores import example_scores

# 65,536 rows x 80 queries of int64 scores are 42 MB: what a worker sends back at a time.
SHARD_ROWS = 65_536


def stored_scores(
    store: GradientStore,
    segment: Segment,
    queries: IntegerRows,
    *,
    unit_bits: int,
    shard_rows: int = SHARD_ROWS,
    tile_rows: int = TILE_ROWS,
    workers: Workers | None = None,
) -> NDArray[np.int64]:
    """Scores `(n_query, n_row)` in units of `2**-unit_bits`: `example_scores`, to the last unit, whoever computes it.

    Raises what opening the segment raises, ValueError for rows that `example_scores` refuses, and ShardFailed.
    """
    rows = store.rows(segment)
    if workers is None:
        return example_scores(queries, rows, unit_bits=unit_bits, tile_rows=tile_rows)
    scores = np.empty((len(queries), len(rows)), dtype=np.int64)
    task = _ShardScores(store.folder, segment, rows.source.commit, queries, unit_bits, tile_rows)
    shards = shards_of(range(len(rows)), size=shard_rows)
    for shard, part in zip(shards, workers.map(task, shards), strict=True):
        scores[:, shard.start : shard.stop] = part
    return scores


def half_scores(
    queries: NDArray[np.float32], rows: StoredHalfRows, *, tile_rows: int = TILE_ROWS
) -> NDArray[np.float32]:
    """Dot products `(n_query, n_row)` of float32 queries with half-precision rows: an estimate, good to about 1e-3."""
    scores = np.empty((len(queries), len(rows)), dtype=np.float32)
    asked = torch.from_numpy(np.ascontiguousarray(queries))
    start = 0
    for tile in rows.tiles(tile_rows):
        codes = torch.from_numpy(tile.codes.astype(np.float32, copy=False))
        scales = (tile.scales / 2.0**SCALE_BITS).astype(np.float32)
        scores[:, start : start + len(tile)] = (asked @ codes.T).numpy() * scales
        start += len(tile)
    return scores


@dataclass(frozen=True, slots=True)
class _ShardScores:
    """The scores of one shard, wherever it is called."""

    folder: Path
    segment: Segment
    commit: Commit
    queries: IntegerRows
    unit_bits: int
    tile_rows: int

    def __call__(self, shard: range) -> NDArray[np.int64]:
        store = GradientStore.open(self.folder)
        rows = _opened_at(self.folder, self.segment.header, self.commit, store.changed_at(self.segment))
        return example_scores(self.queries, rows.part(shard), unit_bits=self.unit_bits, tile_rows=self.tile_rows)


# A worker computes many shards; it opens and checks the segment once, unless the file is written to again.
@lru_cache(maxsize=2)
def _opened_at(folder: Path, header: bytes, commit: Commit, changed_at: int) -> StoredRows:
    rows = GradientStore(folder).rows(parse_header(json.loads(header)))
    if rows.source.commit != commit:
        raise StoreDamaged(
            f"{rows.source.folder} is at {rows.source.commit} here; expected {commit}; give every worker the same "
            "copy, and let no build run beside a query"
        )
    return rows
