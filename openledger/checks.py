"""The automatic review of a text contribution: the same verdict for every validator that runs it.

A validator may overrule it; the reasons are those of docs/formats.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from openledger.errors import AppError
from trainer.examples import Example

MIN_EXAMPLES = 3
# English text has about two vowels in five letters; letters at random have far fewer or far more
VOWEL_SHARE_PPM = (250_000, 600_000)
MIN_DISTINCT_PPM = 700_000


class Reason(IntEnum):
    """Why a contribution is rejected, as the ReviewCourt records it. Duplicate, unlawful and spam cost the deposit."""

    NONE = 0
    WRONG_FORMAT = 1
    UNREADABLE = 2
    OFF_TOPIC = 3
    DUPLICATE = 4
    LOW_QUALITY = 5
    UNLAWFUL = 6
    OTHER = 7
    SPAM = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """Accept with a score of 1 to 100, or reject with a reason; `explanation` is for the contributor."""

    score: int
    reason: Reason
    explanation: str

    @property
    def is_accepted(self) -> bool:
        return self.reason is Reason.NONE

    def describe(self) -> str:
        """One line for people."""
        outcome = f"accept, {self.score} points" if self.is_accepted else f"reject, {self.reason.name.lower()}"
        return f"{outcome} ({self.explanation})" if self.explanation else outcome


def verdict_of(*, accept: int, reject: str, because: str) -> Verdict | None:
    """A validator's own verdict from the command line; None when neither a score nor a reason is given."""
    if accept and reject:
        raise AppError(f"both --accept {accept} and --reject {reject} were given; expected one of them")
    if accept:
        if not 1 <= accept <= 100:
            raise AppError(f"the score is {accept}; expected 1 to 100; choose --accept SCORE again")
        return Verdict(accept, Reason.NONE, because)
    if reject:
        names = [reason.name.lower() for reason in Reason if reason is not Reason.NONE]
        if reject.lower() not in names:
            raise AppError(f'"{reject}" is no reason; expected one of {", ".join(names)}')
        return Verdict(0, Reason[reject.upper()], because)
    return None


def review_examples(examples: Sequence[Example]) -> Verdict:
    """Judge the examples read from one file.

    The score is 100 less what is missing: up to 50 for the share of pairs without both sides, and up to 50 for the
    share of repeated questions.
    """
    if len(examples) < MIN_EXAMPLES:
        return Verdict(0, Reason.LOW_QUALITY, f"{len(examples)} examples, at least {MIN_EXAMPLES} expected")
    text = " ".join(f"{example.prompt} {example.response}" for example in examples)
    vowels_ppm = _vowel_share_ppm(text)
    low, high = VOWEL_SHARE_PPM
    if not low <= vowels_ppm <= high:
        return Verdict(
            0, Reason.UNREADABLE, f"{vowels_ppm / 10_000:.0f} % of the letters are vowels: this is not a language"
        )
    distinct_ppm = len({example.prompt.casefold() for example in examples}) * 1_000_000 // len(examples)
    has_questions = any(example.prompt for example in examples)
    if has_questions and distinct_ppm < MIN_DISTINCT_PPM:
        return Verdict(0, Reason.DUPLICATE, f"only {distinct_ppm / 10_000:.0f} % of the questions are distinct")
    complete_ppm = sum(bool(e.response) for e in examples) * 1_000_000 // len(examples)
    repeated_ppm = 1_000_000 - distinct_ppm if has_questions else 0
    lost = (1_000_000 - complete_ppm) // 20_000 + repeated_ppm // 20_000
    return Verdict(max(1, 100 - lost), Reason.NONE, f"{len(examples)} examples, {distinct_ppm / 10_000:.0f} % distinct")


def _vowel_share_ppm(text: str) -> int:
    letters = [character for character in text.casefold() if character.isalpha()]
    return sum(character in "aeiouyäöüáéíóúàèâêîôû" for character in letters) * 1_000_000 // max(1, len(letters))
