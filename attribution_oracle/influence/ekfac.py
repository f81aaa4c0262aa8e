"""EK-FAC: a damped inverse Fisher matrix that is cheap to apply, from labels sampled from the model.

Formulas (Grosse et al. 2023, section 3.2; George et al. 2018), for one LoRA matrix with gradients `G_n` (out, in):
    A = mean of x x^T = Q_A D_A Q_A^T           (in, in)        over positions
    S = mean of g g^T = Q_S D_S Q_S^T           (out, out)      over positions, labels sampled
    lambda = mean over n of (Q_S^T G_n Q_A)^2   (out, in)       "corrected" eigenvalues
    H ~ (Q_S x Q_A) diag(lambda) (Q_S x Q_A)^T,     damping = c * mean(lambda), one per matrix
    white(G) = (Q_S^T G Q_A) / sqrt(lambda + damping)
so that `<white(G), white(G')> = G^T (H + damping)^-1 G'`: an influence score is a dot product of white rows.

The labels must be sampled: with the true ones H is the empirical Fisher, which measured far worse (docs/adr/0005).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attribution_oracle.influence.gradients import Flow, LoraMatrix


@dataclass(frozen=True, slots=True)
class Basis:
    """The eigenbasis of the part `[start, stop)` of gradient rows: `left` `(n_out, n_out)`, `right` `(n_in, n_in)`."""

    start: int
    stop: int
    left: Tensor
    right: Tensor

    def rotate(self, row: Tensor) -> Tensor:
        """The part of one gradient row that belongs to this matrix, in the eigenbasis, `(n_out, n_in)`."""
        gradient = row[self.start : self.stop].view(self.left.shape[0], self.right.shape[0])
        return self.left.T @ gradient @ self.right


@dataclass(frozen=True, slots=True)
class Whitening:
    """The damped inverse square root of the Fisher matrix: `inverse_root` `(P,)` holds `1 / sqrt(lambda + damping)`."""

    bases: list[Basis]
    inverse_root: Tensor


class FactorSums:
    """Sums over positions of the Kronecker factors of every LoRA matrix, in float64."""

    def __init__(self, matrices: Sequence[LoraMatrix]) -> None:
        self._matrices = matrices
        self._gradients, self._inputs = (
            [torch.zeros(m.shape[side], m.shape[side], dtype=torch.float64) for m in matrices] for side in (0, 1)
        )

    def add(self, flows: Sequence[Flow]) -> None:
        """Adds the flows of one batch, in canonical order, of sampled labels."""
        for index, flow in enumerate(flows):
            for total, part in ((self._inputs[index], flow.inputs), (self._gradients[index], flow.gradients)):
                columns = part.flatten(0, 1)
                total += columns.T @ columns

    def bases(self) -> list[Basis]:
        """The eigenbases. Projections of the same activations have the same input factor, which is decomposed once."""
        known: dict[bytes, Tensor] = {}

        def eigenvectors(factor: Tensor) -> Tensor:
            key = hashlib.sha256(factor.numpy().tobytes()).digest()
            if key not in known:
                known[key] = torch.linalg.eigh(factor).eigenvectors.float()
            return known[key]

        sides = zip(self._matrices, self._gradients, self._inputs, strict=True)
        return [Basis(m.start, m.stop, eigenvectors(left), eigenvectors(right)) for m, left, right in sides]


def fit_whitening(bases: list[Basis], sampled_rows: Tensor, *, damping: float) -> Whitening:
    """Corrected eigenvalues from gradient rows `(n, P)` of sampled labels; damping is relative to a matrix's mean."""
    squares = torch.zeros(sampled_rows.shape[1])
    for row in sampled_rows:
        squares += _rotate(bases, row).square_()
    eigenvalues = squares / len(sampled_rows)
    for basis in bases:
        part = eigenvalues[basis.start : basis.stop]
        # A matrix without any gradient (a B of zeros stops what flows to its A) has nothing to whiten and stays zero.
        part += damping * part.mean() if part.any() else 1.0
    return Whitening(bases, eigenvalues.rsqrt_())


def whiten(whitening: Whitening, rows: Tensor) -> Tensor:
    """Whitens gradient rows `(n, P)` in place and returns them; one by one, so that none depends on its neighbours."""
    for row in rows:
        row.copy_(_rotate(whitening.bases, row)).mul_(whitening.inverse_root)
    return rows


def _rotate(bases: Sequence[Basis], row: Tensor) -> Tensor:
    return torch.cat([basis.rotate(row).flatten() for basis in bases])
