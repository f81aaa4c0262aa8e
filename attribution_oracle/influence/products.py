"""Exact products of int8 rows, as fast as the machine's matrix products.

    dot[q][e] = sum over p of query.codes[q][p] * train.codes[e][p]

Two kernels compute it; both are exact, so which of them ran cannot be told from the result.
- `float32`, on any machine: matrix products of blocks of `EXACT_COLUMNS` = 1,024 columns. A code is at most 2**7 in
  size, so a product is at most 2**14 and every partial sum of a block is an integer of at most 2**24, which float32
  holds, in whatever order the library adds, fused or not. (Reduced precision changes nothing either: a code fits the
  8 significant bits of bfloat16, and the sums stay float32.) Blocks add up in float64: integers below 2**53.
- `int8`, where the processor multiplies int8 into int32 sums (AVX-VNNI, AVX512-VNNI, AMX): 65,536 columns at a time, so
  that sums stay below 2**31 even where the library shifts one side by 128 (255 * 128 * 65,536). It is six times as fast
  and has known faults: older instructions saturate at 2**15 (pytorch issue 136746), and a call with an unlucky shape
  returns without a product (195066). So it is used only after it got rows of extreme codes right in this process, and
  every tile is checked as it comes: an output that was not written shows, and one row more, the sum of all left rows
  (as digits in base 128, which are int8), must have the sum of their products (checksums as in Huang & Abraham 1984).
  A tile that fails goes to the other kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from attribution_oracle.influence.quantize import EXACT_COLUMNS, IntegerRows, Rows

# Rows of a tile: 128 x 1,024 float32 are 512 KiB and stay in the second cache between conversion and product. The
# float32 kernel runs at 0.90 of a bare product with 128 rows, 0.85 with 64 and 0.89 with 256 (80 queries, P = 20,480).
TILE_ROWS = 128
_INT32_COLUMNS = 65_536
# no sum of 65,536 products is this low
_UNWRITTEN = -(2**31)
_INT8_INSTRUCTIONS = ("amx_int8", "avx512_vnni", "avx_vnni")

Kernel = Callable[[NDArray[np.int8]], NDArray[np.int64]]


def dot_products(left: IntegerRows, right: Rows, *, tile_rows: int = TILE_ROWS) -> NDArray[np.int64]:
    """The exact products of codes, `(n_left, n_right)`. ValueError for rows of different widths."""
    out = np.empty((len(left), len(right)), dtype=np.int64)
    for columns, tile in product_tiles(left, right, tile_rows=tile_rows):
        out[:, columns] = tile
    return out


def product_tiles(
    left: IntegerRows, right: Rows, *, tile_rows: int = TILE_ROWS
) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """The exact products a tile of right rows at a time: where they belong, and `(n_left, n_tile)` of them."""
    if left.width != right.width:
        raise ValueError(
            f"rows of {left.width} columns meet rows of {right.width}; expected one width; "
            "compute both from the same adapter"
        )
    kernel = int8_kernel(left.codes) if has_exact_int8() else float32_kernel(left.codes)
    start = 0
    for tile in right.tiles(tile_rows):
        yield slice(start, start + len(tile)), kernel(tile.codes).T
        start += len(tile)


def float32_kernel(left: NDArray[np.int8]) -> Kernel:
    """The products of `left` with tiles `(n_tile, P)`, as `(n_tile, n_left)`, by float32 matrix products."""
    starts = range(0, left.shape[1], EXACT_COLUMNS)
    # transposed and converted once; a strided right side costs a tenth more
    blocks = [torch.from_numpy(_block(left, start).astype(np.float32)).T.contiguous() for start in starts]

    def products(tile: NDArray[np.int8]) -> NDArray[np.int64]:
        total = torch.zeros(len(tile), len(left), dtype=torch.float64)
        part = torch.empty(len(tile), len(left))
        scratch = np.empty((len(tile), EXACT_COLUMNS), dtype=np.float32)
        for start, block in zip(starts, blocks, strict=True):
            converted = scratch[:, : len(block)]
            np.copyto(converted, _block(tile, start))
            total += torch.mm(torch.from_numpy(converted), block, out=part)
        return total.numpy().astype(np.int64)

    return products


def int8_kernel(left: NDArray[np.int8]) -> Kernel:
    """The products of `left` with tiles `(n_tile, P)`, as `(n_tile, n_left)`, by checked int8 matrix products."""
    rows = np.concatenate([left, _digits_of_sum(left)])
    weights = 128 ** np.arange(len(rows) - len(left))
    blocks = [_tensor(rows[:, start : start + _INT32_COLUMNS]).T for start in range(0, left.shape[1], _INT32_COLUMNS)]

    def products(tile: NDArray[np.int8]) -> NDArray[np.int64]:
        total = np.zeros((len(tile), len(rows)), dtype=np.int64)
        part = torch.empty(len(tile), len(rows), dtype=torch.int32)
        for number, block in enumerate(blocks):
            start = number * _INT32_COLUMNS
            part.fill_(_UNWRITTEN)
            torch._int_mm(_tensor(tile[:, start : start + _INT32_COLUMNS]), block, out=part)
            if (part.numpy() == _UNWRITTEN).any():
                return float32_kernel(left)(tile)
            total += part.numpy()
        found = total[:, : len(left)]
        is_right = np.array_equal(found.sum(axis=1), total[:, len(left) :] @ weights)
        return found if is_right else float32_kernel(left)(tile)

    return products


@cache
def has_exact_int8() -> bool:
    """Whether this processor has the instructions, and gets sums of extreme codes right."""
    features = torch.cpu.get_capabilities()
    return any(features.get(name) for name in _INT8_INSTRUCTIONS) and _gets_extremes_right()


def _gets_extremes_right() -> bool:
    columns = EXACT_COLUMNS + 33  # not a multiple of any register
    signs = np.where(np.arange(columns) % 3 == 0, -1, 1)
    left = np.stack([np.full(columns, 127), np.full(columns, -128), 127 * signs]).astype(np.int8)
    right = np.concatenate([left, np.random.default_rng(0).integers(-128, 128, (30, columns), dtype=np.int8)])
    expected = right.astype(np.int64) @ left.T.astype(np.int64)
    return bool(np.array_equal(int8_kernel(left)(right), expected))


def _digits_of_sum(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """The sum of rows in base 128, digits of -64 to 63, lowest first: `(n_digit, P)`."""
    rest = rows.sum(axis=0, dtype=np.int64)
    digits = []
    while rest.any():
        digits.append((rest + 64) % 128 - 64)
        rest = (rest - digits[-1]) // 128
    return np.array(digits, dtype=np.int8).reshape(-1, rows.shape[1])


def _block(codes: NDArray[np.int8], start: int) -> NDArray[np.int8]:
    return codes[:, start : start + EXACT_COLUMNS]


def _tensor(codes: NDArray[np.int8]) -> torch.Tensor:
    # torch warns of memory that it may not write to
    return torch.from_numpy(codes if codes.flags.writeable else codes.copy())
