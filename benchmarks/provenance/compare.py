"""How often a way of crediting finds the contribution that a question is about, beside ways that read only the text.

A table holds the scores `(n_query, n_contribution)` of one method, larger for more credit, on a scale of its own.
Finding the topic is a test of retrieval: a method that reads the words passes it whether or not the model learned
anything from them. It bounds how wrong credit can be; it does not rank methods by how right they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.influence.scores import sum_by_contribution

# Scores of the text methods become integers of this unit, so that they are summed like scores of influence.
_UNIT = 2**20


def hit_rate(table: NDArray[np.int64], expected: Sequence[int], *, first: int) -> float:
    """The share of queries whose `expected` column is among the `first` largest scores, and positive.

    Columns of equal score count as ranked above the expected one: credit that cannot tell them apart is no hit.
    """
    own = table[np.arange(len(expected)), expected]
    rivals = (table >= own[:, None]).sum(axis=1)
    return float(((rivals <= first) & (own > 0)).mean())


def right_share(table: NDArray[np.int64], expected: Sequence[int], *, floor: int) -> float:
    """The mean part of the pool that goes to the expected contribution: its score over `max(sum of |score|, floor)`."""
    own = np.maximum(table[np.arange(len(expected)), expected], 0)
    return float((own / np.maximum(np.abs(table).sum(axis=1), floor)).mean())


def chance(first: int, *, count: int) -> float:
    """The hit rate of a random order of `count` contributions."""
    return min(1.0, first / count)


def positive_sums(scores: NDArray[np.float64], columns: Sequence[int], *, count: int) -> NDArray[np.int64]:
    """The table of example scores `(n_query, n_example)`: positive ones, added by contribution."""
    whole = np.rint(np.maximum(scores, 0.0) * _UNIT).astype(np.int64)
    return sum_by_contribution(whole, columns, count=count)


def bm25(texts: Sequence[str], queries: Sequence[str]) -> NDArray[np.float64]:
    """Okapi BM25 scores `(n_query, n_text)`."""
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([_words(text) for text in texts])
    return np.array([index.get_scores(_words(query)) for query in queries])


def cosines(texts: NDArray[np.float64], queries: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cosines `(n_query, n_text)` of sentence embeddings `(n, width)`."""
    left, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, texts))
    product: NDArray[np.float64] = left @ right.T
    return product


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
