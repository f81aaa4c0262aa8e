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
from typing import Protocol

import torch
from torch import Tensor

from attribution_oracle.influence.gradients import Flow

# Rows that are rotated together: what bounds the memory beside the rows.
_TILE = 64
# Vectors of one float32 product: as many in every product, or the last bits of a factor would follow the batch size.
_GROUP = 256
Decomposed = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Basis:
    """The eigenbasis of the part `[start, stop)` of gradient rows: `left` `(n_out, n_out)`, `right` `(n_in, n_in)`."""

    start: int
    stop: int
    left: Tensor
    right: Tensor

    def rotate(self, rows: Tensor) -> Tensor:
        """The part of gradient rows `(n, P)` that belongs to this matrix, in the eigenbasis, `(n, n_out * n_in)`.

        `bmm` makes one small product a row, whatever their number; `matmul` would fold the rows into one large product
        and round a row differently with each number of neighbours (seen for matrices of 3 and 4 rows).
        """
        n = len(rows)
        gradients = rows[:, self.start : self.stop].reshape(n, self.left.shape[0], self.right.shape[0])
        turned = torch.bmm(self.left.T.expand(n, -1, -1), gradients)
        return torch.bmm(turned, self.right.expand(n, -1, -1)).flatten(1)


@dataclass(frozen=True, slots=True)
class Whitening:
    """The damped inverse square root of the Fisher matrix: `inverse_root` `(P,)` holds `1 / sqrt(lambda + damping)`."""

    bases: list[Basis]
    inverse_root: Tensor


class Block(Protocol):
    """A matrix with a place in gradient rows."""

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def start(self) -> int: ...

    @property
    def stop(self) -> int: ...


class _Gram:
    """A sum of `v v^T` over vectors, float64, whose bits depend on their order but not on the batches they come in."""

    def __init__(self, size: int) -> None:
        self._total = torch.zeros(size, size, dtype=torch.float64)
        self._waiting: list[Tensor] = []

    def add(self, vectors: Tensor) -> None:
        """Adds vectors `(n, size)`."""
        self._waiting.append(vectors)
        if sum(map(len, self._waiting)) >= _GROUP:
            *groups, rest = torch.split(torch.cat(self._waiting), _GROUP)
            for group in groups:
                self._total += _squared(group)
            self._waiting = [rest.clone()]

    def total(self) -> Tensor:
        """The sum so far."""
        return self._total + _squared(torch.cat(self._waiting)) if self._waiting else self._total


class FactorSums:
    """Sums over positions of the Kronecker factors of every matrix, in float64."""

    def __init__(self, matrices: Sequence[Block]) -> None:
        self._matrices = matrices
        self._gradients, self._inputs = ([_Gram(m.shape[side]) for m in matrices] for side in (0, 1))

    def add(self, flows: Sequence[Flow]) -> None:
        """Adds the flows of one batch, in canonical order, of sampled labels."""
        for index, flow in enumerate(flows):
            self._inputs[index].add(flow.inputs.flatten(0, 1))
            self._gradients[index].add(flow.gradients.flatten(0, 1))

    def bases(self) -> list[Basis]:
        """The eigenbases, eigenvalues ascending."""
        known: dict[bytes, Decomposed] = {}
        sides = zip(self._matrices, self._gradients, self._inputs, strict=True)
        return [
            Basis(m.start, m.stop, _eigen(left.total(), known)[1], _eigen(right.total(), known)[1])
            for m, left, right in sides
        ]

    def spectrum(self) -> Tensor:
        """K-FAC's eigenvalues `(P,)`: of each matrix all products of one of S and one of A, up to a factor."""
        known: dict[bytes, Decomposed] = {}
        pairs = zip(self._gradients, self._inputs, strict=True)
        parts = [
            torch.outer(_eigen(left.total(), known)[0], _eigen(right.total(), known)[0]).flatten()
            for left, right in pairs
        ]
        return torch.cat(parts).clamp_min_(0.0)


def fit_whitening(bases: list[Basis], sampled_rows: Tensor, *, damping: float) -> Whitening:
    """Corrected eigenvalues from gradient rows `(n, P)` of sampled labels; damping is relative to a matrix's mean."""
    squares = torch.zeros(sampled_rows.shape[1])
    for rows in torch.split(sampled_rows, _TILE):
        for basis in bases:
            squares[basis.start : basis.stop] += basis.rotate(rows).square_().sum(0)
    eigenvalues = squares / len(sampled_rows)
    return Whitening(bases, damped(bases, eigenvalues, damping=damping).rsqrt_())


def damped(bases: Sequence[Basis], eigenvalues: Tensor, *, damping: float) -> Tensor:
    """Adds to the eigenvalues `(P,)` of each matrix, in place, `damping` times their mean, and returns them."""
    for basis in bases:
        part = eigenvalues[basis.start : basis.stop]
        # A matrix without any gradient (a B of zeros stops what flows to its A) has nothing to whiten and stays zero.
        part += damping * part.mean() if part.any() else 1.0
    return eigenvalues


def whiten(whitening: Whitening, rows: Tensor) -> Tensor:
    """Whitens gradient rows `(n, P)` in place and returns them; bit for bit, none depends on its neighbours."""
    for tile in torch.split(rows, _TILE):
        for basis in whitening.bases:
            tile[:, basis.start : basis.stop] = basis.rotate(tile)
        tile *= whitening.inverse_root
    return rows


def _squared(vectors: Tensor) -> Tensor:
    return (vectors.T @ vectors).double().cpu()


def _eigen(factor: Tensor, known: dict[bytes, Decomposed]) -> Decomposed:
    """Eigenvalues and eigenvectors, float32. Projections of the same activations share a factor, decomposed once."""
    key = hashlib.sha256(factor.numpy().tobytes()).digest()
    if key not in known:
        values, vectors = torch.linalg.eigh(factor)
        known[key] = values.float(), vectors.float()
    return known[key]
