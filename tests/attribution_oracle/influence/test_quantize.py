"""Integer rows stand for their real rows within half a step."""

import numpy as np
import pytest
import torch

from attribution_oracle.influence.quantize import SCALE_BITS, halve, quantize, restore


def test_every_coordinate_is_within_half_a_step():
    rows = torch.randn(20, 300, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 0, 20)[:, None]
    integers = quantize(rows)
    half_steps = integers.scales / 2 ** (SCALE_BITS + 1)
    assert (np.abs(restore(integers) - rows.double().numpy()) <= half_steps[:, None]).all()


def test_codes_are_symmetric_and_never_minus_128():
    rows = torch.randn(50, 64, generator=torch.Generator().manual_seed(1))
    integers = quantize(torch.cat([rows, -rows]))
    assert np.array_equal(integers.codes[:50], -integers.codes[50:])
    assert np.abs(integers.codes.astype(int)).max() == 127


def test_ties_round_to_even():
    scale = 2.0**-SCALE_BITS
    codes = quantize(torch.tensor([[127.0, 0.5, 1.5, 2.5, -0.5, -1.5]], dtype=torch.float32) * scale).codes
    assert codes.tolist() == [[127, 0, 2, 2, 0, -2]]


def test_row_of_zeros_has_scale_zero():
    integers = quantize(torch.zeros(1, 8))
    assert integers.scales.tolist() == [0]
    assert not integers.codes.any()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_row_that_is_not_finite__is_refused(bad):
    with pytest.raises(ValueError, match="row 1 holds"):
        quantize(torch.tensor([[0.0, 1.0], [0.0, bad]]))
    with pytest.raises(ValueError, match="row 1 holds"):
        halve(torch.tensor([[0.0, 1.0], [0.0, bad]]))


def test_half_row_of_zeros_has_scale_zero():
    half = halve(torch.zeros(1, 8))
    assert half.scales.tolist() == [0]
    assert not restore(half).any()
