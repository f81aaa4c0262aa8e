"""Payments in a token that answers false, reverts or calls back, which OPEN never does: the checks hold all the same.

What is called back would succeed or fail with a reason at any other time; within a call it fails without one, at the
guard.
"""

from dataclasses import replace

import boa
import pytest

from chain.merkle import keccak

OPEN = 10**18
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)

HOSTILE_TOKEN = """
# pragma version 0.4.3

calls: public(uint256)
refused_call: uint256
reverted_call: uint256
striking_call: uint256
target: address
call_back: Bytes[512]
struck: public(bool)
got_through: public(bool)
answer: public(Bytes[100])

@external
def refuse(call: uint256):
    self.calls = 0
    self.refused_call = call

@external
def break_off(call: uint256):
    self.calls = 0
    self.reverted_call = call

@external
def arm(call: uint256, target: address, call_back: Bytes[512]):
    self.calls = 0
    self.striking_call = call
    self.target = target
    self.call_back = call_back

@external
def strike_now():
    self._strike()

@internal
def _strike():
    self.struck = True
    self.got_through, self.answer = raw_call(
        self.target, self.call_back, max_outsize=100, revert_on_failure=False
    )

@internal
def _move() -> bool:
    self.calls += 1
    assert self.calls != self.reverted_call, "token: paused"
    if self.calls == self.striking_call:
        self._strike()
    return self.calls != self.refused_call

@external
def transfer(receiver: address, amount: uint256) -> bool:
    return self._move()

@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    return self._move()

@external
def approve(spender: address, amount: uint256) -> bool:
    return self._move()

@external
def burn(amount: uint256):
    self._move()

@external
@view
def balanceOf(owner: address) -> uint256:
    return 2**127
"""

# what moves tokens, and how many calls of the token that takes
MOVES = [("deposit", 1), ("redeem", 5), ("withdraw", 1), ("pay_earnings", 1)]
PLACES = [(name, call) for name, calls in MOVES for call in range(1, calls + 1)]
INNER = [
    *("deposit", "request_withdrawal", "redeem", "withdraw", "pay_earnings", "set_split"),
    *("balance_of", "withdrawal_of", "available", "redeemed_of", "earnings_of", "split", "voucher_digest"),
]


@pytest.fixture(scope="module")
def hostile(market, factory):
    """The market in a hostile token; everything that moves tokens has something to move."""
    token = boa.loads(HOSTILE_TOKEN)
    staked = factory("StakedOpen").deploy(token, 1)
    rules = (86_400, 60, 60, OPEN, OPEN)
    distributor = factory("RewardDistributor").deploy(token, market.treasury, market.owner, *rules)
    contracts = (token, market.models, staked, distributor)
    payments = factory("InferencePayments").deploy(*contracts, market.treasury, market.owner, 0, SPLIT)
    distributor.set_accruer(payments, sender=market.owner)
    hostile = replace(market, token=token, staked=staked, distributor=distributor, payments=payments)
    hostile.deposit(10 * OPEN)
    hostile.redeem(hostile.voucher(OPEN))
    payments.request_withdrawal(OPEN, sender=market.payer)
    return hostile


def arguments_of(market, function):
    voucher = market.voucher(3 * OPEN)
    return {
        "deposit": (market.payer, OPEN),
        "request_withdrawal": (0,),
        "redeem": (1, [market.redemption(voucher)]),
        "withdraw": (),
        "pay_earnings": (market.adapter_owner,),
        "set_split": (SPLIT,),
        "balance_of": (market.payer,),
        "withdrawal_of": (market.payer,),
        "available": (market.payer,),
        "redeemed_of": (market.payer, market.operator, 1),
        "earnings_of": (market.adapter_owner,),
        "split": (),
        "voucher_digest": ((voucher.payer, voucher.operator, 1, voucher.cumulative_wei, voucher.expiry),),
    }[function]


def call(market, function):
    senders = {"deposit": market.holder, "redeem": market.operator, "withdraw": market.payer}
    getattr(market.payments, function)(*arguments_of(market, function), sender=senders.get(function, market.holder))


def arm(market, function, call):
    calldata = getattr(market.payments, function).prepare_calldata(*arguments_of(market, function))
    market.token.arm(call, market.payments, calldata)


def books(market):
    """What the payments have on paper for everyone."""
    payments = market.payments
    return (
        payments.balance_of(market.payer),
        payments.withdrawal_of(market.payer),
        payments.redeemed_of(market.payer, market.operator, 1),
        payments.earnings_of(market.adapter_owner),
        payments.split(),
        payments.owner(),
    )


REFUSALS = {
    ("deposit", 1): "payments: deposit not received",
    ("redeem", 1): "payments: contributors not paid",
    ("redeem", 2): "payments: stakers not approved",
    ("redeem", 4): "payments: treasury not paid",
    ("withdraw", 1): "payments: withdrawal not paid",
    ("pay_earnings", 1): "payments: earnings not paid",
}


@pytest.mark.parametrize(("function", "place"), REFUSALS)
def test_a_token_that_answers_false__reverts(hostile, function, place):
    hostile.token.refuse(place)
    before = books(hostile)
    with boa.reverts(REFUSALS[function, place]):
        call(hostile, function)
    assert books(hostile) == before


@pytest.mark.parametrize(("function", "place"), PLACES)
def test_a_token_that_reverts__passes_its_reason_on(hostile, function, place):
    hostile.token.break_off(place)
    before = books(hostile)
    with boa.reverts("token: paused"):
        call(hostile, function)
    assert books(hostile) == before


@pytest.mark.parametrize(("function", "calls"), MOVES)
def test_each_function__moves_tokens_as_often_as_is_struck_below(hostile, function, calls):
    hostile.token.refuse(0)
    call(hostile, function)
    assert hostile.token.calls() == calls


@pytest.mark.parametrize("inner", INNER)
def test_a_call_back__at_any_other_time__reaches_its_function(hostile, inner):
    arm(hostile, inner, 0)
    hostile.token.strike_now()
    assert hostile.token.got_through() or hostile.token.answer()[:4] == keccak(b"Error(string)")[:4]


@pytest.mark.parametrize(("function", "place"), PLACES)
def test_a_call_back__within_a_call__stops_at_the_guard(hostile, function, place):
    with boa.env.anchor():
        hostile.token.refuse(0)
        call(hostile, function)
        expected = books(hostile)
    for inner in INNER:
        with boa.env.anchor():
            arm(hostile, inner, place)
            call(hostile, function)
            assert hostile.token.struck(), inner
            assert not hostile.token.got_through(), inner
            assert hostile.token.answer() == b"", inner
            assert books(hostile) == expected, inner


def test_every_function__is_called_back(hostile):
    """But for those whose storage no other reads or writes while tokens move, and those that read no storage."""
    harmless = {"owner", "transfer_ownership", "eip712Domain"}
    names = {entry["name"] for entry in hostile.payments.abi if entry["type"] == "function"}
    assert {name for name in names if not name.isupper()} - harmless == set(INNER)


DISTRIBUTOR = """
# pragma version 0.4.3

@external
@view
def current_epoch() -> uint256:
    return 1

@external
def accrue(amount_wei: uint256) -> uint256:
    return 2
"""


def test_redeem__accrued_in_another_epoch_than_the_events_name__reverts(market, factory):
    contracts = (market.token, market.models, market.staked, boa.loads(DISTRIBUTOR))
    payments = factory("InferencePayments").deploy(*contracts, market.treasury, market.owner, 0, SPLIT)
    market.token.approve(payments, OPEN, sender=market.holder)
    strange = replace(market, payments=payments)
    strange.deposit(OPEN)
    with boa.reverts("payments: accrued in another epoch"):
        strange.redeem(strange.voucher(OPEN))
