"""Intervals by resampling queries and subsets at once, and differences of methods on the same resamples.

Queries and subsets (or removed contributors) are both samples: an interval over one of them alone is too narrow.
Percentile bootstrap (Efron & Tibshirani 1993, ch. 13). Two methods see the same resamples, so what is hard in a
resample is hard for both and drops out of their difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution_oracle.evaluation.correlation import Floats, Reals, pearson, spearman
from attribution_oracle.evaluation.metrics import Bools, query_lds

RESAMPLES = 2_000
SEED = 5
_AT_ONCE = 250  # resamples whose ranks are held together


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval `[low, high]`; `draws` `(n_resample,)` are what the interval was read from."""

    value: float
    low: float
    high: float
    draws: Floats

    @classmethod
    def of(cls, value: float, draws: Floats) -> Estimate:
        low, high = np.quantile(draws, (0.025, 0.975))
        return cls(float(value), float(low), float(high), draws)

    def __sub__(self, other: Estimate) -> Estimate:
        """The paired difference: both must come from the same resamples."""
        return Estimate.of(self.value - other.value, self.draws - other.draws)


@dataclass(frozen=True, slots=True)
class Resamples:
    """How often each query `(n_resample, n_query)` and each subset `(n_resample, n_subset)` was drawn."""

    queries: Floats
    subsets: Floats

    @classmethod
    def draw(cls, *, n_query: int, n_subset: int, count: int = RESAMPLES, seed: int = SEED) -> Resamples:
        """As many draws with replacement as there are queries and subsets; the same for the same seed."""
        generator = np.random.default_rng(seed)
        queries, subsets = (
            generator.multinomial(size, np.full(size, 1 / size), size=count).astype(np.float64)
            for size in (n_query, n_subset)
        )
        return cls(queries, subsets)


def lds(scores: Floats, masks: Bools, losses: Reals, resamples: Resamples) -> Estimate:
    """The linear datamodeling score of a table of scores (arguments as in `metrics`)."""
    value = query_lds(scores, masks, losses).mean()
    drawn = [query_lds(scores, masks, losses, part) for part in _parts(resamples.subsets)]
    return Estimate.of(value, _mean_over(np.concatenate(drawn), resamples.queries))


def removal_spearman(predicted: Floats, effects: Floats, resamples: Resamples) -> Estimate:
    """The mean over queries of Spearman over removed contributors, of tables `(n_query, n_removed)`."""
    drawn = [spearman(predicted, effects, part) for part in _parts(resamples.subsets)]
    return Estimate.of(spearman(predicted, effects).mean(), _mean_over(np.concatenate(drawn), resamples.queries))


def removal_pearson(predicted: Floats, effects: Floats, resamples: Resamples) -> Estimate:
    """Pearson over all (query, removed contributor) pairs of two tables `(n_query, n_removed)`."""
    left, right = predicted.reshape(1, -1), effects.reshape(1, -1)
    drawn = []
    for queries, removed in zip(_parts(resamples.queries), _parts(resamples.subsets), strict=True):
        weights = (queries[:, :, None] * removed[:, None, :]).reshape(len(queries), -1)
        shape = weights.shape
        drawn.append(pearson(np.broadcast_to(left, shape), np.broadcast_to(right, shape), weights))
    return Estimate.of(pearson(left, right)[0], np.concatenate(drawn))


def mean(values: Floats, resamples: Resamples) -> Estimate:
    """The mean of one value a query `(n_query,)`; only the queries are resampled."""
    return Estimate.of(values.mean(), resamples.queries @ values / len(values))


def average(estimates: list[Estimate]) -> Estimate:
    """The mean of estimates from the same resamples: one method run on several adapters."""
    value = float(np.mean([each.value for each in estimates]))
    return Estimate.of(value, np.mean([each.draws for each in estimates], axis=0))


def _mean_over(drawn: Floats, queries: Floats) -> Floats:
    means: Floats = (drawn * queries).sum(1) / queries.sum(1)
    return means


def _parts(counts: Floats) -> list[Floats]:
    return [counts[start : start + _AT_ONCE] for start in range(0, len(counts), _AT_ONCE)]
