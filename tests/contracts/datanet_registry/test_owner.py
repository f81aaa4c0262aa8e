"""What a Datanet's owner may set, and that nobody else may."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

ZERO = "0x" + "00" * 20
NEW_LIMITS = (30, 40, 5, 20)


def test_set_open__closes_and_opens(
    registry: Any, datanet_id: int, datanet_owner: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(datanet_owner):
        for is_open in (False, True):
            registry.set_open(datanet_id, is_open)
            assert events(registry, "DatanetOpened") == [{"datanet_id": datanet_id, "is_open": is_open}]
            assert registry.datanet(datanet_id).is_open == is_open
    assert registry.datanet(datanet_id).owner == datanet_owner


def test_set_limits__replaces_them(
    registry: Any, datanet_id: int, datanet_owner: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(datanet_owner):
        registry.set_limits(datanet_id, NEW_LIMITS)
    (event,) = events(registry, "LimitsChanged")
    assert (event["datanet_id"], tuple(event["limits"])) == (datanet_id, NEW_LIMITS)
    assert tuple(registry.datanet(datanet_id).limits) == NEW_LIMITS


def test_set_limits__with_bad_limits__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("allowances: file limit too large"):
        registry.set_limits(datanet_id, (10, 20, 1, 11))


def test_set_validator__names_and_dismisses(
    registry: Any, datanet_id: int, datanet_owner: str, outsider: str, events: Callable[..., Any]
) -> None:
    with boa.env.prank(datanet_owner):
        for is_validator in (True, False):
            registry.set_validator(datanet_id, outsider, is_validator)
            assert events(registry, "ValidatorSet") == [
                {"datanet_id": datanet_id, "validator": outsider, "is_validator": is_validator}
            ]
            assert registry.is_validator(datanet_id, outsider) == is_validator
    assert registry.datanet(datanet_id).is_open


def test_set_validator__that_changes_nothing__reverts(
    registry: Any, datanet_id: int, datanet_owner: str, validators: list[str], outsider: str
) -> None:
    for account, is_validator in [(validators[0], True), (outsider, False)]:
        with boa.env.prank(datanet_owner), boa.reverts("datanets: validator unchanged"):
            registry.set_validator(datanet_id, account, is_validator)


def test_set_validator__of_the_zero_address__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanets: validator is the zero address"):
        registry.set_validator(datanet_id, ZERO, True)


def test_transfer_datanet__hands_over_at_once(
    registry: Any, datanet_id: int, datanet_owner: str, outsider: str, events: Callable[..., Any]
) -> None:
    before = registry.datanet(datanet_id)._asdict()
    with boa.env.prank(datanet_owner):
        registry.transfer_datanet(datanet_id, outsider)
        assert events(registry, "DatanetOwnerChanged") == [
            {"datanet_id": datanet_id, "previous_owner": datanet_owner, "new_owner": outsider}
        ]
        with boa.reverts("datanets: sender is not the owner"):
            registry.set_open(datanet_id, False)
    assert registry.datanet(datanet_id)._asdict() == before | {"owner": outsider}


def test_transfer_datanet__to_the_zero_address__reverts(registry: Any, datanet_id: int, datanet_owner: str) -> None:
    with boa.env.prank(datanet_owner), boa.reverts("datanets: new owner is the zero address"):
        registry.transfer_datanet(datanet_id, ZERO)


OWNER_CALLS = [
    ("set_open", (False,)),
    ("set_limits", (NEW_LIMITS,)),
    ("set_validator", (ZERO, True)),
    ("transfer_datanet", (ZERO,)),
    ("record_snapshot", (b"\x01" * 32, b"\x02" * 32, 1)),
]


@pytest.mark.parametrize(("function", "arguments"), OWNER_CALLS)
def test_owner_functions__from_an_outsider__revert(
    registry: Any, datanet_id: int, outsider: str, function: str, arguments: tuple[Any, ...]
) -> None:
    for wanted in (datanet_id, datanet_id + 1, 0):
        with boa.env.prank(outsider), boa.reverts("datanets: sender is not the owner"):
            getattr(registry, function)(wanted, *arguments)
