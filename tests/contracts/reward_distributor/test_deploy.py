"""What a new distributor is, what its interface promises, and what may not be deployed."""

import boa
import pytest

NO_ONE = "0x" + "00" * 20


def test_deploy__starts_the_first_epoch_at_its_block(rewards, factory):
    numbers = (10, 20, 30, 40, 50)
    distributor = factory("RewardDistributor").deploy(rewards.token, rewards.treasury, rewards.owner, *numbers)
    assert distributor.GENESIS() == boa.env.timestamp
    assert distributor.current_epoch() == 1
    assert distributor.epoch_end(1) == boa.env.timestamp + 10
    assert [distributor.EPOCH_SECONDS(), distributor.CHALLENGE_WINDOW_SECONDS()] == [10, 20]
    assert [distributor.RESOLUTION_SECONDS(), distributor.CHALLENGE_BOND_WEI()] == [30, 40]
    assert distributor.ROOT_BOND_WEI() == 50


def test_deploy__leaves_the_deployer_without_power(rewards, factory):
    distributor = factory("RewardDistributor").deploy(rewards.token, rewards.treasury, rewards.owner, 1, 1, 1, 1, 1)
    assert distributor.owner() == rewards.owner
    with boa.reverts("ownable: caller is not the owner"):
        distributor.set_accruer(boa.env.eoa)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_deploy__with_a_zero_address__reverts(rewards, factory, place):
    addresses = [rewards.token.address, rewards.treasury, rewards.owner]
    addresses[place] = NO_ONE
    with boa.reverts("distributor: zero address"):
        factory("RewardDistributor").deploy(*addresses, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((0, 1, 1, 1, 1), "distributor: zero epoch"),
        ((1, 0, 1, 1, 1), "distributor: zero seconds"),
        ((1, 1, 1, 0, 1), "distributor: zero bond"),
        ((1, 1, 1, 1, 0), "distributor: zero root bond"),
    ],
)
def test_deploy__with_a_zero_number__reverts(rewards, factory, numbers, reason):
    with boa.reverts(reason):
        factory("RewardDistributor").deploy(rewards.token, rewards.treasury, rewards.owner, *numbers)


def test_current_epoch__changes_at_the_end_of_the_epoch(rewards):
    end = rewards.distributor.epoch_end(1)
    boa.env.timestamp = end - 1
    assert rewards.distributor.current_epoch() == 1
    boa.env.timestamp = end
    assert rewards.distributor.current_epoch() == 2


def test_abi__has_every_event_of_the_interface(rewards, interface_events, abi_events):
    assert interface_events("IRewardDistributor") <= abi_events(rewards.distributor)


def test_abi__lets_nobody_renounce(rewards):
    assert "renounce_ownership" not in {entry.get("name") for entry in rewards.distributor.abi}


def test_transfer_ownership__hands_governance_over(rewards, outsider):
    rewards.distributor.transfer_ownership(outsider, sender=rewards.owner)
    rewards.distributor.set_accruer(outsider, sender=outsider)
    assert rewards.distributor.accruer() == outsider
