"""Proof of Attribution in three calls: train examples become an index, answers become rows, both become integer scores.

    index = train_index(model, examples, contribution_ids, spec)
    rows  = query_rows(index, model, answers)
    table = score(index, rows)                      int64 (n_query, n_contribution)

A row is the gradient of one example's loss with respect to the adapted weights, half-way from the base to the adapter,
whitened by EK-FAC and hashed (`hashed`), at length one; a train row keeps only what it adds to earlier texts
(`novelty`). Both kinds become int8 (`quantize`), and from there on everything is exact (`scores`).

What can be reproduced, and how far:
- `score` is integer arithmetic: any machine, any library, the same table from the same integer rows.
- Rows are float arithmetic: the same bytes for the same model, library versions and kind of CPU, in any process and at
  any number of threads (the engine computes with one). A query row depends on its own tokens and on the train set. Of
  texts and dense models it does not depend on the other queries or on `batch_size` either, because no matrix product
  has so few rows that it would be computed in another way (`heads`). Where a model sends tokens to experts, and for
  images and sounds, a batch of another size rounds the last bits differently, so `batch_size` is in the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attribution_oracle.influence import hashed
from attribution_oracle.influence.ekfac import Whitening
from attribution_oracle.influence.gradients import single_thread
from attribution_oracle.influence.hashed import HashedSpec
from attribution_oracle.influence.heads import Example
from attribution_oracle.influence.novelty import apply_residuals, sequential_residuals, unit_rows
from attribution_oracle.influence.quantize import IntegerRows, Rows, quantize
from attribution_oracle.influence.scores import example_scores, shrink, sum_by_contribution

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoringSpec:
    """Every parameter that a score depends on, in the form in which it goes into the evidence: integers and decimals.

    `place` is where rows are taken on the way from the base (0) to the adapter (1), `row_size` the numbers of a row.
    `noise_ceiling` and `share_floor` are in score units, `2**-score_unit_bits`. The floor is the least denominator of a
    share: the answer to a question that nothing taught scores below it, and pays in proportion. The measurements behind
    the defaults are in docs/adr/0017-the-loop-pays-by-path.md.
    """

    seed: int = 0
    batch_size: int = 8
    place: str = "0.5"
    damping: str = "3"
    row_size: int = 131_072
    related_cosine: str = "0.1"
    near_duplicate_cosine: str = "0.3"
    residual_floor: str = "0.3"
    noise_multiple: int = 5
    noise_ceiling: int = 2**32 // 20
    score_unit_bits: int = 32
    share_floor: int = 2**32 // 10

    @property
    def rows(self) -> HashedSpec:
        """What rows are made by."""
        return HashedSpec(float(self.place), float(self.damping), self.row_size, self.batch_size, self.seed)


@dataclass(frozen=True, slots=True)
class TrainIndex:
    """What an adapter's training texts weigh; example `e` belongs to `contribution_ids[columns[e]]`."""

    spec: ScoringSpec
    contribution_ids: tuple[int, ...]
    columns: tuple[int, ...]
    rows: Rows
    whitening: Whitening
    residual_norms: tuple[float, ...]

    @property
    def is_paid(self) -> NDArray[np.bool_]:
        """`(n_example,)`: which examples add something to the ones before them."""
        return self.rows.scales > 0


def train_index(
    model: Any,
    examples: Sequence[Example],
    contribution_ids: Sequence[int],
    spec: ScoringSpec,
    progress: Progress | None = None,
) -> TrainIndex:
    """The index of an adapter's training examples, which come in commit order; `contribution_ids[e]` owns example `e`.

    `progress(done, total)` is called after each batch, and counts every example once a pass. Needs 4 bytes for each
    number of a row, and 8 for each of the adapted weights.
    """
    if len(examples) != len(contribution_ids) or not examples:
        raise ValueError(
            f"{len(examples)} examples and {len(contribution_ids)} contribution ids; expected one id an example, "
            "and at least one example; pass the snapshot's examples with their contribution_id"
        )
    with single_thread():
        seen = _counted(progress, hashed.PASSES * len(examples))
        whitening, rows = hashed.train_rows(model, examples, spec.rows, seen)
        return index_of(rows, whitening, contribution_ids, spec)


def index_of(rows: Tensor, whitening: Whitening, contribution_ids: Sequence[int], spec: ScoringSpec) -> TrainIndex:
    """The index of white train rows `(n, row_size)` in commit order, which are changed in place: rules R4 and R5."""
    gram = (unit_rows(rows) @ rows.T).double().numpy()
    residuals = sequential_residuals(
        gram,
        related_cosine=float(spec.related_cosine),
        near_duplicate_cosine=float(spec.near_duplicate_cosine),
        residual_floor=float(spec.residual_floor),
    )
    codes = quantize(apply_residuals(rows, residuals))
    known = tuple(dict.fromkeys(contribution_ids))
    places = {contribution: column for column, contribution in enumerate(known)}
    columns = tuple(places[contribution] for contribution in contribution_ids)
    return TrainIndex(spec, known, columns, codes, whitening, tuple(residual.norm for residual in residuals))


def query_rows(index: TrainIndex, model: Any, answers: Sequence[Example]) -> IntegerRows:
    """The integer rows `(n_query, P)` of answers (prompts with the completions that were given), white as the index."""
    with single_thread():
        return quantize(unit_rows(hashed.query_rows(model, index.whitening, answers, index.spec.rows)))


def score(index: TrainIndex, queries: IntegerRows) -> NDArray[np.int64]:
    """How much each contribution shaped each answer: int64 `(n_query, n_contribution)`, in `2**-score_unit_bits`.

    A positive score made the answer likelier. A single example scores at most one in size.
    """
    spec = index.spec
    raw = example_scores(queries, index.rows, unit_bits=spec.score_unit_bits)
    kept = shrink(raw, index.is_paid, noise_multiple=spec.noise_multiple, noise_ceiling=spec.noise_ceiling)
    return sum_by_contribution(kept, index.columns, count=len(index.contribution_ids))


def _counted(progress: Progress | None, total: int) -> Callable[[int], None]:
    done = 0

    def seen(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    return seen
