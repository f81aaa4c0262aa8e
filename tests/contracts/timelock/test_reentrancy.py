"""What a call may do at the timelock while its operation runs (CVE-2021-39167 is what it must not)."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boa
import pytest

DELAY_SECONDS = 172_800
READY = 2

TARGET = """
# pragma version 0.4.3

interface ITimelock:
    def cancel(operation: bytes32): nonpayable

answer: public(Bytes[32])
operation: bytes32

@external
def set_operation(operation: bytes32):
    self.operation = operation

@external
def cancel_operation(timelock: address):
    extcall ITimelock(timelock).cancel(self.operation)

@external
@payable
def call_back(timelock: address, data: Bytes[1024]):
    self.answer = raw_call(timelock, data, value=msg.value, max_outsize=32)
"""

Call = tuple[Any, ...]


@pytest.fixture(scope="module")
def target_factory() -> Any:
    return boa.loads_partial(TARGET)


@pytest.fixture
def target(target_factory: Any, timelock: Any, run: Callable[..., bytes]) -> Any:
    """A contract that calls the timelock back as told, and holds every role there."""
    contract = target_factory.deploy()
    for role in (timelock.PROPOSER_ROLE(), timelock.CANCELLER_ROLE(), timelock.EXECUTOR_ROLE()):
        run(timelock, timelock.grantRole.prepare_calldata(role, contract.address))
    return contract


@pytest.fixture
def call_back(timelock: Any, target: Any, run: Callable[..., bytes]) -> Callable[..., bytes]:
    """`call_back(data, value)`: runs an operation whose call calls the timelock back with `data`."""
    return lambda data, value=0: run(target, target.call_back.prepare_calldata(timelock.address, data), value)


def test_call_back__reads_the_state_of_an_operation(
    timelock: Any, target: Any, payment: Call, scheduled: Callable[[Call], bytes], call_back: Callable[..., bytes]
) -> None:
    operation = scheduled(payment)
    answers = {
        "getOperationState": READY,
        "isOperation": 1,
        "isOperationPending": 1,
        "isOperationReady": 1,
        "isOperationDone": 0,
        "getTimestamp": boa.env.evm.patch.timestamp + DELAY_SECONDS,
    }
    for function, answer in answers.items():
        with boa.env.anchor():
            call_back(getattr(timelock, function).prepare_calldata(operation))
            assert int.from_bytes(target.answer(), "big") == answer
    with boa.env.anchor():
        call_back(timelock.getMinDelay.prepare_calldata())
        assert int.from_bytes(target.answer(), "big") == DELAY_SECONDS


def test_call_back__schedules_and_cancels_others(
    timelock: Any, payment: Call, scheduled: Callable[[Call], bytes], call_back: Callable[..., bytes]
) -> None:
    operation = scheduled(payment)
    with boa.env.anchor():
        call_back(timelock.cancel.prepare_calldata(operation))
        assert not timelock.isOperation(operation)
    other = (*payment[:4], b"\x03" * 32)
    with boa.env.anchor():
        call_back(timelock.schedule.prepare_calldata(*other, DELAY_SECONDS))
        assert timelock.isOperationPending(timelock.hashOperation(*other))
    batch = ([payment[0]], [0], [payment[2]], bytes(32), b"\x03" * 32)
    call_back(timelock.scheduleBatch.prepare_calldata(*batch, DELAY_SECONDS))
    assert timelock.isOperationPending(timelock.hashOperationBatch(*batch))


def test_call_back__pays_ether_in(timelock: Any, call_back: Callable[..., bytes]) -> None:
    boa.env.set_balance(timelock.address, 4)
    call_back(b"", 4)
    assert boa.env.get_balance(timelock.address) == 4


def test_call_back__executes_what_is_ready__reverts(
    timelock: Any, payment: Call, scheduled: Callable[[Call], bytes], call_back: Callable[..., bytes]
) -> None:
    scheduled(payment)
    with boa.reverts("timelock_controller: underlying transaction reverted"):
        call_back(timelock.execute.prepare_calldata(*payment))


def test_call_back__executes_a_batch_that_is_ready__reverts(
    timelock: Any, roles: SimpleNamespace, payment: Call, call_back: Callable[..., bytes]
) -> None:
    batch = ([payment[0]], [0], [payment[2]], bytes(32), bytes(32))
    with boa.env.prank(roles.governor):
        timelock.scheduleBatch(*batch, DELAY_SECONDS)
    with boa.reverts("timelock_controller: underlying transaction reverted"):
        call_back(timelock.executeBatch.prepare_calldata(*batch))


def test_call_that_cancels_its_own_operation__reverts(
    timelock: Any, target: Any, roles: SimpleNamespace, scheduled: Callable[[Call], bytes]
) -> None:
    payload = target.cancel_operation.prepare_calldata(timelock.address)
    call = (target.address, 0, payload, bytes(32), bytes(32))
    operation = scheduled(call)
    target.set_operation(operation)
    boa.env.time_travel(seconds=DELAY_SECONDS)
    with boa.env.prank(roles.executor), boa.reverts("timelock_controller: operation is not ready"):
        timelock.execute(*call)
    assert timelock.isOperationReady(operation)
