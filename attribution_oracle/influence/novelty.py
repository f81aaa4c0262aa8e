"""What a text adds to the texts before it: the weight with which its gradient row is paid (rules R4 and R5).

Formulas, for unit rows `u_1, u_2, ...` in commit order and `N(i) = { j < i : |<u_j, u_i>| >= related_cosine }`:
    r_i = u_i - projection of u_i onto span{ u_j : j in N(i) }
    r_i = 0    when |r_i| < residual_floor, or when some j < i has |<u_j, u_i>| >= near_duplicate_cosine

Only content counts: who owns a row does not enter, so splitting one account into many changes nothing. Only *earlier*
rows count: handing in copies can neither change the row of their original nor join two rows that were apart (clusters
by connected components could). Rows have length one before the residual is taken, so a text cannot raise its score by
having a large gradient.

Both signs count. A model that was trained on a text and on an edited copy of it rests where the two pull against each
other, so their gradients come out opposed more often than aligned (measured: docs/adr/0005).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Directions of a neighbourhood weaker than this share of the strongest carry rounding noise, not content.
_RANK_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Residual:
    """How one row is paid: the row minus `weights[k]` times each earlier row `earlier[k]`; nothing when `is_copy`."""

    earlier: NDArray[np.int64]
    weights: NDArray[np.float64]
    norm: float
    is_copy: bool


def unit_rows(rows: Tensor) -> Tensor:
    """Scales rows `(n, P)` to length one in place and returns them; rows of zeros stay."""
    for row in rows:
        length = torch.linalg.vector_norm(row, dtype=torch.float64).item()
        row.mul_(1.0 / length if length > 0.0 else 0.0)
    return rows


def sequential_residuals(
    gram: NDArray[np.float64], *, related_cosine: float, near_duplicate_cosine: float, residual_floor: float
) -> list[Residual]:
    """The residual of every row, from the cosines `gram` `(n, n)` of unit rows in commit order."""
    residuals = []
    for i in range(len(gram)):
        cosines = gram[i, :i]
        earlier = np.flatnonzero(np.abs(cosines) >= related_cosine)
        within = gram[np.ix_(earlier, earlier)]
        weights = np.linalg.lstsq(within, cosines[earlier], rcond=_RANK_TOLERANCE)[0].astype(np.float64)
        norm = float(np.sqrt(max(0.0, gram[i, i] - weights @ cosines[earlier])))
        is_near_duplicate = bool((np.abs(cosines) >= near_duplicate_cosine).any())
        residuals.append(Residual(earlier, weights, norm, is_copy=is_near_duplicate or norm < residual_floor))
    return residuals


def apply_residuals(rows: Tensor, residuals: list[Residual]) -> Tensor:
    """Replaces unit rows `(n, P)` in place by what each of them adds, and returns them."""
    # From the last to the first, because a residual is taken against the earlier rows as they came.
    for i in range(len(rows) - 1, -1, -1):
        if residuals[i].is_copy:
            rows[i].zero_()
        elif len(residuals[i].earlier):
            rows[i] -= torch.from_numpy(residuals[i].weights).float() @ rows[residuals[i].earlier]
    return rows
