"""Integer scores: from int8 rows to a signed score of every contribution, the same on any hardware.

    dot[q][e]    = sum over p of query.codes[q][p] * train.codes[e][p]                             exact
    score[q][e]  = floor(dot * query.scale[q] * train.scale[e] / 2**(2 * SCALE_BITS - unit_bits))
                                                                                    in units of 2**-unit_bits
    noise[q]     = min(noise_multiple * (lower median over the paid rows e of |score[q][e]|), noise_ceiling)
    kept[q][e]   = sign(score) * max(|score| - noise[q], 0)
    score[q][i]  = sum of kept[q][e] over the examples e of contribution i

Most examples have nothing to do with an answer, so the median tells the answer's noise; where most have, in a small or
narrow train set, the ceiling keeps it from being taken for noise. Shrinkage treats both signs alike: cutting only the
negative side would pay for noise, and more so when a text is handed in in parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.influence.products import TILE_ROWS, product_tiles
from attribution_oracle.influence.quantize import SCALE_BITS, IntegerRows, Rows

# Rows have length about one. At most 2 keeps |dot * scale * scale| <= 4 * 2**(2 * SCALE_BITS) < 2**63 (Cauchy-Schwarz).
_MAX_SQUARED_LENGTH = 4 << (2 * SCALE_BITS)


def example_scores(query: IntegerRows, train: Rows, *, unit_bits: int, tile_rows: int = TILE_ROWS) -> NDArray[np.int64]:
    """Scores `(n_query, n_example)` in units of `2**-unit_bits`, rounded down; ValueError for a row longer than 2.

    Train rows are read in tiles of `tile_rows`, which changes no score: besides the result nothing as long as the train
    set is held.
    """
    for name, rows in (("query", query), ("train", train)):
        _check_lengths(name, rows)
    scores = np.empty((len(query), len(train)), dtype=np.int64)
    scales = train.scales
    for columns, products in product_tiles(query, train, tile_rows=tile_rows):
        tile = np.multiply(products, query.scales[:, None], out=scores[:, columns])
        tile *= scales[None, columns]
        tile >>= 2 * SCALE_BITS - unit_bits
    return scores


def shrink(
    scores: NDArray[np.int64], is_paid: NDArray[np.bool_], *, noise_multiple: int, noise_ceiling: int
) -> NDArray[np.int64]:
    """Moves scores `(n_query, n_example)` towards zero by the query's noise level, which only paid rows define."""
    magnitudes = np.abs(scores)
    paid = np.sort(magnitudes[:, is_paid], axis=1)
    if not paid.shape[1]:
        return np.zeros_like(scores)
    noise = np.minimum(paid[:, (paid.shape[1] - 1) // 2, None] * noise_multiple, noise_ceiling)
    kept: NDArray[np.int64] = np.sign(scores) * np.maximum(magnitudes - noise, 0) * is_paid
    return kept


def sum_by_contribution(scores: NDArray[np.int64], columns: Sequence[int], *, count: int) -> NDArray[np.int64]:
    """Adds example scores into contribution scores `(n_query, count)`; `columns[e]` is the column of example `e`."""
    membership = np.zeros((len(columns), count), dtype=np.int64)
    membership[np.arange(len(columns)), columns] = 1
    return scores @ membership


def _check_lengths(name: str, rows: Rows) -> None:
    squares, scales = rows.squares, rows.scales
    if squares.shape != scales.shape:
        raise ValueError(f"{len(squares)} {name} rows have {len(scales)} scales; expected one each; pass them together")
    # float64 is off by 1e-15 at most, so whatever it puts well below the bound is; the rest is told by exact integers
    doubtful = (scales < 0) | (squares * scales.astype(np.float64) ** 2 > 0.99 * _MAX_SQUARED_LENGTH)
    for i in np.flatnonzero(doubtful).tolist():
        squared = int(squares[i]) * int(scales[i]) ** 2
        if scales[i] < 0 or squared > _MAX_SQUARED_LENGTH:
            raise ValueError(
                f"{name} row {i} has scale {scales[i]} and squared length {squared} / 2**{2 * SCALE_BITS}; "
                "expected a row of length at most 2; rebuild it with quantize()"
            )
