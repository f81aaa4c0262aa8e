"""Integer scores against Python's own integers and against the real numbers that they stand for."""

import numpy as np
import pytest
import torch

from attribution_oracle.influence.novelty import unit_rows
from attribution_oracle.influence.products import dot_products
from attribution_oracle.influence.quantize import SCALE_BITS, IntegerRows, quantize, restore
from attribution_oracle.influence.scores import example_scores, shrink, sum_by_contribution

UNIT_BITS = 32


def random_rows(count, size, *, seed):
    return unit_rows(torch.randn(count, size, generator=torch.Generator().manual_seed(seed)))


def test_dot_products_are_exact_at_the_extremes():
    # 70,001 columns of the largest codes: beyond what float32 could hold exactly, and over two column blocks.
    codes = np.full((2, 70_001), 127, dtype=np.int8)
    codes[1] *= -1
    rows = IntegerRows(codes, np.ones(2, dtype=np.int64))
    largest = 127 * 127 * 70_001
    assert dot_products(rows, rows).tolist() == [[largest, -largest], [-largest, largest]]


def test_scores_equal_python_integers():
    query, train = quantize(random_rows(3, 500, seed=0)), quantize(random_rows(4, 500, seed=1))
    found = example_scores(query, train, unit_bits=UNIT_BITS)
    for q in range(3):
        for e in range(4):
            dot = sum(int(a) * int(b) for a, b in zip(query.codes[q], train.codes[e], strict=True))
            exact = dot * int(query.scales[q]) * int(train.scales[e])
            assert int(found[q, e]) == exact >> (2 * SCALE_BITS - UNIT_BITS)


def test_score_is_within_its_bound_of_the_real_score():
    left, right = random_rows(5, 4000, seed=2), random_rows(6, 4000, seed=3)
    query, train = quantize(left), quantize(right)
    found = example_scores(query, train, unit_bits=UNIT_BITS) / 2**UNIT_BITS
    real = left.double().numpy() @ right.double().numpy().T
    step = [rows.scales / 2**SCALE_BITS for rows in (query, train)]
    # |<q,r> - <q',r'>| <= |q|_1 step_r / 2 + |r'|_1 step_q / 2, and less than one unit is cut off.
    bound = np.outer(np.abs(left.numpy()).sum(1), step[1] / 2)
    bound += np.outer(step[0] / 2, np.abs(restore(train)).sum(1)) + 2.0**-UNIT_BITS
    assert (np.abs(found - real) <= bound).all()
    assert np.abs(found - real).max() < 0.002


def test_scores_do_not_depend_on_how_the_queries_are_cut():
    query, train = quantize(random_rows(7, 999, seed=4)), quantize(random_rows(5, 999, seed=5))
    whole = example_scores(query, train, unit_bits=UNIT_BITS)
    parts = [
        example_scores(IntegerRows(query.codes[i : i + 1], query.scales[i : i + 1]), train, unit_bits=UNIT_BITS)
        for i in range(7)
    ]
    assert np.array_equal(whole, np.concatenate(parts))


def test_row_that_is_too_long__is_refused():
    rows = quantize(random_rows(2, 100, seed=6))
    loud = IntegerRows(rows.codes, rows.scales * 3)
    with pytest.raises(ValueError, match="query row 0 has scale"):
        example_scores(loud, rows, unit_bits=UNIT_BITS)


def test_shrinkage_treats_both_signs_alike():
    scores = np.array([[5, -7, 100, -40, 1]], dtype=np.int64)
    paid = np.ones(5, dtype=bool)
    assert np.array_equal(
        shrink(-scores, paid, noise_multiple=2, noise_ceiling=1000),
        -shrink(scores, paid, noise_multiple=2, noise_ceiling=1000),
    )
    # The median size is 7, so the noise level is 14.
    assert shrink(scores, paid, noise_multiple=2, noise_ceiling=1000).tolist() == [[0, 0, 86, -26, 0]]


def test_rows_that_are_not_paid_have_no_say_in_the_noise_level():
    scores = np.array([[5, -7, 100, -40, 1]], dtype=np.int64)
    more = np.concatenate([scores, np.zeros((1, 50), dtype=np.int64)], axis=1)
    paid = np.arange(55) < 5
    assert (
        shrink(more, paid, noise_multiple=2, noise_ceiling=1000)[:, :5].tolist()
        == shrink(scores, paid[:5], noise_multiple=2, noise_ceiling=1000).tolist()
    )


def test_where_every_text_matters__the_ceiling_keeps_that_from_passing_for_noise():
    scores = np.array([[900, 800, 850]], dtype=np.int64)
    assert not shrink(scores, np.ones(3, dtype=bool), noise_multiple=5, noise_ceiling=10**6).any()
    assert shrink(scores, np.ones(3, dtype=bool), noise_multiple=5, noise_ceiling=50).tolist() == [[850, 750, 800]]


def test_without_paid_rows_every_score_is_zero():
    assert shrink(
        np.array([[3, -4]], dtype=np.int64), np.zeros(2, dtype=bool), noise_multiple=2, noise_ceiling=1000
    ).tolist() == [[0, 0]]


def test_pure_noise_keeps_next_to_nothing():
    noise = np.random.default_rng(0).normal(scale=1e6, size=(200, 150)).astype(np.int64)
    kept = shrink(noise, np.ones(150, dtype=bool), noise_multiple=5, noise_ceiling=10**9)
    assert (kept != 0).mean() < 0.002


def test_splitting_an_account_changes_no_sum():
    scores = np.random.default_rng(1).integers(-1000, 1000, size=(4, 9))
    one = sum_by_contribution(scores, [0, 0, 0, 0, 1, 1, 1, 1, 1], count=2)
    many = sum_by_contribution(scores, [0, 2, 3, 4, 1, 1, 1, 1, 1], count=5)
    assert np.array_equal(one[:, 0], many[:, [0, 2, 3, 4]].sum(axis=1))
    assert np.array_equal(one[:, 1], many[:, 1])
