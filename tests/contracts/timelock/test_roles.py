"""Who holds what after deployment, and that the timelock alone can change it."""

import boa
import pytest
from eth.exceptions import Revert
from eth_utils import function_signature_to_4byte_selector

NO_ONE = "0x" + "00" * 20
ROLES = ["PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE"]


@pytest.mark.parametrize("role", ["DEFAULT_ADMIN_ROLE", *ROLES])
def test_deploy__leaves_the_deployer_without_any_role(timelock, roles, role):
    assert not timelock.hasRole(getattr(timelock, role)(), roles.deployer)


@pytest.mark.parametrize("role", ROLES)
def test_deploy__gives_the_council_its_roles(timelock, roles, role):
    assert timelock.hasRole(getattr(timelock, role)(), roles.council)


def test_deploy__makes_the_timelock_its_only_admin(timelock, roles):
    assert timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), timelock.address)
    assert not timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), roles.council)


@pytest.mark.parametrize("who", ["deployer", "council", "outsider"])
def test_grant_role__by_anyone_else__reverts(timelock, roles, who):
    sender = getattr(roles, who)
    with boa.reverts("access_control: account is missing role"):
        timelock.grantRole(timelock.PROPOSER_ROLE(), sender, sender=sender)


def test_update_delay__by_the_council__reverts(timelock, roles):
    with boa.reverts("timelock_controller: caller must be timelock"):
        timelock.update_delay(0, sender=roles.council)


def test_set_role_admin__is_not_exported(timelock, roles):
    call = function_signature_to_4byte_selector("set_role_admin(bytes32,bytes32)") + bytes(64)
    with pytest.raises(Revert, match="timelock: no such function"):
        timelock.env.raw_call(timelock.address, sender=roles.council, data=call)


@pytest.mark.parametrize(
    ("delay_seconds", "proposers", "executors", "reason"),
    [
        (0, [NO_ONE], [NO_ONE], "timelock: no delay"),
        (1, [], [NO_ONE], "timelock: no proposer"),
        (1, [NO_ONE], [], "timelock: no executor"),
    ],
)
def test_deploy__unable_to_act__reverts(timelock_factory, delay_seconds, proposers, executors, reason):
    with boa.reverts(reason):
        timelock_factory.deploy(delay_seconds, proposers, executors)


def test_receive__ether__is_kept(timelock, roles):
    boa.env.set_balance(roles.outsider, 5)
    timelock.env.raw_call(timelock.address, sender=roles.outsider, value=5)
    assert boa.env.get_balance(timelock.address) == 5
