"""Gradient rows on disk: appended once, read in tiles, each provable under one Merkle root a segment.

    store = GradientStore.open(folder)
    segment = Segment(adapter_digest=..., spec=asdict(spec), role="train", columns=P)
    build_segment(store, segment, row_keys(segment, examples), rows_of_range)      resumes where it stopped
    stored_scores(store, segment, queries, unit_bits=32)                           int64 (n_query, n_row)

What a file holds is in `layout`, what a row is keyed and hashed by in `keys` and `tree`, the reasons in docs/adr/0014.
"""

from attribution_oracle.gradient_store.build import build_segment
from attribution_oracle.gradient_store.keys import Segment, row_keys
from attribution_oracle.gradient_store.query import half_scores, stored_scores
from attribution_oracle.gradient_store.reader import StoredHalfRows, StoredRows
from attribution_oracle.gradient_store.store import GradientStore
from attribution_oracle.gradient_store.workers import OneProcess, Workers

__all__ = [
    "GradientStore",
    "OneProcess",
    "Segment",
    "StoredHalfRows",
    "StoredRows",
    "Workers",
    "build_segment",
    "half_scores",
    "row_keys",
    "stored_scores",
]
