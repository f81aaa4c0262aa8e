"""Rows as int8 with one integer scale each, so that whatever follows is exact on any hardware.

A row `x` becomes `codes` and `scale` with `x ~ codes * scale / 2**SCALE_BITS`:
    scale = ceil(max|x| * 2**SCALE_BITS / 127)          0 for a row of zeros
    codes = round(x * 2**SCALE_BITS / scale)            to nearest, ties to even; |codes| <= 127 as scale rounds up
Every coordinate is off by at most half a step, `scale / 2**(SCALE_BITS + 1)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

SCALE_BITS = 24
_MAX_CODE = 127


@dataclass(frozen=True, slots=True)
class IntegerRows:
    """`codes` int8 `(n, P)` and `scales` int64 `(n,)`, in units of `2**-SCALE_BITS`."""

    codes: NDArray[np.int8]
    scales: NDArray[np.int64]


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


def restore(rows: IntegerRows) -> NDArray[np.float64]:
    """The real numbers that integer rows stand for, `(n, P)`."""
    return rows.codes * (rows.scales / 2.0**SCALE_BITS)[:, None]
