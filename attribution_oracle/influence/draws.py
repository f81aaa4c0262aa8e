"""Labels drawn from a model's own predictions, the same whatever examples share a batch."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def uniform_numbers(count: int, *, seed: int, position: int) -> Tensor:
    """`(count, 1)` float64 numbers in [0, 1), keyed by the seed and the example's position, not by batches."""
    key = hashlib.sha256(f"openledger-fisher/1:{seed}:{position}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(key[:7], "big"))
    return torch.rand(count, 1, generator=generator, dtype=torch.float64)


def draw_labels(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """One label from each row of `probabilities` `(n, C)`: the first whose cumulative probability reaches `uniform`.

    `torch.multinomial` draws a number for each word of the vocabulary and took 8 % of the whole index.
    """
    cumulative = probabilities.double().cumsum(1)
    return torch.searchsorted(cumulative, uniform * cumulative[:, -1:])[:, 0].clamp_max(probabilities.shape[1] - 1)


def sample_labels(probabilities: Tensor, *, seed: int, position: int) -> Tensor:
    """The labels that the example at `position` draws from its predictions `(n, C)`."""
    uniform = uniform_numbers(len(probabilities), seed=seed, position=position)
    return draw_labels(probabilities, uniform.to(probabilities.device))
