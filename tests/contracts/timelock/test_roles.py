"""Who holds what after deployment, and that the timelock alone can change it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boa
import pytest
from eth.exceptions import Revert
from eth_utils import function_signature_to_4byte_selector, keccak

NO_ONE = "0x" + "00" * 20
THIRTY_DAYS = 30 * 86_400
DELAY_SECONDS = 172_800
HOLDERS = {"PROPOSER_ROLE": "governor", "CANCELLER_ROLE": "governor", "EXECUTOR_ROLE": "executor"}
EVERYBODY = ["deployer", "governor", "executor", "outsider"]


@pytest.mark.parametrize("role", ["DEFAULT_ADMIN_ROLE", *HOLDERS])
def test_deploy__leaves_the_deployer_without_any_role(timelock: Any, roles: SimpleNamespace, role: str) -> None:
    assert not timelock.hasRole(getattr(timelock, role)(), roles.deployer)


@pytest.mark.parametrize("role", HOLDERS)
@pytest.mark.parametrize("account", EVERYBODY)
def test_deploy__gives_each_role_to_those_named_alone(
    timelock: Any, roles: SimpleNamespace, role: str, account: str
) -> None:
    assert getattr(timelock, role)() == keccak(text=role)
    assert timelock.hasRole(keccak(text=role), getattr(roles, account)) is (HOLDERS[role] == account)


def test_deploy__makes_the_timelock_its_only_admin(timelock: Any, roles: SimpleNamespace) -> None:
    assert timelock.DEFAULT_ADMIN_ROLE() == bytes(32)
    assert timelock.hasRole(bytes(32), timelock.address)
    assert not any(timelock.hasRole(bytes(32), getattr(roles, account)) for account in EVERYBODY)
    assert all(timelock.getRoleAdmin(keccak(text=role)) == bytes(32) for role in HOLDERS)


def test_deploy__logs_roles_and_delay(
    timelock_factory: Any, roles: SimpleNamespace, events: Callable[..., Any]
) -> None:
    with boa.env.prank(roles.deployer):
        timelock = timelock_factory.deploy(DELAY_SECONDS, [roles.governor], [roles.executor])
    assert events(timelock, "MinDelayChange") == [{"oldDuration": 0, "newDuration": DELAY_SECONDS}]
    granted = [(log["role"], log["account"]) for log in events(timelock, "RoleGranted")]
    assert granted[-3:] == [
        (keccak(text="PROPOSER_ROLE"), roles.governor),
        (keccak(text="CANCELLER_ROLE"), roles.governor),
        (keccak(text="EXECUTOR_ROLE"), roles.executor),
    ]
    revoked = events(timelock, "RoleRevoked")
    assert [(log["role"], log["account"]) for log in revoked] == [(bytes(32), roles.deployer)]


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("function", ["grantRole", "revokeRole"])
def test_roles__changed_by_anyone_else__reverts(timelock: Any, roles: SimpleNamespace, who: str, function: str) -> None:
    sender = getattr(roles, who)
    with boa.env.prank(sender), boa.reverts("access_control: account is missing role"):
        getattr(timelock, function)(timelock.PROPOSER_ROLE(), sender)


def test_roles__changed_through_the_timelock__take_effect(
    timelock: Any, roles: SimpleNamespace, run: Callable[..., bytes], events: Callable[..., Any]
) -> None:
    role = timelock.PROPOSER_ROLE()
    run(timelock, timelock.grantRole.prepare_calldata(role, roles.outsider))
    assert events(timelock, "RoleGranted") == [{"role": role, "account": roles.outsider, "sender": timelock.address}]
    run(timelock, timelock.revokeRole.prepare_calldata(role, roles.governor))
    assert timelock.hasRole(role, roles.outsider)
    assert not timelock.hasRole(role, roles.governor)


def test_renounce_role__by_its_holder__ends_it(timelock: Any, roles: SimpleNamespace) -> None:
    with boa.env.prank(roles.governor):
        timelock.renounceRole(timelock.PROPOSER_ROLE(), roles.governor)
    assert not timelock.hasRole(timelock.PROPOSER_ROLE(), roles.governor)


def test_renounce_role__for_another__reverts(timelock: Any, roles: SimpleNamespace) -> None:
    with boa.env.prank(roles.outsider), boa.reverts("access_control: can only renounce roles for itself"):
        timelock.renounceRole(timelock.PROPOSER_ROLE(), roles.governor)


@pytest.mark.parametrize("who", EVERYBODY)
def test_update_delay__by_anyone_else__reverts(timelock: Any, roles: SimpleNamespace, who: str) -> None:
    with boa.env.prank(getattr(roles, who)), boa.reverts("timelock: caller is not the timelock"):
        timelock.updateDelay(1)


@pytest.mark.parametrize("delay_seconds", [1, THIRTY_DAYS])
def test_update_delay__through_the_timelock__takes_effect(
    timelock: Any, run: Callable[..., bytes], events: Callable[..., Any], delay_seconds: int
) -> None:
    run(timelock, timelock.updateDelay.prepare_calldata(delay_seconds))
    assert events(timelock, "MinDelayChange") == [{"oldDuration": DELAY_SECONDS, "newDuration": delay_seconds}]
    assert timelock.getMinDelay() == delay_seconds


@pytest.mark.parametrize(
    ("delay_seconds", "reason"), [(0, "timelock: no delay"), (THIRTY_DAYS + 1, "timelock: delay too long")]
)
def test_update_delay__out_of_bounds__reverts(
    timelock: Any, run: Callable[..., bytes], delay_seconds: int, reason: str
) -> None:
    with boa.reverts(reason):
        run(timelock, timelock.updateDelay.prepare_calldata(delay_seconds))


@pytest.mark.parametrize(
    "signature",
    ["set_role_admin(bytes32,bytes32)", "update_delay(uint256)", "get_minimum_delay()", "is_operation(bytes32)"],
)
def test_function_of_the_modules__is_not_callable(timelock: Any, roles: SimpleNamespace, signature: str) -> None:
    call = function_signature_to_4byte_selector(signature) + bytes(64)
    with pytest.raises(Revert, match="timelock: no such function"):
        timelock.env.raw_call(timelock.address, sender=roles.governor, data=call)


@pytest.mark.parametrize(
    ("delay_seconds", "proposers", "executors", "reason"),
    [
        (0, [NO_ONE], [NO_ONE], "timelock: no delay"),
        (THIRTY_DAYS + 1, [NO_ONE], [NO_ONE], "timelock: delay too long"),
        (1, [], [NO_ONE], "timelock: no proposer"),
        (1, [NO_ONE], [], "timelock: no executor"),
    ],
)
def test_deploy__unable_to_act__reverts(
    timelock_factory: Any, delay_seconds: int, proposers: list[str], executors: list[str], reason: str
) -> None:
    with boa.reverts(reason):
        timelock_factory.deploy(delay_seconds, proposers, executors)


def test_receive__ether__is_kept(timelock: Any, roles: SimpleNamespace) -> None:
    boa.env.set_balance(roles.outsider, 5)
    timelock.env.raw_call(timelock.address, sender=roles.outsider, value=5)
    assert boa.env.get_balance(timelock.address) == 5
