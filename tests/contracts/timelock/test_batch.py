"""Up to eight calls that run together or not at all."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

DELAY_SECONDS = 172_800
MAX_CALLS = 8
MAX_CALL_BYTES = 1_024
NO_ONE = "0x" + "00" * 20
SALT = b"\x01" * 32

Batch = tuple[Any, ...]


@pytest.fixture
def payments(treasury_token: Any, roles: SimpleNamespace) -> Batch:
    """The arguments of a batch that pays 7 wei of the treasury's OPEN to the outsider and 9 to the executor."""
    payloads = [
        treasury_token.transfer.prepare_calldata(account, amount)
        for account, amount in ((roles.outsider, 7), (roles.executor, 9))
    ]
    return [treasury_token.address] * 2, [0, 0], payloads, bytes(32), SALT


def schedule(timelock: Any, roles: SimpleNamespace, batch: Batch) -> None:
    with boa.env.prank(roles.governor):
        timelock.scheduleBatch(*batch, DELAY_SECONDS)


def test_hash_operation_batch__is_the_hash_of_its_arguments(timelock: Any, payments: Batch) -> None:
    types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32"]
    assert timelock.hashOperationBatch(*payments) == keccak(encode(types, payments))
    assert timelock.hashOperationBatch([], [], [], SALT, SALT) == keccak(encode(types, ([], [], [], SALT, SALT)))


def test_schedule_batch__logs_each_call_and_the_salt(
    timelock: Any, roles: SimpleNamespace, payments: Batch, events: Callable[..., Any]
) -> None:
    operation = timelock.hashOperationBatch(*payments)
    schedule(timelock, roles, payments)
    every = {"id": operation, "value": 0, "predecessor": bytes(32), "delay": DELAY_SECONDS}
    assert events(timelock, "CallScheduled") == [
        {**every, "index": index, "target": payments[0][index], "data": payments[2][index]} for index in range(2)
    ]
    assert events(timelock, "CallSalt") == [{"id": operation, "salt": SALT}]
    assert timelock.getTimestamp(operation) == boa.env.evm.patch.timestamp + DELAY_SECONDS


def test_schedule_batch__without_a_salt__logs_none(
    timelock: Any, roles: SimpleNamespace, payments: Batch, events: Callable[..., Any]
) -> None:
    schedule(timelock, roles, (*payments[:4], bytes(32)))
    assert len(events(timelock, "CallScheduled")) == 2
    assert events(timelock, "CallSalt") == []


def test_execute_batch__after_the_delay__runs_every_call_once(
    timelock: Any, treasury_token: Any, roles: SimpleNamespace, payments: Batch
) -> None:
    schedule(timelock, roles, payments)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.executeBatch(*payments)
        assert (treasury_token.balanceOf(roles.outsider), treasury_token.balanceOf(roles.executor)) == (7, 9)
        with boa.reverts("timelock_controller: operation is not ready"):
            timelock.executeBatch(*payments)
    assert timelock.isOperationDone(timelock.hashOperationBatch(*payments))


def test_execute_batch__logs_each_call(
    timelock: Any, roles: SimpleNamespace, payments: Batch, events: Callable[..., Any]
) -> None:
    operation = timelock.hashOperationBatch(*payments)
    schedule(timelock, roles, payments)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.executeBatch(*payments)
    assert events(timelock, "CallExecuted") == [
        {"id": operation, "index": index, "target": payments[0][index], "value": 0, "data": payments[2][index]}
        for index in range(2)
    ]


def test_execute_batch__with_a_failing_call__undoes_all(
    timelock: Any, treasury_token: Any, roles: SimpleNamespace, payments: Batch
) -> None:
    targets, values, (good, _), predecessor, salt = payments
    bad = treasury_token.transfer.prepare_calldata(NO_ONE, 7)
    batch = (targets, values, [good, bad], predecessor, salt)
    schedule(timelock, roles, batch)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor), boa.reverts("erc20: transfer to the zero address"):
        timelock.executeBatch(*batch)
    assert treasury_token.balanceOf(roles.outsider) == 0


def test_execute_batch__before_its_predecessor__reverts(timelock: Any, roles: SimpleNamespace, payments: Batch) -> None:
    batch = (*payments[:3], b"\x08" * 32, SALT)
    schedule(timelock, roles, batch)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor), boa.reverts("timelock_controller: missing dependency"):
        timelock.executeBatch(*batch)


def test_execute_batch__a_second_early__reverts(timelock: Any, roles: SimpleNamespace, payments: Batch) -> None:
    schedule(timelock, roles, payments)
    boa.env.time_travel(seconds=DELAY_SECONDS - 1)
    with boa.env.prank(roles.executor), boa.reverts("timelock_controller: operation is not ready"):
        timelock.executeBatch(*payments)


@pytest.mark.parametrize("who", ["deployer", "executor", "outsider"])
def test_schedule_batch__by_another__reverts(timelock: Any, roles: SimpleNamespace, payments: Batch, who: str) -> None:
    with boa.env.prank(getattr(roles, who)), boa.reverts("access_control: account is missing role"):
        timelock.scheduleBatch(*payments, DELAY_SECONDS)


@pytest.mark.parametrize("who", ["deployer", "governor", "outsider"])
def test_execute_batch__by_another__reverts(timelock: Any, roles: SimpleNamespace, payments: Batch, who: str) -> None:
    schedule(timelock, roles, payments)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(getattr(roles, who)), boa.reverts("access_control: account is missing role"):
        timelock.executeBatch(*payments)


@pytest.mark.parametrize("short", [0, 1, 2], ids=["targets", "values", "payloads"])
def test_batch__with_lists_of_two_lengths__reverts(
    timelock: Any, roles: SimpleNamespace, payments: Batch, short: int
) -> None:
    batch = list(payments)
    batch[short] = batch[short][:1]
    with boa.env.prank(roles.governor), boa.reverts("timelock: lists differ in length"):
        timelock.scheduleBatch(*batch, DELAY_SECONDS)
    with boa.env.prank(roles.executor), boa.reverts("timelock: lists differ in length"):
        timelock.executeBatch(*batch)


def test_batch__at_its_bounds__runs_for_less_than_a_million_gas(timelock: Any, roles: SimpleNamespace) -> None:
    payloads = [bytes([number]) * MAX_CALL_BYTES for number in range(1, MAX_CALLS + 1)]
    batch = ([roles.outsider] * MAX_CALLS, [1] * MAX_CALLS, payloads, bytes(32), SALT)
    boa.env.set_balance(timelock.address, MAX_CALLS)
    schedule(timelock, roles, batch)
    assert timelock.call_trace().gas_used < 10**6
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor):
        timelock.executeBatch(*batch)
    assert timelock.call_trace().gas_used < 10**6
    assert boa.env.get_balance(roles.outsider) == MAX_CALLS


@pytest.mark.parametrize(("calls", "call_bytes"), [(MAX_CALLS + 1, 4), (1, MAX_CALL_BYTES + 1)])
def test_batch__beyond_its_bounds__reverts(timelock: Any, roles: SimpleNamespace, calls: int, call_bytes: int) -> None:
    types = ["address[]", "uint256[]", "bytes[]", "bytes32", "bytes32", "uint256"]
    batch = ([roles.outsider] * calls, [0] * calls, [b"\x01" * call_bytes] * calls, bytes(32), SALT, DELAY_SECONDS)
    fitting = ([roles.outsider], [0], [b"\x01" * 4], bytes(32), SALT, DELAY_SECONDS)
    # encoded here, for titanoboa's encoder would refuse it itself
    selector = timelock.scheduleBatch.prepare_calldata(*fitting)[:4]
    result = boa.env.execute_code(timelock.address, sender=roles.governor, data=selector + encode(types, batch))
    assert not result.is_success
    result = boa.env.execute_code(timelock.address, sender=roles.governor, data=selector + encode(types, fitting))
    assert result.is_success
