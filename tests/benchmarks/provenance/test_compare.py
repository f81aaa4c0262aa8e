"""Hit rates and the text methods that influence is shown beside."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

# Benchmarks are scripts, not a package: another distribution already owns the name `benchmarks`.
SOURCE = Path(__file__).resolve().parents[3] / "benchmarks/provenance/compare.py"
SPEC = importlib.util.spec_from_file_location("provenance_compare", SOURCE)
compare = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(compare)


def test_hit_rate_counts_the_expected_column_among_the_first():
    table = np.array([[5, 1, 0], [2, 3, 9], [7, 8, 1]])
    assert compare.hit_rate(table, [0, 0, 0], first=1) == pytest.approx(1 / 3)
    assert compare.hit_rate(table, [0, 0, 0], first=2) == pytest.approx(2 / 3)
    assert compare.hit_rate(table, [0, 0, 0], first=3) == 1.0


def test_no_credit_and_tied_credit_are_no_hits():
    assert compare.hit_rate(np.array([[0, 0, 0], [-1, -2, -3]]), [0, 0], first=3) == 0.0
    assert compare.hit_rate(np.array([[4, 4, 1]]), [0], first=1) == 0.0


def test_random_scores_hit_at_chance():
    table = np.random.default_rng(0).permuted(np.tile(np.arange(1, 7), (6000, 1)), axis=1)
    expected = [0] * 6000
    assert compare.hit_rate(table, expected, first=1) == pytest.approx(compare.chance(1, count=6), abs=0.02)
    assert compare.hit_rate(table, expected, first=3) == pytest.approx(compare.chance(3, count=6), abs=0.02)


def test_right_share_is_of_the_whole_mass_but_at_least_of_the_floor():
    table = np.array([[6, -2, 2], [-5, 1, 0], [1, 0, 0]])
    assert compare.right_share(table[:1], [0], floor=1) == pytest.approx(0.6)
    assert compare.right_share(table[1:2], [0], floor=1) == 0.0
    assert compare.right_share(table[2:], [0], floor=4) == pytest.approx(0.25)


def test_positive_sums_leave_out_negative_scores():
    found = compare.positive_sums(np.array([[0.5, -3.0, 0.25]]), [0, 0, 1], count=2)
    assert found.tolist() == [[2**19, 2**18]]


def test_bm25_finds_the_text_with_the_rare_word():
    texts = ["the study of fish", "the study of stars", "the price of bread", "the colour of the sea"]
    scores = compare.bm25(texts, ["Which fish is it?", "the stars"])
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_cosines_ignore_length():
    found = compare.cosines(np.array([[1.0, 0.0], [0.0, 5.0]]), np.array([[3.0, 3.0]]))
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5]])
