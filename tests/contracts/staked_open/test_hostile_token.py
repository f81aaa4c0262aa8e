"""gOPEN over a token that answers false or calls back, which OPEN never does: the checks hold all the same."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

OPEN = 10**18

HOSTILE_TOKEN = """
# pragma version 0.4.3

answer: public(bool)
target: address
call_back: Bytes[164]

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def arm(target: address, call_back: Bytes[164]):
    self.target = target
    self.call_back = call_back

@internal
def _move() -> bool:
    if self.target != empty(address):
        raw_call(self.target, self.call_back)
    return self.answer

@external
def transfer(receiver: address, amount: uint256) -> bool:
    return self._move()

@external
def permit(
    owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32
):
    moved: bool = self._move()

@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    return self._move()
"""


@pytest.fixture(scope="module")
def hostile_factory() -> Any:
    return boa.loads_partial(HOSTILE_TOKEN)


@pytest.fixture
def hostile_token(hostile_factory: Any) -> Any:
    token = hostile_factory.deploy()
    token.set_answer(True)
    return token


@pytest.fixture
def staked_open(factory: Callable[[str], Any], hostile_token: Any) -> Any:
    return factory("StakedOpen").deploy(hostile_token, 1)


@pytest.fixture
def ready_staker(staked_open: Any, outsider: str) -> str:
    """Has stake, reward and a queued exit that is ready, so that every function would move tokens."""
    with boa.env.prank(outsider):
        staked_open.stake(3 * OPEN)
        staked_open.add_reward(OPEN)
        staked_open.request_exit(OPEN)
    boa.env.time_travel(seconds=1)
    return outsider


MOVES = [
    ("stake", (OPEN,)),
    ("stake_with_permit", (OPEN, 0, 27, bytes(32), bytes(32))),
    ("add_reward", (OPEN,)),
    ("withdraw", ()),
    ("claim_reward", ()),
]


@pytest.mark.parametrize(("function", "arguments"), MOVES)
def test_a_transfer_that_answers_false__reverts(
    staked_open: Any, hostile_token: Any, ready_staker: str, function: str, arguments: tuple[Any, ...]
) -> None:
    hostile_token.set_answer(False)
    with boa.env.prank(ready_staker), boa.reverts("staked_open: transfer failed"):
        getattr(staked_open, function)(*arguments)


@pytest.mark.parametrize(("inner", "inner_arguments"), [*MOVES, ("earned", ("0x" + "11" * 20,))])
@pytest.mark.parametrize(("function", "arguments"), MOVES)
def test_a_transfer_that_calls_back__reverts(
    staked_open: Any,
    hostile_token: Any,
    ready_staker: str,
    function: str,
    arguments: tuple[Any, ...],
    inner: str,
    inner_arguments: tuple[Any, ...],
) -> None:
    hostile_token.arm(staked_open, getattr(staked_open, inner).prepare_calldata(*inner_arguments))
    before = (staked_open.totalSupply(), staked_open.exit_of(ready_staker), staked_open.earned(ready_staker))
    with boa.env.prank(ready_staker), boa.reverts():
        getattr(staked_open, function)(*arguments)
    after = (staked_open.totalSupply(), staked_open.exit_of(ready_staker), staked_open.earned(ready_staker))
    assert after == before
