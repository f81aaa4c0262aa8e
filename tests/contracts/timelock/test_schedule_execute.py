"""A call waits the whole delay, runs once, and can be cancelled before."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

DELAY_SECONDS = 172_800
NO_ONE = "0x" + "00" * 20
UNSET, WAITING, READY, DONE = range(4)

Call = tuple[Any, ...]
Schedule = Callable[[Call], bytes]


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def views(timelock: Any, operation: bytes) -> tuple[bool, bool, bool, bool, int]:
    """(isOperation, isOperationPending, isOperationReady, isOperationDone, getOperationState)"""
    names = ("isOperation", "isOperationPending", "isOperationReady", "isOperationDone", "getOperationState")
    return tuple(getattr(timelock, name)(operation) for name in names)


def test_operation__goes_through_its_states(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    operation = timelock.hashOperation(*payment)
    assert views(timelock, operation) == (False, False, False, False, UNSET)
    assert timelock.getTimestamp(operation) == 0
    scheduled(payment)
    ready_at = now() + DELAY_SECONDS
    assert views(timelock, operation) == (True, True, False, False, WAITING)
    assert timelock.getTimestamp(operation) == ready_at
    boa.env.time_travel(seconds=DELAY_SECONDS)
    assert views(timelock, operation) == (True, True, True, False, READY)
    with boa.env.prank(roles.executor):
        timelock.execute(*payment)
    assert views(timelock, operation) == (True, False, False, True, DONE)
    assert timelock.getTimestamp(operation) == 1


def test_hash_operation__is_the_hash_of_its_arguments(timelock: Any, payment: Call) -> None:
    types = ["address", "uint256", "bytes", "bytes32", "bytes32"]
    assert timelock.hashOperation(*payment) == keccak(encode(types, payment))


def test_schedule__logs_the_call_and_its_salt(
    timelock: Any, roles: SimpleNamespace, payment: Call, events: Callable[..., Any]
) -> None:
    target, value, data, predecessor, salt = payment
    operation = timelock.hashOperation(*payment)
    with boa.env.prank(roles.governor):
        timelock.schedule(*payment, DELAY_SECONDS + 1)
    scheduled = {"id": operation, "index": 0, "target": target, "value": value, "data": data}
    assert events(timelock, "CallScheduled") == [{**scheduled, "predecessor": predecessor, "delay": DELAY_SECONDS + 1}]
    assert events(timelock, "CallSalt") == [{"id": operation, "salt": salt}]


def test_schedule__without_a_salt__logs_none(
    timelock: Any, roles: SimpleNamespace, payment: Call, events: Callable[..., Any]
) -> None:
    with boa.env.prank(roles.governor):
        timelock.schedule(*payment[:4], bytes(32), DELAY_SECONDS)
    assert len(events(timelock, "CallScheduled")) == 1
    assert events(timelock, "CallSalt") == []


@pytest.mark.parametrize("who", ["deployer", "executor", "outsider"])
def test_schedule__by_another__reverts(timelock: Any, roles: SimpleNamespace, payment: Call, who: str) -> None:
    with boa.env.prank(getattr(roles, who)), boa.reverts("access_control: account is missing role"):
        timelock.schedule(*payment, DELAY_SECONDS)


def test_schedule__below_the_delay__reverts(timelock: Any, roles: SimpleNamespace, payment: Call) -> None:
    with boa.env.prank(roles.governor), boa.reverts("timelock_controller: insufficient delay"):
        timelock.schedule(*payment, DELAY_SECONDS - 1)


def test_schedule__twice__reverts(timelock: Any, payment: Call, scheduled: Schedule) -> None:
    scheduled(payment)
    with boa.reverts("timelock_controller: operation already scheduled"):
        scheduled(payment)


def test_schedule__what_has_run__reverts(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.execute(*payment)
    with boa.reverts("timelock_controller: operation already scheduled"):
        scheduled(payment)


def test_execute__after_the_delay__runs_the_call_once(
    timelock: Any, treasury_token: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.execute(*payment)
        assert treasury_token.balanceOf(roles.outsider) == 7
        with boa.reverts("timelock_controller: operation is not ready"):
            timelock.execute(*payment)


def test_execute__logs_the_call(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule, events: Callable[..., Any]
) -> None:
    operation = scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.execute(*payment)
    assert events(timelock, "CallExecuted") == [
        {"id": operation, "index": 0, "target": payment[0], "value": 0, "data": payment[2]}
    ]


def test_execute__a_second_early__reverts(
    timelock: Any, treasury_token: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS - 1)
    with boa.env.prank(roles.executor), boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*payment)
    assert treasury_token.balanceOf(roles.outsider) == 0


@pytest.mark.parametrize("who", ["deployer", "governor", "outsider"])
def test_execute__by_another__reverts(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule, who: str
) -> None:
    scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(getattr(roles, who)), boa.reverts("access_control: account is missing role"):
        timelock.execute(*payment)


def test_execute__with_the_zero_address_as_executor__is_open_to_all(
    timelock_factory: Any, roles: SimpleNamespace
) -> None:
    open_timelock = timelock_factory.deploy(1, [roles.governor], [NO_ONE])
    call = (roles.governor, 0, b"", bytes(32), bytes(32))
    with boa.env.prank(roles.governor):
        open_timelock.schedule(*call, 1)
    boa.env.time_travel(seconds=1)
    with boa.env.prank(roles.outsider):
        open_timelock.execute(*call)
    assert open_timelock.isOperationDone(open_timelock.hashOperation(*call))


def test_execute__before_its_predecessor__reverts(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    first = scheduled(payment)
    second = (*payment[:3], first, b"\x02" * 32)
    scheduled(second)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        with boa.reverts("timelock_controller: missing dependency"):
            timelock.execute(*second)
        timelock.execute(*payment)
        timelock.execute(*second)
    assert timelock.isOperationDone(timelock.hashOperation(*second))


def test_execute__sends_ether_of_the_treasury_and_of_the_executor(
    timelock: Any, roles: SimpleNamespace, scheduled: Schedule
) -> None:
    boa.env.set_balance(timelock.address, 3)
    boa.env.set_balance(roles.executor, 2)
    call = (roles.outsider, 5, b"", bytes(32), bytes(32))
    scheduled(call)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.execute(*call, value=2)
    assert boa.env.get_balance(roles.outsider) == 5
    assert boa.env.get_balance(timelock.address) == 0


def test_execute__of_a_call_that_reverts__passes_its_reason_on(treasury_token: Any, run: Callable[..., bytes]) -> None:
    with boa.reverts("erc20: transfer to the zero address"):
        run(treasury_token, treasury_token.transfer.prepare_calldata(NO_ONE, 7))


def test_execute__of_a_call_that_reverts_without_a_reason__reverts(
    treasury_token: Any, run: Callable[..., bytes]
) -> None:
    with boa.reverts("timelock_controller: underlying transaction reverted"):
        run(treasury_token, b"\xff" * 4)


def test_cancel__by_the_canceller__stops_the_call(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule, events: Callable[..., Any]
) -> None:
    operation = scheduled(payment)
    with boa.env.prank(roles.governor):
        timelock.cancel(operation)
    assert events(timelock, "Cancelled") == [{"id": operation}]
    assert views(timelock, operation) == (False, False, False, False, UNSET)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor), boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*payment)


def test_cancel__when_ready__stops_the_call(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule
) -> None:
    operation = scheduled(payment)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.governor):
        timelock.cancel(operation)
    assert not timelock.isOperation(operation)


@pytest.mark.parametrize("who", ["deployer", "executor", "outsider"])
def test_cancel__by_another__reverts(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule, who: str
) -> None:
    operation = scheduled(payment)
    with boa.env.prank(getattr(roles, who)), boa.reverts("access_control: account is missing role"):
        timelock.cancel(operation)


def test_cancel__needs_the_cancellers_role_and_no_other(
    timelock: Any, roles: SimpleNamespace, payment: Call, scheduled: Schedule, run: Callable[..., bytes]
) -> None:
    run(timelock, timelock.grantRole.prepare_calldata(timelock.PROPOSER_ROLE(), roles.deployer))
    run(timelock, timelock.grantRole.prepare_calldata(timelock.CANCELLER_ROLE(), roles.outsider))
    operation = scheduled(payment)
    with boa.env.prank(roles.deployer), boa.reverts("access_control: account is missing role"):
        timelock.cancel(operation)
    with boa.env.prank(roles.outsider):
        timelock.cancel(operation)
    assert not timelock.isOperation(operation)


def test_cancel__of_what_is_not_scheduled__reverts(timelock: Any, roles: SimpleNamespace) -> None:
    with boa.env.prank(roles.governor), boa.reverts("timelock: operation is not pending"):
        timelock.cancel(b"\x09" * 32)


def test_cancel__of_what_has_run__reverts(
    timelock: Any, treasury_token: Any, roles: SimpleNamespace, run: Callable[..., bytes]
) -> None:
    operation = run(treasury_token, treasury_token.transfer.prepare_calldata(roles.outsider, 7))
    with boa.env.prank(roles.governor), boa.reverts("timelock: operation is not pending"):
        timelock.cancel(operation)
