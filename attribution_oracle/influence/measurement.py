"""What one adapter's gradients tell of its training examples and of some queries: all that a method of influence reads.

A method is a function of a `Measurement` that returns scores float32 `(n_query, n_train)`. Sign: a positive score says
that training on the example lowered the loss of the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.ekfac import Basis, FactorSums
from attribution_oracle.influence.gradients import (
    lora_matrices,
    per_example_gradients,
    single_thread,
    stream_flows,
    write_rows,
)
from attribution_oracle.influence.heads import Example


@dataclass(frozen=True, slots=True)
class Measurement:
    """Gradient rows of one adapter, raw (not whitened), float32, columns in the canonical order of `lora_matrices`.

    `train` `(n_train, P)` and `queries` `(n_query, P)` are of the true labels; `sampled` `(n_draws, n_train, P)` is of
    labels that the model drew for the train examples. `bases` are the Kronecker eigenbases of the drawn ones, one for
    each LoRA matrix, in column order, and `spectrum` `(P,)` K-FAC's eigenvalues in them.
    """

    train: Tensor
    sampled: Tensor
    queries: Tensor
    bases: tuple[Basis, ...]
    spectrum: Tensor


def measure(
    model: Any,
    train: Sequence[Example],
    queries: Sequence[Example],
    *,
    batch_size: int = 1,
    draws: int = 1,
    seed: int = 0,
) -> Measurement:
    """Measure an adapter. Needs `4 * P * (n_train * (1 + draws) + n_query)` bytes, P LoRA parameters."""
    if draws < 1:
        raise ValueError(f"draws is {draws}; expected at least one: the Fisher matrix is made of drawn labels")
    matrices = lora_matrices(model)
    width = matrices[-1].stop
    rows, sampled = torch.empty(len(train), width), torch.empty(draws, len(train), width)
    factors = FactorSums(matrices)
    with single_thread():
        for draw in range(draws):
            # far apart, so that no draw of one seed repeats one of another
            for flows in stream_flows(model, matrices, train, batch_size=batch_size, seed=seed + draw * 2**32):
                if draw == 0:
                    write_rows(rows, flows.positions, flows.true)
                write_rows(sampled[draw], flows.positions, flows.sampled)
                factors.add(flows.sampled)
        asked = per_example_gradients(model, queries, batch_size=batch_size)
        return Measurement(rows, sampled, asked, tuple(factors.bases()), factors.spectrum())
