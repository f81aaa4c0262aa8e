"""Intervals hold what they promise on worlds whose truth is known, and differences are paired."""

import numpy as np
import pytest

from attribution_oracle.evaluation import bootstrap, metrics
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples

ROWS, TRUTH_SUBSETS, TRUTH_QUERIES = 30, 800, 200


def population(draw, n_query, n_subset):
    """Scores that know part of the true effects, and losses with noise, of one draw of queries and subsets."""
    effects = draw.normal(size=(n_query, ROWS))
    scores = effects + draw.normal(size=(n_query, ROWS)) * draw.uniform(0.5, 3.0, size=(n_query, 1))
    masks = np.stack([draw.permutation(ROWS) < ROWS // 2 for _ in range(n_subset)])
    losses = -(effects @ masks.T).T + 2.0 * draw.normal(size=(2, n_subset, n_query))
    return scores, masks, losses


def test_lds_intervals__cover_the_truth_about_as_often_as_they_say():
    scores, masks, losses = population(np.random.default_rng(0), TRUTH_QUERIES, TRUTH_SUBSETS)
    truth = metrics.query_lds(scores, masks, losses).mean()
    resamples = Resamples.draw(n_query=40, n_subset=32, count=300)
    covered = []
    for seed in range(1, 61):
        found = bootstrap.lds(*population(np.random.default_rng(seed), 40, 32), resamples)
        covered.append(found.low <= truth <= found.high)
    # 60 draws of 95 % have a standard deviation of 2.8 %
    assert np.mean(covered) >= 0.87


def test_lds_interval__is_not_so_wide_that_it_says_nothing():
    found = bootstrap.lds(*population(np.random.default_rng(1), 40, 32), Resamples.draw(n_query=40, n_subset=32))
    assert 0.01 < found.high - found.low < 0.25


def test_difference__is_paired():
    scores, masks, losses = population(np.random.default_rng(2), 40, 32)
    resamples = Resamples.draw(n_query=40, n_subset=32)
    better = bootstrap.lds(scores, masks, losses, resamples)
    worse = bootstrap.lds(scores + np.random.default_rng(3).normal(size=scores.shape), masks, losses, resamples)
    gap = better - worse
    assert gap.value == pytest.approx(better.value - worse.value)
    assert gap.low > 0
    assert gap.high - gap.low < better.high - better.low
    nothing = better - better
    assert (nothing.low, nothing.high) == (0.0, 0.0)


def test_resamples__are_the_same_for_the_same_seed():
    one, two, other = (Resamples.draw(n_query=5, n_subset=7, count=9, seed=seed) for seed in (1, 1, 2))
    assert (one.queries == two.queries).all() and (one.subsets == two.subsets).all()
    assert (one.queries != other.queries).any()
    assert (one.queries.sum(1) == 5).all() and (one.subsets.sum(1) == 7).all()


def test_lds_draws__equal_a_loop_over_drawn_lists():
    scores, masks, losses = population(np.random.default_rng(4), 6, 10)
    resamples = Resamples.draw(n_query=6, n_subset=10, count=5)
    found = bootstrap.lds(scores, masks, losses, resamples)
    for b in range(5):
        drawn = np.repeat(np.arange(10), resamples.subsets[b].astype(int))
        asked = np.repeat(np.arange(6), resamples.queries[b].astype(int))
        each = metrics.query_lds(scores[asked], masks[drawn], losses[:, drawn][:, :, asked])
        assert found.draws[b] == pytest.approx(each.mean())


def test_removal_pearson__equals_the_correlation_of_the_drawn_pairs():
    draw = np.random.default_rng(5)
    predicted, effects = draw.normal(size=(2, 6, 4))
    resamples = Resamples.draw(n_query=6, n_subset=4, count=3)
    found = bootstrap.removal_pearson(predicted, effects, resamples)
    assert found.value == pytest.approx(np.corrcoef(predicted.ravel(), effects.ravel())[0, 1])
    for b in range(3):
        asked = np.repeat(np.arange(6), resamples.queries[b].astype(int))
        removed = np.repeat(np.arange(4), resamples.subsets[b].astype(int))
        left, right = (table[np.ix_(asked, removed)].ravel() for table in (predicted, effects))
        assert found.draws[b] == pytest.approx(np.corrcoef(left, right)[0, 1])


def test_average__of_estimates__averages_their_draws():
    one, two = (Estimate.of(value, np.full(4, value)) for value in (1.0, 3.0))
    assert bootstrap.average([one, two]).value == 2.0
    assert bootstrap.average([one, two]).draws.tolist() == [2.0] * 4
