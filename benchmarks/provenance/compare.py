"""How credit fares against what retraining did: agreement with the effects, hits, and payouts.

A table holds numbers `(n_query, n_contribution)` of one method, larger for more credit, on a scale of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.rewards import Answer, epoch_payouts, shares_ppm

Table = NDArray[np.float64]
# Scores become integers of this unit, so that they are paid by the rules that pay.
_UNIT = 2**24
_POOL_WEI = 10**18


def hit_rate(table: Table, expected: Sequence[int | None], *, first: int) -> float:
    """The share of queries with an `expected` column that has it among the `first` largest numbers, and positive.

    Columns of equal score count as ranked above the expected one: credit that cannot tell them apart is no hit.
    """
    asked = [query for query, column in enumerate(expected) if column is not None]
    own = np.array([table[query, expected[query]] for query in asked])
    rivals = (table[asked] >= own[:, None]).sum(axis=1)
    return float(((rivals <= first) & (own > 0)).mean())


def by_size(table: Table) -> Table:
    """Each query's line divided by its sum of sizes: what shares are made of. Lines of zeros stay."""
    sizes = np.abs(table).sum(axis=1, keepdims=True)
    return np.divide(table, sizes, out=np.zeros_like(table), where=sizes > 0)


def payouts(table: Table, *, floor: float) -> Table:
    """What the payout rules would give to each contribution for equal fees, as parts of all that is paid.

    `floor` is the least denominator of a share, in units of the table.
    """
    whole = np.rint(table * _UNIT).astype(np.int64)
    least = max(1, round(floor * _UNIT))
    answers = [
        Answer(_POOL_WEI, shares_ppm(dict(enumerate(map(int, line))), floor=least, excluded=frozenset()))
        for line in whole
    ]
    found = epoch_payouts(answers).payouts
    wei = np.array([found.get(column, 0) for column in range(table.shape[1])], dtype=np.float64)
    return wei / wei.sum()


def apart(left: Table, right: Table) -> float:
    """Half the sum of differences of two lists of parts: 0 for the same, 1 for nothing in common."""
    return float(np.abs(left - right).sum() / 2)


def best_text(scores: Table, columns: Sequence[int], *, count: int) -> Table:
    """Of scores `(n_query, n_text)` each contribution's best; `columns[t]` is the column of text `t`."""
    owners = np.asarray(columns)
    return np.stack([scores[:, owners == column].max(axis=1) for column in range(count)], axis=1)


def bm25(texts: Sequence[str], queries: Sequence[str]) -> Table:
    """Okapi BM25 scores `(n_query, n_text)`."""
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([_words(text) for text in texts])
    return np.array([index.get_scores(_words(query)) for query in queries])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
