from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boa
import pytest

MINIMUM_DELAY_SECONDS = 172_800


@pytest.fixture(scope="module")
def roles() -> SimpleNamespace:
    names = ("deployer", "governor", "executor", "outsider")
    return SimpleNamespace(**{name: boa.env.generate_address(name) for name in names})


@pytest.fixture(scope="module")
def timelock_factory(factory: Callable[[str], Any]) -> Any:
    return factory("Timelock")


@pytest.fixture
def timelock(timelock_factory: Any, roles: SimpleNamespace) -> Any:
    """With one executor, so that tests tell who may execute; the protocol's own is open to everybody."""
    with boa.env.prank(roles.deployer):
        return timelock_factory.deploy(MINIMUM_DELAY_SECONDS, [roles.governor], [roles.executor])


@pytest.fixture
def treasury_token(factory: Callable[[str], Any], timelock: Any) -> Any:
    """OPEN, all of it held by the timelock."""
    return factory("OpenToken").deploy(timelock.address)


@pytest.fixture
def payment(treasury_token: Any, roles: SimpleNamespace) -> tuple[Any, ...]:
    """The arguments of a call that pays 7 wei of the treasury's OPEN to the outsider."""
    payload = treasury_token.transfer.prepare_calldata(roles.outsider, 7)
    return treasury_token.address, 0, payload, bytes(32), b"\x01" * 32


@pytest.fixture
def scheduled(timelock: Any, roles: SimpleNamespace) -> Callable[[tuple[Any, ...]], bytes]:
    """Schedules one call with the least delay; returns the operation's id."""

    def schedule(call: tuple[Any, ...]) -> bytes:
        with boa.env.prank(roles.governor):
            timelock.schedule(*call, MINIMUM_DELAY_SECONDS)
        return bytes(timelock.hashOperation(*call))

    return schedule


@pytest.fixture
def run(timelock: Any, roles: SimpleNamespace, scheduled: Callable[[tuple[Any, ...]], bytes]) -> Callable[..., bytes]:
    """`run(target, payload, value)`: schedules a call, waits and executes it; returns the operation's id."""

    def execute(target: Any, payload: bytes, value: int = 0) -> bytes:
        call = (str(getattr(target, "address", target)), value, payload, bytes(32), b"\x02" * 32)
        operation = scheduled(call)
        boa.env.time_travel(seconds=MINIMUM_DELAY_SECONDS)
        with boa.env.prank(roles.executor):
            timelock.execute(*call)
        return operation

    return execute
