"""Both kernels against an int64 loop, where float32 and int32 are nearest to their limits."""

import warnings

import numpy as np
import pytest

from attribution_oracle.influence import products
from attribution_oracle.influence.products import dot_products, float32_kernel, has_exact_int8, int8_kernel
from attribution_oracle.influence.quantize import EXACT_COLUMNS, IntegerRows

# a partial block, exactly one block, one and a bit, several, and past what int32 sums are taken over
WIDTHS = [1, 1_023, 1_024, 1_025, 20_480, 65_536, 65_537, 140_000]


def by_loop(left, right):
    out = np.zeros((len(left), len(right)), dtype=np.int64)
    for q, line in enumerate(left.astype(np.int64)):
        for e, other in enumerate(right.astype(np.int64)):
            out[q, e] = int((line * other).sum())
    return out


def adversarial(columns):
    """All sums as large as they get, of one sign and of two, and sums that leave a 1 after large ones cancel."""
    alternating = np.where(np.arange(columns) % 2, 127, -127)
    halves = np.where(np.arange(columns) < columns // 2, 127, -127)
    lonely = np.full(columns, 127)
    lonely[-1] = 1
    rows = [np.full(columns, 127), np.full(columns, -127), np.full(columns, -128), alternating, halves, lonely]
    return np.stack(rows).astype(np.int8)


@pytest.mark.parametrize("columns", WIDTHS)
def test_float32_kernel__is_exact_on_extreme_rows(columns):
    rows = adversarial(columns)
    assert np.array_equal(float32_kernel(rows)(rows), by_loop(rows, rows))


@pytest.mark.parametrize("columns", WIDTHS)
def test_int8_kernel__is_exact_on_extreme_rows(columns):
    if not has_exact_int8():
        pytest.skip("this processor has no exact int8 products")
    rows = adversarial(columns)
    assert np.array_equal(int8_kernel(rows)(rows), by_loop(rows, rows))


def test_one_column_more_in_a_block__would_not_be_exact():
    # the bound is tight: that is why blocks have 1,024 columns and not more
    row = np.full(EXACT_COLUMNS + 1, -128, dtype=np.float32)
    row[-1] = 1
    assert np.float32(row[:-1] @ row[:-1]) + np.float32(1) == np.float32(2**24)
    assert int((row.astype(np.int64) ** 2).sum()) == 2**24 + 1


@pytest.mark.parametrize("is_exact", [True, False])
def test_kernels__give_the_same_products_in_any_tiles(is_exact, monkeypatch):
    if is_exact and not has_exact_int8():
        pytest.skip("this processor has no exact int8 products")
    monkeypatch.setattr(products, "has_exact_int8", lambda: is_exact)
    generator = np.random.default_rng(0)
    left, right = (
        IntegerRows(generator.integers(-128, 128, (count, 2_500), dtype=np.int8), np.ones(count, dtype=np.int64))
        for count in (5, 150)
    )
    expected = by_loop(left.codes, right.codes)
    for tile_rows in (1, 17, 64, 128, 1_000):
        assert np.array_equal(dot_products(left, right, tile_rows=tile_rows), expected)
    assert np.array_equal(left.squares, (left.codes.astype(np.int64) ** 2).sum(axis=1))


def test_int8_product_that_is_wrong_or_missing__is_found_and_done_over(monkeypatch):
    rows = adversarial(500)

    def off_by_one(tile, block, *, out):
        out.copy_((tile.double() @ block.double()).int())
        out[2, 3] += 1

    for faulty in (off_by_one, lambda tile, block, *, out: out, lambda tile, block, *, out: out.zero_()[0].fill_(1)):
        monkeypatch.setattr("torch._int_mm", faulty)
        assert np.array_equal(int8_kernel(rows)(rows), by_loop(rows, rows))


def test_int8_kernel__is_exact_for_every_small_shape():
    if not has_exact_int8():
        pytest.skip("this processor has no exact int8 products")
    generator = np.random.default_rng(0)
    for columns in (1, 2, 3, 16, 31, 64, 65):
        for count in (1, 2, 3, 16, 33):
            left, right = (generator.integers(-128, 128, (n, columns), dtype=np.int8) for n in (count, 17))
            assert np.array_equal(int8_kernel(left)(right).T, by_loop(left, right))


def test_digits_of_a_sum__stand_for_it():
    rows = np.random.default_rng(0).integers(-128, 128, (400, 50), dtype=np.int8)
    digits = products._digits_of_sum(rows)
    assert digits.dtype == np.int8
    assert np.array_equal(128 ** np.arange(len(digits)) @ digits.astype(np.int64), rows.sum(axis=0, dtype=np.int64))


def test_kernel_that_saturates__is_not_used(monkeypatch):
    # as a product of int16 pairs does on processors without the instructions
    def saturating(left):
        return lambda tile: np.clip(tile.astype(np.int64) @ left.T.astype(np.int64), -(2**15), 2**15 - 1)

    monkeypatch.setattr(products, "int8_kernel", saturating)
    assert not products._gets_extremes_right()


@pytest.mark.parametrize(("left", "right"), [(0, 3), (3, 0), (0, 0)])
def test_no_rows__have_no_products(left, right):
    empty = [
        IntegerRows(np.zeros((count, 5), dtype=np.int8), np.zeros(count, dtype=np.int64)) for count in (left, right)
    ]
    assert dot_products(*empty).shape == (left, right)


def test_rows_of_different_widths__are_refused():
    rows = [IntegerRows(np.zeros((1, width), dtype=np.int8), np.zeros(1, dtype=np.int64)) for width in (4, 5)]
    with pytest.raises(ValueError, match="rows of 4 columns meet rows of 5"):
        dot_products(*rows)


def test_read_only_rows__are_scored_without_a_warning():
    codes = np.frombuffer(b"\x01\x02\x03\x04", dtype=np.int8).reshape(1, 4)
    rows = IntegerRows(codes, np.ones(1, dtype=np.int64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dot_products(rows, rows).tolist() == [[30]]
