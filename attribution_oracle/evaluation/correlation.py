"""Correlations of many rows at once, under many resamples of their columns.

A resample is a vector of counts: column `j` was drawn `counts[j]` times. Ranks of a drawn list are then
    rank_j = 1/2 + sum over i of counts_i * ([x_i < x_j] + [x_i = x_j] / 2)        average ranks of ties
so that one table of comparisons and one matrix product rank all resamples, and repeated columns cost nothing.
Spearman's rho is Pearson's r of these ranks (Spearman 1904). A row without spread has correlation zero.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
_COMPARISONS = 4_000_000  # elements of one table of comparisons: 32 MB


def average_ranks(values: Floats, counts: Floats | None = None) -> Floats:
    """Ranks from 1 along the last axis of `values` `(n, m)`, ties averaged; with `counts` `(b, m)`: `(b, n, m)`."""
    if counts is None:
        return np.stack([_ranks(row) for row in values])
    ranks = np.empty((len(counts), *values.shape))
    step = max(1, _COMPARISONS // values.shape[1] ** 2)
    for start in range(0, len(values), step):
        part = values[start : start + step]
        below = (part[:, None, :] < part[:, :, None]) + 0.5 * (part[:, None, :] == part[:, :, None])
        ranks[:, start : start + step] = np.moveaxis(below @ counts.T, -1, 0) + 0.5
    return ranks


def spearman(left: Floats, right: Floats, counts: Floats | None = None) -> Floats:
    """Spearman's rho of each pair of rows `(n, m)`: `(n,)`, or `(b, n)` under resamples `counts` `(b, m)`."""
    weights = None if counts is None else counts[:, None, :]
    return pearson(average_ranks(left, counts), average_ranks(right, counts), weights)


def pearson(left: Floats, right: Floats, weights: Floats | None = None) -> Floats:
    """Pearson's r along the last axis; `weights` broadcast to it and count how often an element was drawn."""
    drawn = np.ones_like(left) if weights is None else np.broadcast_to(weights, left.shape)
    total = drawn.sum(-1, keepdims=True)
    a = left - (drawn * left).sum(-1, keepdims=True) / total
    b = right - (drawn * right).sum(-1, keepdims=True) / total
    spread = np.sqrt((drawn * a * a).sum(-1) * (drawn * b * b).sum(-1))
    products = (drawn * a * b).sum(-1)
    # rounding leaves constant rows a spread of about 1e-16 of their size, never an exact zero
    floor = 1e-12 * total[..., 0] * np.maximum(np.abs(left).max(-1) * np.abs(right).max(-1), np.finfo(float).tiny)
    correlations: Floats = np.divide(products, spread, out=np.zeros_like(products), where=spread > floor)
    return correlations


def _ranks(row: Floats) -> Floats:
    ordered = np.sort(row)
    first, last = (np.searchsorted(ordered, row, side=side) for side in _SIDES)
    ranks: Floats = (first + last + 1) / 2
    return ranks
