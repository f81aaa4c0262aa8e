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

from attribution_oracle.influence.quantize import SCALE_BITS, IntegerRows

_COLUMNS = 32_768
# Rows have length about one. At most 2 keeps |dot * scale * scale| <= 4 * 2**(2 * SCALE_BITS) < 2**63 (Cauchy-Schwarz).
_MAX_SQUARED_LENGTH = 4 << (2 * SCALE_BITS)


def dot_products(left: IntegerRows, right: IntegerRows) -> NDArray[np.int64]:
    """The exact products of codes, `(n_left, n_right)`.

    They come from float64 matrix products, which are exact here: a term is at most 2**14 in size, so every partial sum
    over fewer than 2**39 columns, in whatever order it is formed, is an integer below 2**53, which float64 holds.
    """
    total = np.zeros((len(left.codes), len(right.codes)))
    for start in range(0, left.codes.shape[1], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        total += left.codes[:, part].astype(np.float64) @ right.codes[:, part].astype(np.float64).T
    return total.astype(np.int64)


def example_scores(query: IntegerRows, train: IntegerRows, *, unit_bits: int) -> NDArray[np.int64]:
    """Scores `(n_query, n_example)` in units of `2**-unit_bits`, rounded down; ValueError for a row longer than 2."""
    for name, rows in (("query", query), ("train", train)):
        _check_lengths(name, rows)
    products: NDArray[np.int64] = dot_products(query, train) * query.scales[:, None] * train.scales[None, :]
    return products >> (2 * SCALE_BITS - unit_bits)


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


def _check_lengths(name: str, rows: IntegerRows) -> None:
    for i, (codes, scale) in enumerate(zip(rows.codes, rows.scales, strict=True)):
        wide = codes.astype(np.int64)
        squared = int(wide @ wide) * int(scale) ** 2
        if scale < 0 or squared > _MAX_SQUARED_LENGTH:
            raise ValueError(
                f"{name} row {i} has scale {scale} and squared length {squared} / 2**{2 * SCALE_BITS}; "
                "expected a row of length at most 2; rebuild it with quantize()"
            )
