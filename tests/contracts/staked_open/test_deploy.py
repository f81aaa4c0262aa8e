from collections.abc import Callable
from typing import Any

import boa

ZERO = "0x" + "00" * 20


def test_deploy__sets_token_and_cooldown(staked_open: Any, open_token: Any, protocol: dict[str, Any]) -> None:
    assert staked_open.OPEN_TOKEN() == open_token.address
    assert staked_open.EXIT_COOLDOWN_SECONDS() == protocol["staked_open"]["exit_cooldown_seconds"]


def test_deploy__with_zero_token__reverts(factory: Callable[[str], Any]) -> None:
    with boa.reverts("staked_open: token is the zero address"):
        factory("StakedOpen").deploy(ZERO, 1)


def test_deploy__with_zero_cooldown__reverts(factory: Callable[[str], Any], open_token: Any) -> None:
    with boa.reverts("staked_open: cooldown is zero"):
        factory("StakedOpen").deploy(open_token, 0)


def test_deploy__with_cooldown_above_a_year__reverts(factory: Callable[[str], Any], open_token: Any) -> None:
    with boa.reverts("staked_open: cooldown too long"):
        factory("StakedOpen").deploy(open_token, 365 * 86_400 + 1)


def test_metadata_is_what_wallets_show(staked_open: Any) -> None:
    assert (staked_open.name(), staked_open.symbol(), staked_open.decimals()) == ("Staked OPEN", "gOPEN", 18)


def test_abi__has_every_event_of_the_interface(
    staked_open: Any, interface_events: Callable[[str], set[str]], abi_events: Callable[[Any], set[str]]
) -> None:
    declared = interface_events("IStakedOpen")
    assert declared and declared <= abi_events(staked_open)


def test_abi__has_no_way_to_transfer_gopen_or_take_power(staked_open: Any) -> None:
    functions = {entry["name"] for entry in staked_open.abi if entry["type"] == "function"}
    assert functions.isdisjoint({"transfer", "transferFrom", "approve", "owner", "transfer_ownership", "mint", "sweep"})
