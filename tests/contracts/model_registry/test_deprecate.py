"""deprecate: an adapter's owner points its users at a successor, and changes nothing else."""

from collections.abc import Callable
from typing import Any

import boa
import pytest


@pytest.fixture
def successor_id(adapter_id: int, register: Callable[..., int], outsider: str) -> int:
    return register(outsider)


@pytest.fixture
def deprecate(registry: Any, adapter_owner: str) -> Callable[[int, int], None]:
    return lambda adapter_id, successor_id: registry.deprecate(adapter_id, successor_id, sender=adapter_owner)


def test_deprecate__names_a_successor_of_anyone(
    registry: Any,
    adapter_id: int,
    successor_id: int,
    deprecate: Callable[[int, int], None],
    events: Callable[..., Any],
) -> None:
    assert not registry.is_deprecated(adapter_id)
    assert registry.successor_of(adapter_id) == 0
    deprecate(adapter_id, successor_id)
    assert events(registry, "AdapterDeprecated") == [{"adapter_id": adapter_id, "successor_id": successor_id}]
    assert registry.is_deprecated(adapter_id)
    assert registry.successor_of(adapter_id) == successor_id
    assert not registry.is_deprecated(successor_id)


def test_deprecate__without_a_successor(
    registry: Any, adapter_id: int, deprecate: Callable[[int, int], None], events: Callable[..., Any]
) -> None:
    deprecate(adapter_id, 0)
    assert events(registry, "AdapterDeprecated") == [{"adapter_id": adapter_id, "successor_id": 0}]
    assert registry.is_deprecated(adapter_id)
    assert registry.successor_of(adapter_id) == 0


def test_deprecate__again__replaces_the_successor(
    registry: Any, adapter_id: int, successor_id: int, deprecate: Callable[[int, int], None]
) -> None:
    for named in (successor_id, 0, successor_id):
        deprecate(adapter_id, named)
        assert registry.is_deprecated(adapter_id)
        assert registry.successor_of(adapter_id) == named


def test_deprecate__keeps_it_on_sale_with_payees_and_children(
    registry: Any, register: Callable[..., int], adapter_id: int, deprecate: Callable[[int, int], None], outsider: str
) -> None:
    child_id = register(outsider, parent_id=adapter_id)
    before = [registry.adapter(adapter_id), registry.payees(child_id), registry.quote(adapter_id, 1_000, 1_000)]
    deprecate(adapter_id, child_id)
    assert [registry.adapter(adapter_id), registry.payees(child_id), registry.quote(adapter_id, 1_000, 1_000)] == before
    assert before[0].is_active
    assert register(parent_id=adapter_id) == child_id + 1


def test_deprecate__in_favour_of_each_other__is_two_links(
    registry: Any, register: Callable[..., int], adapter_id: int, deprecate: Callable[[int, int], None]
) -> None:
    other_id = register()
    deprecate(adapter_id, other_id)
    deprecate(other_id, adapter_id)
    assert (registry.successor_of(adapter_id), registry.successor_of(other_id)) == (other_id, adapter_id)


def test_deprecate__in_its_own_favour__reverts(adapter_id: int, deprecate: Callable[[int, int], None]) -> None:
    with boa.reverts("model_registry: adapter succeeds itself"):
        deprecate(adapter_id, adapter_id)


@pytest.mark.parametrize("ahead", [1, 2**32, 2**255])
def test_deprecate__for_an_adapter_that_does_not_exist__reverts(
    adapter_id: int, deprecate: Callable[[int, int], None], ahead: int
) -> None:
    with boa.reverts("model_registry: no such successor"):
        deprecate(adapter_id, adapter_id + ahead)


def test_deprecate__for_an_adapter_of_another_base__reverts(
    registry: Any, register: Callable[..., int], adapter_id: int, deprecate: Callable[[int, int], None]
) -> None:
    other_base_id = registry.register_base(b"\x05" * 32, b"\x06" * 32, b"\x07" * 32)
    with boa.reverts("model_registry: successor has another base"):
        deprecate(adapter_id, register(base_id=other_base_id))


def test_deprecation__of_an_adapter_that_does_not_exist__is_none(registry: Any) -> None:
    assert not registry.is_deprecated(1)
    assert registry.successor_of(1) == 0
    assert registry.licence_of(1) == bytes(32)
