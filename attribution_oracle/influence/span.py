"""Exact inverses on top of an approximate one: Fisher matrices that are a few rows and a ridge, applied to rows.

Formulas, for rows F `(R, P)` and a ridge r > 0:
    (F^T F / R + r I)^-1 v  =  (v - F^T (R r I + F F^T)^-1 F v) / r                                    Woodbury
EK-FAC with span correction: in the whitened space EK-FAC is the identity, and the Fisher matrix of the sampled rows F,
of which it is an approximation, is mixed into it,
    H = (1 - rho) F^T F / R + rho I                rho = 1 is EK-FAC alone
which is what conjugate gradients with EK-FAC as preconditioner (EKFAC+CG, ASTRA) converge to with damping
rho / (1 - rho) of EK-FAC's own matrix; stopped early they lie between the two.

Scale: Woodbury takes `R**2 P + R**3 / 3` multiplications and `4 R**2` bytes, so R is to be a sample past 10^4 rows
(4 GB); conjugate gradients take `4 R P` a vector and step, and `16 P` bytes a vector, for any R. Neither forms a matrix
of train rows by train rows: what is corrected is the query.
"""

from __future__ import annotations

import torch
from torch import Tensor


def ridge_inverse(vectors: Tensor, rows: Tensor, ridge: float) -> Tensor:
    """`(rows^T rows / R + ridge I)^-1` times each of `vectors` `(n, P)`."""
    if not ridge > 0:
        raise ValueError(f"ridge is {ridge}; expected a number above 0: the rows alone have no inverse")
    gram = (rows @ rows.T).double()
    gram.diagonal().add_(len(rows) * ridge)
    weights = torch.linalg.solve(gram, (rows @ vectors.T).double()).float()
    corrected: Tensor = (vectors - weights.T @ rows) / ridge
    return corrected


def span_corrected(vectors: Tensor, sampled: Tensor, *, rho: float) -> Tensor:
    """`((1 - rho) F^T F / R + rho I)^-1` times each of the white `vectors` `(n, P)`, F the white sampled rows."""
    if not 0 < rho <= 1:
        raise ValueError(f"rho is {rho}; expected a number above 0 and at most 1, which is EK-FAC alone")
    return vectors if rho == 1 else ridge_inverse(vectors, sampled, rho / (1 - rho)) / (1 - rho)


def conjugate_gradients(vectors: Tensor, sampled: Tensor, *, rho: float, steps: int) -> Tensor:
    """`steps` steps from zero towards `span_corrected`, without a matrix of rows by rows; one step only scales."""
    solution, residual = torch.zeros_like(vectors), vectors.clone()
    direction, length = residual.clone(), _squares(residual)
    for _ in range(steps):
        image = (1 - rho) / len(sampled) * ((direction @ sampled.T) @ sampled) + rho * direction
        # where a vector has converged, 0 / 0 must not spoil it
        step = length / (direction * image).sum(1, keepdim=True).clamp_min(torch.finfo(vectors.dtype).tiny)
        solution += step * direction
        residual -= step * image
        shorter = _squares(residual)
        direction = residual + shorter / length.clamp_min(torch.finfo(vectors.dtype).tiny) * direction
        length = shorter
    return solution


def _squares(vectors: Tensor) -> Tensor:
    return vectors.square().sum(1, keepdim=True)
