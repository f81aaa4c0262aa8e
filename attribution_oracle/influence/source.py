"""What the served adapter would say without an example: SOURCE with AdamW's preconditioner, segment by segment.

Formulas (Bae et al. 2024, section 3.2 and appendix on preconditioned updates), for segments l = 1 ... L with the sum of
rates tau, AdamW's divisor D = sqrt(vhat) + eps, and the loss gradients G of the train examples (a loss is a mean over
`n_tokens` tokens, c = 1 / n_tokens), all at the segment's checkpoint; q is the gradient of a query:
    H = c F^T F / draws              F: gradient rows of sampled labels;   M = D^-1/2 H D^-1/2
    u_L = q,     u_(l-1) = D^1/2 exp(-tau M) D^-1/2 u_l
    score   = c sum over l of u_l^T D^-1/2 f(M) D^-1/2 G^T,      f(s) = (1 - exp(-tau s)) / s,  f(0) = tau
f and exp are exact: M has the rank of F, and its eigenvectors come from the Gram matrix of F D^-1/2. Nothing is
damped: directions that training had no time to settle weigh tau. A score is in nats: what the query's loss would gain
if the example's weight went from one to zero, to first order, momentum and the change of D left out.

Who alone taught a fact takes all of it away again, which a first order falls short of: groups of examples are for
`retraining`, which goes through the very steps; docs/adr/0016-linear-retraining.md compares both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attribution_oracle.influence.measurement import Measurement
from attribution_oracle.influence.trajectory import Trajectory

# Eigenvalues below this share of the largest are rounding noise of the float32 Gram matrix.
_RANK_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the training: rows `train` `(n, P)` and `sampled` `(draws, n, P)`, divisor `(P,)`, sum of rates."""

    train: Tensor
    sampled: Tensor
    deviation: Tensor
    rate_sum: float


def segments(trajectory: Trajectory, measurements: Sequence[Measurement]) -> list[Segment]:
    """The segments of a training, from a measurement at each of its checkpoints."""
    parts = zip(measurements, trajectory.deviations(), trajectory.rate_sums(), strict=True)
    return [Segment(found.train, found.sampled, deviation, total) for found, deviation, total in parts]


def source(parts: Sequence[Segment], queries: Tensor, *, n_tokens: int) -> Tensor:
    """Scores float32 `(n_query, n_train)` of query gradients `(n_query, P)`; positive: the example lowered the loss.

    `n_tokens` is the number of tokens that the train loss is a mean over. One segment is SOURCE of a whole training at
    one checkpoint. Costs an eigendecomposition of a `(draws n, draws n)` matrix a segment, and holds `8 draws n P`
    bytes.
    """
    scores = queries.new_zeros(len(queries), len(parts[0].train))
    moving = queries
    for part in reversed(parts):
        spectrum = _Spectrum(part, 1 / n_tokens)
        inner = moving * spectrum.scale
        scores += (spectrum.settled(inner) * spectrum.scale) @ part.train.T / n_tokens
        moving = spectrum.decayed(inner) / spectrum.scale
    return scores


class _Spectrum:
    """Functions of one segment's M, by its eigenvalues `(k,)` and eigenvectors `(k, P)`."""

    def __init__(self, part: Segment, unit: float) -> None:
        self.scale = part.deviation.rsqrt()
        self._rate_sum = part.rate_sum
        rows = part.sampled.flatten(0, 1) * self.scale
        gram = (rows @ rows.T).double() * (unit / len(part.sampled))
        values, vectors = torch.linalg.eigh(gram)
        kept = values > values[-1] * _RANK_TOLERANCE
        self._values = values[kept]
        lengths = (self._values / (unit / len(part.sampled))).sqrt()
        self._vectors = (vectors[:, kept] / lengths).to(rows.dtype).T @ rows

    def settled(self, x: Tensor) -> Tensor:
        """`f(M) x` for rows x."""
        weights = -torch.expm1(-self._rate_sum * self._values) / self._values - self._rate_sum
        return self._rate_sum * x + self._along(x, weights)

    def decayed(self, x: Tensor) -> Tensor:
        """`exp(-tau M) x` for rows x."""
        return x + self._along(x, torch.expm1(-self._rate_sum * self._values))

    def _along(self, x: Tensor, weights: Tensor) -> Tensor:
        along: Tensor = ((x @ self._vectors.T) * weights.to(x.dtype)) @ self._vectors
        return along
