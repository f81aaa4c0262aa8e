"""Examples that repeat earlier ones in nearly the same words (rule R5, pure): only the earliest is trained on and paid.

Two examples are near-duplicates when the Jaccard index of their sets of words, |A ∩ B| / |A ∪ B|, reaches a threshold.
What a model was never shown cannot have shaped its answers, so leaving copies out of training also keeps them from
blurring what the original taught, which a rule about pay alone cannot.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from trainer.examples import Example

# A copier who changes one word in six is still caught; questions of one pattern about two things share about half.
NEAR_DUPLICATE_PERCENT = 70
_WORD = re.compile(r"\w+")
_FULL_PERCENT = 100


def without_near_duplicates(examples: Sequence[Example]) -> list[Example]:
    """The examples, in their order, without those that nearly repeat an earlier one that was kept.

    Only examples that share a word are compared; the time is still quadratic in how many share the commonest word.
    """
    kept: list[Example] = []
    word_sets: list[frozenset[str]] = []
    having: defaultdict[str, list[int]] = defaultdict(list)
    for example in examples:
        words = words_of(example)
        earlier = {place for word in words for place in having[word]}
        if any(are_near_duplicates(words, word_sets[place]) for place in earlier):
            continue
        for word in words:
            having[word].append(len(kept))
        kept.append(example)
        word_sets.append(words)
    return kept


def words_of(example: Example) -> frozenset[str]:
    """The words of question and answer, case folded; punctuation and repetition do not count."""
    return frozenset(_WORD.findall(f"{example.prompt} {example.response}".casefold()))


def are_near_duplicates(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two sets of words are as good as one; two empty ones are."""
    return _FULL_PERCENT * len(left & right) >= NEAR_DUPLICATE_PERCENT * len(left | right)
