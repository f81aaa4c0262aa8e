"""Rows as int8 with one integer scale each, so that whatever follows is exact on any hardware.

A row `x` becomes `codes` and `scale` with `x ~ codes * scale / 2**SCALE_BITS`:
    scale = ceil(max|x| * 2**SCALE_BITS / 127)          0 for a row of zeros
    codes = round(x * 2**SCALE_BITS / scale)            to nearest, ties to even; |codes| <= 127 as scale rounds up
Every coordinate is off by at most half a step, `scale / 2**(SCALE_BITS + 1)`.

Half-precision rows are the same with float16 codes of at most 2**15 in size, for what is estimated and not paid on:
    scale = ceil(max|x| * 2**SCALE_BITS / 2**15)        0 for a row of zeros
    codes = float16(x * 2**SCALE_BITS / scale)          off by at most 2**-11 of the coordinate, or 2**-25 of a scale
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

SCALE_BITS = 24
_MAX_CODE = 127
_MAX_HALF = 2**15
# In a block of 1,024 columns no sum of products of codes passes 2**14 * 2**10 = 2**24, and float32 holds every integer
# up to there: sums are exact in whatever order they are formed. That covers the code -128, which others may send.
EXACT_COLUMNS = 1_024
_BLOCK_ROWS = 128


class Rows(Protocol):
    """Integer rows, in memory or in a gradient store: what a score needs of them."""

    def __len__(self) -> int: ...

    @property
    def width(self) -> int:
        """The columns, P."""

    @property
    def scales(self) -> NDArray[np.int64]:
        """`(n,)`, in units of `2**-SCALE_BITS`."""

    @property
    def squares(self) -> NDArray[np.int64]:
        """`(n,)`, the sum of each row's squared codes."""

    def tiles(self, row_count: int) -> Iterator[IntegerRows]:
        """The rows in order, `row_count` at a time."""


@dataclass(frozen=True, slots=True)
class IntegerRows:
    """`codes` int8 `(n, P)` and `scales` int64 `(n,)`, in units of `2**-SCALE_BITS`."""

    codes: NDArray[np.int8]
    scales: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def width(self) -> int:
        """The columns, P."""
        return int(self.codes.shape[1])

    @property
    def squares(self) -> NDArray[np.int64]:
        """`(n,)`, the sum of each row's squared codes, exact; computed at each call."""
        total = np.zeros(len(self.codes), dtype=np.int64)
        for top in range(0, len(self.codes), _BLOCK_ROWS):
            some = slice(top, top + _BLOCK_ROWS)
            for left in range(0, self.width, EXACT_COLUMNS):
                block = self.codes[some, left : left + EXACT_COLUMNS].astype(np.float32)
                total[some] += np.einsum("ij,ij->i", block, block).astype(np.int64)
        return total

    def tiles(self, row_count: int) -> Iterator[IntegerRows]:
        """The rows in order, `row_count` at a time, as views."""
        for start in range(0, len(self.codes), row_count):
            part = slice(start, start + row_count)
            yield IntegerRows(self.codes[part], self.scales[part])


@dataclass(frozen=True, slots=True)
class HalfRows:
    """`codes` float16 `(n, P)` and `scales` int64 `(n,)`, in units of `2**-SCALE_BITS`."""

    codes: NDArray[np.float16]
    scales: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)


def quantize(rows: Tensor) -> IntegerRows:
    """The integer form of float32 rows `(n, P)`. Raises ValueError for a row that is not finite."""
    codes = np.zeros(rows.shape, dtype=np.int8)
    scales = np.zeros(len(rows), dtype=np.int64)
    for i, row in enumerate(rows.numpy()):
        exact = row.astype(np.float64)
        peak = np.abs(exact).max()
        if not np.isfinite(peak):
            raise ValueError(f"row {i} holds {peak}; expected finite gradients; check the adapter's weights")
        scales[i] = int(np.ceil(peak * 2**SCALE_BITS / _MAX_CODE))
        if scales[i]:
            codes[i] = np.rint(exact * (2.0**SCALE_BITS / scales[i]))
    return IntegerRows(codes, scales)


def halve(rows: Tensor) -> HalfRows:
    """The half-precision form of float32 rows `(n, P)`. Raises ValueError for a row that is not finite."""
    exact = rows.numpy().astype(np.float64)
    peaks = np.abs(exact).max(axis=1, initial=0.0)
    if not np.isfinite(peaks).all():
        i = int(np.flatnonzero(~np.isfinite(peaks))[0])
        raise ValueError(f"row {i} holds {peaks[i]}; expected finite gradients; check the adapter's weights")
    scales = np.ceil(peaks * 2**SCALE_BITS / _MAX_HALF).astype(np.int64)
    codes = exact * (2.0**SCALE_BITS / np.maximum(scales, 1))[:, None]
    return HalfRows(codes.astype(np.float16), scales)


def restore(rows: IntegerRows | HalfRows) -> NDArray[np.float64]:
    """The real numbers that stored rows stand for, `(n, P)`."""
    return rows.codes * (rows.scales / 2.0**SCALE_BITS)[:, None]
