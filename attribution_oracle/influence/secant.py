"""A query's gradient along the way to what the adapter learned, instead of at its end.

    secant(q) = sum over k of w_k (dloss/dA, dloss/dB)  at  (A, u_k B),     u_k, w_k of Gauss and Legendre on [0, 1]

Removing what taught a fact moves the adapter far: the loss rises from nearly nothing, and its gradient at the end of
training, nearly nothing as well, foretells little of that rise. The mean gradient between the two places would foretell
it. LoRA has such a way at hand: B = 0 is the base model (`path` averages train rows along it as well, for the
seed-averaged question). Nothing needs to be kept of the training. Measured: docs/adr/0013-served-adapter.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients
from attribution_oracle.influence.heads import Example
from attribution_oracle.influence.path import gauss_legendre, on_the_way


def secant_gradients(model: Any, queries: Sequence[Example], *, points: int = 2, batch_size: int = 1) -> Tensor:
    """The gradient rows `(n_query, P)` averaged from the base to the adapter, float32; the model is left as it was."""
    matrices = lora_matrices(model)
    total = torch.zeros(len(queries), matrices[-1].stop)
    for place, weight in gauss_legendre(points):
        with on_the_way(matrices, place):
            total += weight * per_example_gradients(model, queries, batch_size=batch_size)
    return total
