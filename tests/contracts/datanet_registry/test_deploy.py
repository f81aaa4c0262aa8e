"""The constructor, and the one power of the registry's owner: to name the court."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

ZERO = "0x" + "00" * 20
LARGEST_DEPOSIT = 1_000 * 10**18


def test_deploy__keeps_what_it_was_given(
    registry: Any, open_token: Any, treasury: str, registry_owner: str, court: str
) -> None:
    assert (registry.OPEN_TOKEN(), registry.TREASURY()) == (open_token.address, treasury)
    assert (registry.owner(), registry.court()) == (registry_owner, court)
    assert registry.DEPOSIT_WEI() == 10**18 + 1
    assert (registry.datanet_count(), registry.contribution_count()) == (0, 0)


def test_deploy__leaves_the_deployer_without_power(factory: Any, open_token: Any, treasury: str, outsider: str) -> None:
    deployed = factory("DatanetRegistry").deploy(open_token, treasury, LARGEST_DEPOSIT, outsider)
    assert (deployed.owner(), deployed.court()) == (outsider, ZERO)
    with boa.reverts("ownable: caller is not the owner"):
        deployed.set_court(outsider)


BAD_DEPLOYMENTS = [
    ({"token": ZERO}, "deposits: token is the zero address"),
    ({"treasury": ZERO}, "deposits: treasury is the zero address"),
    ({"deposit": 0}, "deposits: deposit is zero"),
    ({"deposit": LARGEST_DEPOSIT + 1}, "deposits: deposit too large"),
    ({"owner": ZERO}, "datanet_registry: owner is the zero address"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_DEPLOYMENTS)
def test_deploy__with_a_bad_argument__reverts(
    factory: Any, open_token: Any, treasury: str, outsider: str, changes: dict[str, Any], reason: str
) -> None:
    arguments = {"token": open_token.address, "treasury": treasury, "deposit": 1, "owner": outsider} | changes
    with boa.reverts(reason):
        factory("DatanetRegistry").deploy(*arguments.values())


def test_set_court__by_the_owner__replaces_it(
    registry: Any, registry_owner: str, court: str, outsider: str, datanet_id: int, contributor: str, contribute: Any,
    entry: Any, events: Callable[..., Any],
) -> None:  # fmt: skip
    contribution_id = contribute(contributor, entry())
    with boa.env.prank(registry_owner):
        registry.set_court(outsider)
    assert events(registry, "CourtSet") == [{"court": outsider}]
    with boa.env.prank(court), boa.reverts("datanet_registry: sender is not the court"):
        registry.begin_review(contribution_id)
    with boa.env.prank(outsider):
        registry.begin_review(contribution_id)


def test_set_court__to_zero__reverts(registry: Any, registry_owner: str) -> None:
    with boa.env.prank(registry_owner), boa.reverts("datanet_registry: court is the zero address"):
        registry.set_court(ZERO)


def test_set_court__by_others__reverts(registry: Any, court: str, datanet_owner: str, outsider: str) -> None:
    for account in (court, datanet_owner, outsider):
        with boa.env.prank(account), boa.reverts("ownable: caller is not the owner"):
            registry.set_court(account)


def test_ownership__moves_to_the_timelock_and_cannot_be_renounced(
    registry: Any, registry_owner: str, outsider: str
) -> None:
    with boa.env.prank(registry_owner):
        registry.transfer_ownership(outsider)
    assert registry.owner() == outsider
    assert "renounce_ownership" not in {item.get("name") for item in registry.abi}


def test_abi__has_every_event_of_the_interface(
    registry: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("IDatanetRegistry")
    assert declared and declared <= abi_events(registry)
