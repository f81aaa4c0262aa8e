"""What a Datanet's owner and its curators may set, and that nobody else may."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

ZERO = "0x" + "00" * 20
KIB = 1_024
NEW_LIMITS = (30 * KIB, 40 * KIB, 5, 20 * KIB)
SNAPSHOT = (b"\x01" * 32, b"\x02" * 32, 1)


@pytest.fixture
def curator(registry: Any, datanet_id: int, datanet_owner: str, actor: Callable[[str], str]) -> str:
    account = actor("curator")
    with boa.env.prank(datanet_owner):
        registry.set_curator(datanet_id, account, True)
    return account


def test_set_open__by_owner_or_curator__closes_and_opens(
    registry: Any, datanet_id: int, datanet_owner: str, curator: str, events: Callable[..., Any]
) -> None:
    before = registry.datanet(datanet_id)._asdict()
    for account in (datanet_owner, curator):
        with boa.env.prank(account):
            for is_open in (False, False, True, True):
                registry.set_open(datanet_id, is_open)
                assert events(registry, "DatanetOpened") == [{"datanet_id": datanet_id, "is_open": is_open}]
                assert registry.datanet(datanet_id)._asdict() == before | {"is_open": is_open}


def test_set_limits__replaces_them(
    registry: Any, datanet_id: int, datanet_owner: str, events: Callable[..., Any]
) -> None:
    before = registry.datanet(datanet_id)._asdict()
    with boa.env.prank(datanet_owner):
        registry.set_limits(datanet_id, NEW_LIMITS)
    (event,) = events(registry, "LimitsChanged")
    assert (event["datanet_id"], tuple(event["limits"])) == (datanet_id, NEW_LIMITS)
    after = registry.datanet(datanet_id)._asdict()
    assert tuple(after["limits"]) == NEW_LIMITS
    assert after | {"limits": None} == before | {"limits": None}


def test_set_limits__with_bad_limits__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanets: file limit above the contributor's"):
        registry.set_limits(datanet_id, (10 * KIB, 20 * KIB, 1, 11 * KIB))


def test_set_curator__names_and_dismisses(
    registry: Any, datanet_id: int, datanet_owner: str, outsider: str, events: Callable[..., Any]
) -> None:
    for is_curator in (True, False):
        with boa.env.prank(datanet_owner):
            registry.set_curator(datanet_id, outsider, is_curator)
        assert events(registry, "CuratorSet") == [
            {"datanet_id": datanet_id, "curator": outsider, "is_curator": is_curator}
        ]
        assert registry.is_curator(datanet_id, outsider) == is_curator
    with boa.env.prank(outsider), boa.reverts("datanets: sender neither owns nor curates it"):
        registry.set_open(datanet_id, False)


def test_set_curator__that_changes_nothing__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, curator: str, outsider: str
) -> None:
    for account, is_curator in [(curator, True), (outsider, False)]:
        with boa.env.prank(datanet_owner), boa.reverts("datanets: curator unchanged"):
            registry.set_curator(datanet_id, account, is_curator)


def test_transfer_datanet__hands_over_at_once(
    registry: Any, datanet_id: int, datanet_owner: str, curator: str, outsider: str, events: Callable[..., Any]
) -> None:
    before = registry.datanet(datanet_id)._asdict()
    with boa.env.prank(datanet_owner):
        registry.transfer_datanet(datanet_id, outsider)
        assert events(registry, "DatanetOwnerChanged") == [
            {"datanet_id": datanet_id, "previous_owner": datanet_owner, "new_owner": outsider}
        ]
        with boa.reverts("datanets: sender is not the owner"):
            registry.set_limits(datanet_id, NEW_LIMITS)
        with boa.reverts("datanets: sender neither owns nor curates it"):
            registry.set_open(datanet_id, False)
    assert registry.datanet(datanet_id)._asdict() == before | {"owner": outsider}
    assert registry.is_curator(datanet_id, curator)
    with boa.env.prank(outsider):
        registry.set_limits(datanet_id, NEW_LIMITS)


def test_transfer_datanet__to_the_zero_address__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanets: new owner is the zero address"):
        registry.transfer_datanet(datanet_id, ZERO)


OWNER_CALLS = [
    ("set_limits", (NEW_LIMITS,)),
    ("set_curator", (ZERO, True)),
    ("transfer_datanet", (ZERO,)),
]
CURATOR_CALLS = [("set_open", (False,)), ("record_snapshot", SNAPSHOT)]


@pytest.mark.parametrize(("function", "arguments"), OWNER_CALLS)
def test_owner_functions__from_others__revert(
    registry: Any, datanet_id: int, curator: str, outsider: str, function: str, arguments: tuple[Any, ...]
) -> None:
    for account in (curator, outsider):
        for wanted in (datanet_id, datanet_id + 1, 0):
            with boa.env.prank(account), boa.reverts("datanets: sender is not the owner"):
                getattr(registry, function)(wanted, *arguments)


@pytest.mark.parametrize(("function", "arguments"), CURATOR_CALLS)
def test_curator_functions__from_others__revert(
    registry: Any, create: Any, curator: str, outsider: str, function: str, arguments: tuple[Any, ...]
) -> None:
    second_id = create()
    for account, wanted in [(outsider, 1), (curator, second_id), (curator, second_id + 1), (curator, 0)]:
        with boa.env.prank(account), boa.reverts("datanets: sender neither owns nor curates it"):
            getattr(registry, function)(wanted, *arguments)
