"""What a table of scores is worth, measured against retraining. Pure functions of arrays.

Shapes: scores `(n_query, n_train)`, a positive score says that training on the example lowered the query's loss;
masks `(n_subset, n_train)` of the rows that each retrained adapter saw; losses `(n_seed, n_subset, n_query)` of those
adapters; owners `(n_train,)`, the contributor of each row.

- Linear datamodeling score (Park et al. 2023, eq. 4): `LDS_q = spearman over subsets of (sum over i in S of
  scores[q, i], -loss[S, q])`, the loss averaged over the retrain seeds; the LDS is the mean over queries.
- Contributor LDS: the same with subsets that hold or leave out whole contributors: the counterfactual of a payout.
- Ceiling: an all-knowing method still misses the noise of training. With `r` the mean Spearman between two seeds on
  the same subsets, the mean of k seeds has reliability `k r / (1 + (k - 1) r)` (Spearman 1910, Brown 1910), and a
  perfect predictor correlates with it at the square root of that.
- Leave one contributor out: `effect[q, c] = loss without c - loss with everybody` against `predicted[q, c] = sum of
  scores[q, i] over the rows i of c`.
- Provenance: the place of a query's owner when contributors are ordered by predicted effect. It is a test of
  retrieval: it needs no retraining and says nothing of counterfactuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.evaluation.correlation import Floats, Reals, spearman

Bools = NDArray[np.bool_]
Integers = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class HitRates:
    """The share of queries whose owner comes first, or among the first three; mean reciprocal rank.

    Where scores tie, each is the expectation under a random order of those that tie.
    """

    top_1: float
    top_3: float
    reciprocal_rank: float


def subset_predictions(scores: Floats, masks: Bools) -> Floats:
    """The summed scores of every subset, `(n_query, n_subset)`: higher means a lower loss is foretold."""
    predictions: Floats = np.asarray(scores, dtype=np.float64) @ masks.T.astype(np.float64)
    return predictions


def query_lds(scores: Floats, masks: Bools, losses: Reals, counts: Floats | None = None) -> Floats:
    """The LDS of each query `(n_query,)`, or `(b, n_query)` under resamples of the subsets; its mean is the LDS."""
    measured = -np.asarray(losses, dtype=np.float64).mean(0).T
    return spearman(subset_predictions(scores, masks), measured, counts)


def seed_agreement(losses: Reals) -> float:
    """The mean Spearman between the losses of two retrain seeds over subsets; ValueError for fewer than two seeds."""
    if len(losses) < 2:
        raise ValueError(f"losses of {len(losses)} seed; expected two or more; retrain the subsets with another seed")
    each = [spearman(a.T.astype(float), b.T.astype(float)).mean() for a, b in combinations(losses, 2)]
    return float(np.mean(each))


def ceiling(losses: Reals) -> float:
    """The LDS that a perfect predictor of the seed average would reach, in expectation."""
    agreement, seeds = max(seed_agreement(losses), 0.0), len(losses)
    return float(np.sqrt(seeds * agreement / (1 + (seeds - 1) * agreement)))


def contributor_scores(scores: Floats, owners: Integers, count: int) -> Floats:
    """Scores summed over the rows of each contributor, `(n_query, count)`."""
    held = np.zeros((len(owners), count))
    held[np.arange(len(owners)), owners] = 1
    totals: Floats = np.asarray(scores, dtype=np.float64) @ held
    return totals


def removal_effects(without: Reals, full: Reals) -> Floats:
    """What each query lost with each contributor, `(n_query, n_removed)`, averaged over seeds.

    `without` `(n_seed, n_removed, n_query)` and `full` `(n_seed, n_query)` are losses of the same seeds.
    """
    effects: Floats = (np.asarray(without, dtype=np.float64) - np.asarray(full)[:, None, :]).mean(0).T
    return effects


def grouped(effects: Floats, groups: Integers) -> Floats:
    """Effects averaged over the queries of each group, `(n_group, n_removed)`: one question asked in several ways."""
    return np.stack([effects[groups == group].mean(0) for group in np.unique(groups)])


def slope(predicted: Floats, effects: Floats) -> float:
    """The least-squares slope of effects on predictions over all pairs; 1 where scores are in units of the loss."""
    centred = predicted - predicted.mean()
    return float((centred * effects).sum() / (centred**2).sum()) if centred.any() else 0.0


def owner_places(totals: Floats, owners: Integers) -> tuple[Integers, Integers]:
    """For each query how many contributors score above its owner, and how many score the same (with the owner)."""
    own = totals[np.arange(len(owners)), owners][:, None]
    return (totals > own).sum(1), (totals == own).sum(1)


def query_hit_rates(totals: Floats, owners: Integers) -> Floats:
    """Expected top-1, top-3 and reciprocal rank of each query's owner, `(n_query, 3)`."""
    above, equal = owner_places(totals, owners)
    inverse = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, totals.shape[1] + 1))])
    hits = [np.clip((k - above) / equal, 0, 1) for k in (1, 3)]
    return np.stack([*hits, (inverse[above + equal] - inverse[above]) / equal], axis=1)


def hit_rates(totals: Floats, owners: Integers) -> HitRates:
    """The means of `query_hit_rates`."""
    return HitRates(*(float(rate) for rate in query_hit_rates(totals, owners).mean(0)))
