"""Metrics equal slow loops, are near zero for shuffled scores, and reach the ceiling for perfect ones."""

import numpy as np
import pytest

from attribution_oracle.evaluation import metrics
from attribution_oracle.evaluation.correlation import average_ranks, pearson, spearman


def slow_ranks(values):
    """Average ranks, one by one."""
    return np.array([sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values])


def slow_spearman(left, right):
    return np.corrcoef(slow_ranks(left), slow_ranks(right))[0, 1]


@pytest.fixture
def world():
    """Losses that are sums of true effects and of noise that differs between two seeds."""
    draw = np.random.default_rng(3)
    queries, rows, subsets = 40, 60, 400
    effects = draw.normal(size=(queries, rows))
    masks = np.stack([draw.permutation(rows) < rows // 2 for _ in range(subsets)])
    noise = 4.0 * draw.normal(size=(2, subsets, queries))
    losses = 100.0 - (effects @ masks.T).T + noise
    return effects, masks, losses


def test_average_ranks__share_what_ties_take():
    assert average_ranks(np.array([[3.0, 1.0, 3.0, 2.0]])).tolist() == [[3.5, 1.0, 3.5, 2.0]]


def test_average_ranks__under_counts__are_those_of_the_drawn_list():
    draw = np.random.default_rng(0)
    values = draw.integers(0, 6, size=(4, 9)).astype(float)
    counts = draw.multinomial(9, np.full(9, 1 / 9), size=5).astype(float)
    found = average_ranks(values, counts)
    for b, count in enumerate(counts.astype(int)):
        for n, row in enumerate(values):
            drawn = np.repeat(row, count)
            np.testing.assert_allclose(np.repeat(found[b, n], count), slow_ranks(drawn))


def test_spearman__with_ties__equals_the_loop():
    draw = np.random.default_rng(1)
    left, right = (draw.integers(0, 8, size=(6, 20)).astype(float) for _ in range(2))
    expected = [slow_spearman(a, b) for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(spearman(left, right), expected)


def test_spearman__under_counts__equals_the_one_of_the_drawn_list():
    draw = np.random.default_rng(2)
    left, right = draw.normal(size=(2, 3, 12))
    counts = draw.multinomial(12, np.full(12, 1 / 12), size=4).astype(float)
    found = spearman(left, right, counts)
    for b, count in enumerate(counts.astype(int)):
        expected = [slow_spearman(np.repeat(x, count), np.repeat(y, count)) for x, y in zip(left, right, strict=True)]
        np.testing.assert_allclose(found[b], expected)


def test_correlations__without_spread__are_zero():
    flat, steep = np.full((1, 5), 0.1), np.arange(5.0)[None]
    assert spearman(flat, steep).tolist() == [0.0]
    assert pearson(flat, steep).tolist() == [0.0]


def test_query_lds__equals_the_loop(world):
    effects, masks, losses = world
    scores = effects + np.random.default_rng(4).normal(size=effects.shape)
    found = metrics.query_lds(scores, masks, losses)
    for q in (0, 7, 39):
        predicted = [sum(scores[q, i] for i in np.flatnonzero(mask)) for mask in masks]
        measured = [-(losses[0, s, q] + losses[1, s, q]) / 2 for s in range(len(masks))]
        assert found[q] == pytest.approx(slow_spearman(predicted, measured))


def test_query_lds__of_shuffled_scores__is_near_zero(world):
    effects, masks, losses = world
    shuffled = np.random.default_rng(5).permuted(effects, axis=1)
    # one query's has a spread of 1 / sqrt(400); the mean of 40 one of 0.008
    assert abs(metrics.query_lds(shuffled, masks, losses).mean()) < 0.04
    assert metrics.query_lds(effects, masks, losses).mean() > 0.7


def test_query_lds__of_the_true_effects__reaches_the_ceiling(world):
    effects, masks, losses = world
    assert metrics.query_lds(effects, masks, losses).mean() == pytest.approx(metrics.ceiling(losses), abs=0.02)


def test_query_lds__of_the_wrong_sign__is_negative(world):
    effects, masks, losses = world
    np.testing.assert_allclose(
        metrics.query_lds(-effects, masks, losses), -metrics.query_lds(effects, masks, losses), atol=1e-12
    )


def test_ceiling__of_one_seed__is_refused():
    with pytest.raises(ValueError, match="expected two or more"):
        metrics.ceiling(np.zeros((1, 4, 3)))


def test_ceiling__without_agreement__is_zero():
    losses = np.random.default_rng(6).normal(size=(2, 30, 5))
    losses[1] = -losses[0]
    assert metrics.ceiling(losses) == 0.0


def test_contributor_scores__equal_the_loop():
    draw = np.random.default_rng(7)
    scores, owners = draw.normal(size=(3, 10)), draw.integers(0, 4, size=10)
    found = metrics.contributor_scores(scores, owners, 4)
    for q in range(3):
        for c in range(4):
            assert found[q, c] == pytest.approx(sum(scores[q, i] for i in range(10) if owners[i] == c))


def test_removal_effects__are_positive_where_the_absent_are_missed():
    full = np.array([[1.0, 2.0], [1.2, 2.2]])
    without = np.array([[[1.5, 2.0], [1.0, 3.0]], [[1.7, 2.2], [1.2, 3.2]]])
    np.testing.assert_allclose(metrics.removal_effects(without, full), [[0.5, 0.0], [0.0, 1.0]], atol=1e-12)


def test_slope__of_effects_in_other_units__is_their_ratio():
    predicted = np.random.default_rng(8).normal(size=(5, 4))
    assert metrics.slope(predicted, 3.0 * predicted + 1.0) == pytest.approx(3.0)
    assert metrics.slope(np.ones((5, 4)), predicted) == 0.0


def test_grouped__averages_the_queries_of_a_group():
    effects = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert metrics.grouped(effects, np.array([1, 1, 0])).tolist() == [[5.0, 6.0], [2.0, 3.0]]


def test_hit_rates__of_a_known_table():
    totals = np.array([[3.0, 2.0, 1.0, 0.0], [3.0, 2.0, 1.0, 0.0], [3.0, 2.0, 1.0, 0.0]])
    rates = metrics.hit_rates(totals, np.array([0, 2, 3]))
    assert (rates.top_1, rates.top_3) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert rates.reciprocal_rank == pytest.approx((1 + 1 / 3 + 1 / 4) / 3)


def test_hit_rates__where_all_tie__are_those_of_chance():
    rates = metrics.hit_rates(np.zeros((2, 5)), np.array([0, 4]))
    assert (rates.top_1, rates.top_3) == (pytest.approx(1 / 5), pytest.approx(3 / 5))
    assert rates.reciprocal_rank == pytest.approx(sum(1 / k for k in range(1, 6)) / 5)
