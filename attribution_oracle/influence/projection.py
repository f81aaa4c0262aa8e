"""Random projections of rows to k numbers that keep dot products on average.

    JL (Gaussian):  S = N(0, 1 / k)  (k, P)                  4 k P bytes, k P multiplications a row
    SJLT (s = 1):   (S x)[b] = sum over p with bucket[p] = b of sign[p] x[p]          P additions a row, 9 P bytes
E <S x, S y> = <x, y> for both; the variance is that of |x|^2 |y|^2 / k. Project *after* whitening, if at all
(docs/adr/0012-influence-methods.md has what each k costs).
"""

from __future__ import annotations

import torch
from torch import Tensor


def gaussian(rows: Tensor, *, size: int, seed: int) -> Tensor:
    """Rows `(n, P)` by a Gaussian matrix of a seed, `(n, size)`; the matrix is made in parts and never kept."""
    projected = torch.zeros(len(rows), size)
    # one generator for all parts: torch reads 32 bits of a seed, so seeds that are 2**32 apart are the same
    generator = torch.Generator().manual_seed(seed)
    for part in torch.split(rows, 4_096, dim=1):
        projected += part @ (torch.randn(part.shape[1], size, generator=generator) / size**0.5)
    return projected


def sjlt(rows: Tensor, *, size: int, seed: int) -> Tensor:
    """Rows `(n, P)` by a sparse Johnson-Lindenstrauss map of a seed with one entry a column, `(n, size)`."""
    generator = torch.Generator().manual_seed(seed)
    buckets = torch.randint(size, (rows.shape[1],), generator=generator)
    signs = torch.randint(2, (rows.shape[1],), generator=generator) * 2.0 - 1.0
    return torch.zeros(len(rows), size).index_add_(1, buckets, rows * signs)
