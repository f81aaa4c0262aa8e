"""What a new disputes contract is, what its interface promises, and what may not be deployed."""

import boa
import pytest

NO_ONE = "0x" + "00" * 20


@pytest.fixture
def addresses(disputes):
    rewards = disputes.rewards
    return [rewards.token.address, rewards.distributor.address, disputes.registry.address, rewards.treasury]


def test_deploy__records_what_it_was_given(disputes, factory, addresses):
    contract = factory("RootDisputes").deploy(*addresses, 7, 216_000)
    names = ("OPEN_TOKEN", "DISTRIBUTOR", "DATANET_REGISTRY", "TREASURY", "DEMAND_BOND_WEI", "ANSWER_SECONDS")
    assert [getattr(contract, name)() for name in names] == [*addresses, 7, 216_000]


@pytest.mark.parametrize("place", range(4))
def test_deploy__with_a_zero_address__reverts(factory, addresses, place):
    addresses[place] = NO_ONE
    with boa.reverts("disputes: zero address"):
        factory("RootDisputes").deploy(*addresses, 1, 1)


def test_deploy__without_a_bond__reverts(factory, addresses):
    with boa.reverts("disputes: zero bond"):
        factory("RootDisputes").deploy(*addresses, 0, 1)


@pytest.mark.parametrize("seconds", [0, 216_001, 2**255])
def test_deploy__with_more_than_half_of_the_resolution_time_or_none__reverts(factory, addresses, seconds):
    with boa.reverts("disputes: answer time out of range"):
        factory("RootDisputes").deploy(*addresses, 1, seconds)


def test_abi__has_every_event_of_the_interface(disputes, interface_events, abi_events):
    assert interface_events("IRootDisputes") <= abi_events(disputes.contract)


def test_abi__gives_nobody_power(disputes):
    names = {entry.get("name") for entry in disputes.contract.abi}
    assert not [name for name in names if name and ("owner" in name or name.startswith("set_"))]
