"""What an adapter's owner may set, and that nobody else may."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

ZERO = "0x" + "00" * 20


@pytest.fixture
def operator(actor: Callable[[str], str]) -> str:
    return actor("operator")


def test_set_price__replaces_both(
    registry: Any, adapter_id: int, adapter_owner: str, events: Callable[..., Any]
) -> None:
    prices = {"input_price_wei_per_1k": 7, "output_price_wei_per_1k": 2**96 - 1}
    before = registry.adapter(adapter_id)._asdict()
    with boa.env.prank(adapter_owner):
        registry.set_price(adapter_id, *prices.values())
    assert events(registry, "PriceSet") == [{"adapter_id": adapter_id, **prices}]
    assert registry.adapter(adapter_id)._asdict() == before | prices


def test_owner_is_an_operator(registry: Any, adapter_id: int, adapter_owner: str, outsider: str) -> None:
    assert registry.is_operator(adapter_id, adapter_owner)
    assert not registry.is_operator(adapter_id, outsider)


def test_nobody_operates_an_adapter_that_does_not_exist(registry: Any, adapter_owner: str) -> None:
    assert not registry.is_operator(1, ZERO)
    assert not registry.is_operator(1, adapter_owner)


def test_set_operator__allows_and_forbids(
    registry: Any, adapter_id: int, adapter_owner: str, operator: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(adapter_owner):
        for is_operator in (True, False):
            registry.set_operator(adapter_id, operator, is_operator)
            assert events(registry, "OperatorSet") == [
                {"adapter_id": adapter_id, "operator": operator, "is_operator": is_operator}
            ]
            assert registry.is_operator(adapter_id, operator) == is_operator


def test_set_operator__of_the_zero_address__reverts(registry: Any, adapter_id: int, adapter_owner: str) -> None:
    with boa.env.prank(adapter_owner), boa.reverts("model_registry: operator is the zero address"):
        registry.set_operator(adapter_id, ZERO, True)


def test_set_active__takes_off_sale_and_back(
    registry: Any, adapter_id: int, adapter_owner: str, events: Callable[..., Any]
) -> None:
    before = registry.adapter(adapter_id)._asdict()
    with boa.env.prank(adapter_owner):
        for is_active in (False, True):
            registry.set_active(adapter_id, is_active)
            assert events(registry, "AdapterActivated") == [{"adapter_id": adapter_id, "is_active": is_active}]
            assert registry.adapter(adapter_id)._asdict() == before | {"is_active": is_active}


def test_set_active__keeps_the_lineage_depth(registry: Any, register: Callable[..., int], adapter_owner: str) -> None:
    adapter_id = 0
    for _ in range(8):
        adapter_id = register(parent_id=adapter_id)
    with boa.env.prank(adapter_owner):
        registry.set_active(adapter_id, False)
        registry.transfer_adapter(adapter_id, adapter_owner)
    with boa.reverts("model_registry: lineage too deep"):
        register(parent_id=adapter_id)


def test_transfer_adapter__hands_over_at_once(
    registry: Any, adapter_id: int, adapter_owner: str, outsider: str, events: Callable[..., Any]
) -> None:
    before = registry.adapter(adapter_id)._asdict()
    with boa.env.prank(adapter_owner):
        registry.transfer_adapter(adapter_id, outsider)
    assert events(registry, "AdapterOwnerChanged") == [
        {"adapter_id": adapter_id, "previous_owner": adapter_owner, "new_owner": outsider}
    ]
    assert registry.adapter(adapter_id)._asdict() == before | {"owner": outsider}
    assert registry.is_operator(adapter_id, outsider)
    assert not registry.is_operator(adapter_id, adapter_owner)


def test_transfer_adapter__to_the_zero_address__reverts(registry: Any, adapter_id: int, adapter_owner: str) -> None:
    with boa.env.prank(adapter_owner), boa.reverts("model_registry: new owner is the zero address"):
        registry.transfer_adapter(adapter_id, ZERO)


OWNER_CALLS = [
    ("set_price", (1, 1)),
    ("set_operator", (ZERO, True)),
    ("set_active", (False,)),
    ("deprecate", (0,)),
    ("transfer_adapter", (ZERO,)),
]


@pytest.mark.parametrize(("function", "arguments"), OWNER_CALLS)
def test_owner_functions__from_an_outsider__revert(
    registry: Any, adapter_id: int, outsider: str, function: str, arguments: tuple[Any, ...]
) -> None:
    for wanted in (adapter_id, adapter_id + 1, 0):
        with boa.env.prank(outsider), boa.reverts("model_registry: sender is not the owner"):
            getattr(registry, function)(wanted, *arguments)
