"""The pool over a token that answers false or calls back, which OPEN never does: the checks hold all the same."""

import boa
import pytest

TEXT = 1

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
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    return self._move()
"""

MOVES = [("join", (TEXT, 1)), ("top_up", (1,)), ("withdraw", ()), ("penalize", ("0x" + "11" * 20, 1))]


@pytest.fixture
def hostile_token():
    token = boa.loads(HOSTILE_TOKEN)
    token.set_answer(True)
    return token


@pytest.fixture
def ready(factory, hostile_token, outsider):
    """One account is owner, court and validator, with a seat and a stake that is free to leave."""
    account = "0x" + "11" * 20
    pool = factory("ValidatorPool").deploy(hostile_token, 2**94, 1, outsider)
    pool.set_court(account, sender=outsider)
    with boa.env.prank(account):
        pool.join(TEXT, 2)
        pool.leave([1])
    boa.env.timestamp += 1
    return pool, account


@pytest.mark.parametrize(("function", "arguments"), MOVES)
def test_a_transfer_that_answers_false__reverts(ready, hostile_token, function, arguments):
    pool, account = ready
    hostile_token.set_answer(False)
    reason = "pull" if function in ("join", "top_up") else "payment"
    with boa.env.prank(account), boa.reverts(f"validator_pool: {reason} failed"):
        getattr(pool, function)(*arguments)


@pytest.mark.parametrize(("inner", "inner_arguments"), [*MOVES, ("leave", ([2],)), ("seat_count", (TEXT,))])
@pytest.mark.parametrize(("function", "arguments"), MOVES)
def test_a_transfer_that_calls_back__reverts(ready, hostile_token, function, arguments, inner, inner_arguments):
    pool, account = ready
    hostile_token.arm(pool, getattr(pool, inner).prepare_calldata(*inner_arguments))
    with boa.env.prank(account), boa.reverts():
        getattr(pool, function)(*arguments)
    assert pool.seat_count(TEXT) == 1
    assert (pool.stake_of(account), pool.leaving_of(account)[0]) == (2**94, 2**94)


def test_a_stake_above_all_tokens__reverts(ready):
    pool, account = ready
    with boa.env.prank(account), boa.reverts("validator_stakes: stake too large"):
        pool.top_up(2**96 - 2 * 2**94)
