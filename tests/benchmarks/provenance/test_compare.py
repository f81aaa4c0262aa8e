"""Hit rates, shares, payouts and the text method that influence is shown beside; the shipped effects."""

import numpy as np
import pytest

from benchmarks.provenance.compare import apart, best_text, bm25, by_size, hit_rate, payouts
from benchmarks.provenance.truth import SEEDS, demo_examples, load_truth
from openledger.demo import corpus


def test_hit_rate_counts_the_expected_column_among_the_first():
    table = np.array([[5, 1, 0], [2, 3, 9], [7, 8, 1], [0, 0, 9]])
    expected = [0, 0, 0, None]
    assert hit_rate(table, expected, first=1) == pytest.approx(1 / 3)
    assert hit_rate(table, expected, first=2) == pytest.approx(2 / 3)
    assert hit_rate(table, expected, first=3) == 1.0


def test_no_credit_and_tied_credit_are_no_hits():
    assert hit_rate(np.array([[0, 0, 0], [-1, -2, -3]]), [0, 0], first=3) == 0.0
    assert hit_rate(np.array([[4, 4, 1]]), [0], first=1) == 0.0


def test_by_size_is_of_the_whole_mass__and_leaves_nothing_as_it_is():
    found = by_size(np.array([[6.0, -2.0, 2.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found, [[0.6, -0.2, 0.2], [0.0, 0.0, 0.0]])


def test_payouts_follow_the_rules_that_pay():
    # below the floor an answer pays in proportion; who is negative over all answers gets nothing
    table = np.array([[0.5, 0.5, 0.0], [0.1, 0.0, -0.1]])
    np.testing.assert_allclose(payouts(table, floor=0.0), [2 / 3, 1 / 3, 0.0], rtol=1e-5)
    np.testing.assert_allclose(payouts(table, floor=1.0), [0.6 / 1.1, 0.5 / 1.1, 0.0], rtol=1e-5)
    assert apart(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert apart(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == 0.25


def test_best_text_is_the_best_of_each_contribution():
    found = best_text(np.array([[0.5, 3.0, 0.25]]), [0, 0, 1], count=2)
    assert found.tolist() == [[3.0, 0.25]]


def test_bm25_finds_the_text_with_the_rare_word():
    texts = ["the study of fish", "the study of stars", "the price of bread", "the colour of the sea"]
    scores = bm25(texts, ["Which fish is it?", "the stars"])
    assert scores.argmax(axis=1).tolist() == [0, 1]


def test_truth_is_of_the_demo():
    truth, questions = load_truth(), corpus.read_questions()
    assert [query.prompt for query in truth.queries] == [question.prompt for question in questions]
    assert truth.effects.shape == (len(SEEDS), len(questions), len(corpus.TOPICS))
    assert {example.contribution_id for example in demo_examples()} == set(range(1, 1 + len(corpus.TOPICS)))
    # whoever taught a question's fact is missed most, for most questions
    assert hit_rate(truth.effects.mean(0), truth.topics, first=1) > 0.8
