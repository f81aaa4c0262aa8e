"""The court over a token that answers false or calls back, which OPEN never does: the checks hold all the same."""

import boa
import pytest

OPEN = 10**18

HOSTILE_TOKEN = """
# pragma version 0.4.3

answer: public(bool)
target: address
call_back: Bytes[324]

@deploy
def __init__():
    self.answer = True

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def arm(target: address, call_back: Bytes[324]):
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

@external
def approve(spender: address, amount: uint256) -> bool:
    return True

@external
def burn(amount: uint256):
    self._move()
"""


@pytest.fixture(scope="module")
def hostile_token():
    return boa.loads(HOSTILE_TOKEN)


@pytest.fixture(scope="module")
def hostile(deploy_reviews, hostile_token):
    return deploy_reviews(token=hostile_token)


@pytest.fixture
def earner(hostile, votes):
    """A validator with earnings."""
    contribution_id = hostile.contribute()
    hostile.review(contribution_id, votes["accept"])
    return hostile.court.committee(contribution_id, 0)[1][0]


@pytest.fixture
def lost_appeal(hostile, votes, appellant):
    """An appeal that changed nothing, to be settled: burns and pays the treasury."""
    contribution_id = hostile.contribute()
    hostile.start(contribution_id)
    hostile.decide(contribution_id, votes["reject"])
    hostile.appeal(contribution_id, appellant)
    hostile.draw(contribution_id)
    hostile.decide(contribution_id, votes["reject"])
    hostile.audit(contribution_id)
    hostile.mine(seconds=4_000)
    return contribution_id


def test_a_transfer_that_answers_false__reverts(hostile, hostile_token, earner, lost_appeal):
    hostile_token.set_answer(False)
    with boa.reverts("court: pull failed"):
        hostile.court.fund(1, 1)
    with boa.reverts("court: payment failed"):
        hostile.court.withdraw_earnings(earner)
    with boa.reverts("court: payment failed"):
        hostile.court.settle([lost_appeal], [hostile.canonical_hash(lost_appeal)])
    hostile_token.set_answer(True)
    hostile.court.settle([lost_appeal], [hostile.canonical_hash(lost_appeal)])


def test_a_transfer_that_calls_back__reverts(hostile, hostile_token, earner, lost_appeal):
    court = hostile.court
    settlement = ([lost_appeal], [hostile.canonical_hash(lost_appeal)])
    inner = {"fund": (1, 1), "withdraw_earnings": (earner,), "settle": settlement, "tally": ([1],)}
    outer = {"fund": (1, 1), "withdraw_earnings": (earner,), "settle": settlement}
    for call_back, arguments in inner.items():
        hostile_token.arm(court, getattr(court, call_back).prepare_calldata(*arguments))
        for name, values in outer.items():
            with boa.reverts():
                getattr(court, name)(*values)
    assert court.earnings(earner) > 0
    assert court.round(lost_appeal).phase == 8
