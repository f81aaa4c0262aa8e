"""Proof of Attribution in three calls: train examples become an index, answers become rows, both become integer scores.

    index = train_index(model, examples, contribution_ids, spec)
    rows  = query_rows(index, model, answers)
    table = score(index, rows)                      int64 (n_query, n_contribution)

A row is the gradient of one example's loss with respect to the LoRA matrices (`gradients`), whitened by EK-FAC
(`ekfac`), at length one; a train row keeps only what it adds to earlier texts (`novelty`). Both kinds become int8
(`quantize`), and from there on everything is exact (`scores`).

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
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribution_oracle.influence.ekfac import FactorSums, Whitening, fit_whitening, whiten
from attribution_oracle.influence.gradients import (
    lora_matrices,
    per_example_gradients,
    single_thread,
    stream_flows,
    write_rows,
)
from attribution_oracle.influence.heads import Example
from attribution_oracle.influence.novelty import apply_residuals, sequential_residuals, unit_rows
from attribution_oracle.influence.quantize import IntegerRows, Rows, quantize
from attribution_oracle.influence.scores import example_scores, shrink, sum_by_contribution

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ScoringSpec:
    """Every parameter that a score depends on, in the form in which it goes into the evidence: integers and decimals.

    `noise_ceiling` and `share_floor` are in score units, `2**-score_unit_bits`. The floor is the least denominator of a
    share: the answer to a question that nothing taught scores below it, and pays in proportion. The measurements behind
    the defaults are in docs/adr/0005-influence-first-version.md.
    """

    seed: int = 0
    batch_size: int = 8
    damping: str = "0.1"
    related_cosine: str = "0.1"
    near_duplicate_cosine: str = "0.4"
    residual_floor: str = "0.3"
    noise_multiple: int = 5
    noise_ceiling: int = 2**32 // 20
    score_unit_bits: int = 32
    share_floor: int = 2**32 // 20


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

    `progress(done, total)` is called after each batch. Needs `8 * P` bytes an example at its peak, P LoRA parameters.
    """
    if len(examples) != len(contribution_ids) or not examples:
        raise ValueError(
            f"{len(examples)} examples and {len(contribution_ids)} contribution ids; expected one id an example, "
            "and at least one example; pass the snapshot's examples with their contribution_id"
        )
    with single_thread():
        rows, whitening = _whitened(model, examples, spec, progress)
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
        rows = per_example_gradients(model, answers, batch_size=index.spec.batch_size)
        return quantize(unit_rows(whiten(index.whitening, rows)))


def score(index: TrainIndex, queries: IntegerRows) -> NDArray[np.int64]:
    """How much each contribution shaped each answer: int64 `(n_query, n_contribution)`, in `2**-score_unit_bits`.

    A positive score made the answer likelier. A single example scores at most one in size.
    """
    spec = index.spec
    raw = example_scores(queries, index.rows, unit_bits=spec.score_unit_bits)
    kept = shrink(raw, index.is_paid, noise_multiple=spec.noise_multiple, noise_ceiling=spec.noise_ceiling)
    return sum_by_contribution(kept, index.columns, count=len(index.contribution_ids))


def _whitened(
    model: Any, examples: Sequence[Example], spec: ScoringSpec, progress: Progress | None
) -> tuple[Tensor, Whitening]:
    matrices = lora_matrices(model)
    rows = torch.empty(len(examples), matrices[-1].stop)
    sampled = torch.empty_like(rows)
    factors, done = FactorSums(matrices), 0
    for flows in stream_flows(model, matrices, examples, batch_size=spec.batch_size, seed=spec.seed):
        write_rows(rows, flows.positions, flows.true)
        write_rows(sampled, flows.positions, flows.sampled)
        factors.add(flows.sampled)
        done += len(flows.positions)
        if progress:
            progress(done, len(examples))
    whitening = fit_whitening(factors.bases(), sampled, damping=float(spec.damping))
    del sampled  # as large as the rows, and whitening makes as much again
    return whiten(whitening, rows), whitening
