"""Fees round up part by part, as the registry's quote does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openledger.gateway.pricing import Prices, fee_wei


@pytest.mark.parametrize(
    ("prices", "tokens", "fee"),
    [((0, 0), (5, 5), 0), ((1, 1), (1, 1), 2), ((1000, 1), (1, 1000), 2), ((1001, 0), (1, 9), 2), ((5, 7), (0, 0), 0)],
)
def test_fee__rounds_each_part_up(prices: tuple[int, int], tokens: tuple[int, int], fee: int) -> None:
    assert fee_wei(Prices(*prices), input_tokens=tokens[0], output_tokens=tokens[1]) == fee


@given(st.integers(0, 2**96 - 1), st.integers(0, 2**31))
def test_fee__is_the_least_that_covers_the_price(price: int, tokens: int) -> None:
    fee = fee_wei(Prices(price, 0), input_tokens=tokens, output_tokens=7)
    assert fee * 1000 >= price * tokens > (fee - 1) * 1000
