from collections.abc import Callable
from typing import Any

import boa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MAX_PRICE_WEI = 2**96 - 1


def test_quote__prices_both_parts(registry: Any, adapter_id: int) -> None:
    assert registry.quote(adapter_id, 3_000, 500) == 3 * 10**15 + 10**15


def test_quote__of_no_tokens_is_free(registry: Any, adapter_id: int) -> None:
    assert registry.quote(adapter_id, 0, 0) == 0


def test_quote__rounds_each_part_up(registry: Any, register: Callable[..., int]) -> None:
    adapter_id = register(input_price=1, output_price=1_001)
    assert registry.quote(adapter_id, 1, 1) == 1 + 2
    assert registry.quote(adapter_id, 1_000, 1_000) == 1 + 1_001


def test_quote__of_no_adapter__reverts(registry: Any) -> None:
    with boa.reverts("model_registry: no such adapter"):
        registry.quote(1, 1, 1)


prices = st.sampled_from([0, 1, 999, 1_000, 1_001, MAX_PRICE_WEI]) | st.integers(0, MAX_PRICE_WEI)
tokens = st.sampled_from([0, 1, 999, 1_000, 1_001, 2**64]) | st.integers(0, 2**64)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(input_price=prices, output_price=prices, input_tokens=tokens, output_tokens=tokens)
def test_quote__is_the_documented_formula(
    registry: Any,
    adapter_id: int,
    adapter_owner: str,
    input_price: int,
    output_price: int,
    input_tokens: int,
    output_tokens: int,
) -> None:
    with boa.env.anchor(), boa.env.prank(adapter_owner):
        registry.set_price(adapter_id, input_price, output_price)
        due_wei = -(-input_tokens * input_price // 1_000) + -(-output_tokens * output_price // 1_000)
        assert registry.quote(adapter_id, input_tokens, output_tokens) == due_wei
