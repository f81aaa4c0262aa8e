"""The automatic review: real corpus texts pass, junk does not, whoever hands it in."""

import pytest

from openledger.checks import Reason, review_examples
from openledger.demo.corpus import TOPICS, as_text, junk_text, lightly_edited, read_pairs
from trainer.examples import read_examples


@pytest.mark.parametrize("topic", TOPICS)
def test_review__of_a_corpus_topic__accepts(topic: str) -> None:
    verdict = review_examples(read_examples(1, as_text(read_pairs(topic))))
    assert verdict.is_accepted and 1 <= verdict.score <= 100


def test_review__of_random_letters__rejects_as_unreadable() -> None:
    text = "".join(junk_text(seed=seed) for seed in range(4))
    verdict = review_examples(read_examples(1, text))
    assert verdict.reason is Reason.UNREADABLE and verdict.score == 0


def test_review__of_too_few_examples__rejects_as_low_quality() -> None:
    assert review_examples(read_examples(1, "Q: one?\nA: one.\n")).reason is Reason.LOW_QUALITY


def test_review__of_one_question_repeated__rejects_as_duplicate() -> None:
    verdict = review_examples(read_examples(1, "Q: How are you?\nA: Very well.\n" * 9))
    assert verdict.reason is Reason.DUPLICATE


def test_light_edit__changes_the_text_but_keeps_the_pairs() -> None:
    text = as_text(read_pairs("science"))
    edited = lightly_edited(text)
    assert edited != text
    assert len(read_examples(1, edited)) == len(read_examples(1, text))
