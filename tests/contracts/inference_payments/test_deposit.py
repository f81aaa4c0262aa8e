"""deposit, request_withdrawal, withdraw: a payer's OPEN comes in, backs vouchers, and goes back to the payer alone."""

import boa
import pytest

OPEN = 10**18
DELAY_SECONDS = 86_400
NO_ONE = "0x" + "00" * 20


@pytest.fixture
def deposited(market):
    market.deposit(10 * OPEN)
    return market.payments


def test_deposit__for_a_payer__credits_and_logs_it(market, deposited, events):
    market.deposit(2 * OPEN)
    logged = events(deposited, "Deposited")
    assert logged == [{"payer": market.payer, "sender": market.holder, "amount_wei": 2 * OPEN}]
    assert deposited.balance_of(market.payer) == deposited.available(market.payer) == 12 * OPEN
    assert market.token.balanceOf(deposited) == 12 * OPEN


def test_deposit__of_nothing__reverts(market):
    with boa.reverts("payments: amount is zero"):
        market.deposit(0)


def test_deposit__for_nobody__reverts(market):
    with boa.reverts("payments: payer is the zero address"):
        market.deposit(OPEN, NO_ONE)


def test_deposit__without_approval__reverts(market, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        market.payments.deposit(outsider, OPEN, sender=outsider)


def test_deposit__past_the_counters_width__reverts(market):
    with boa.reverts("payments: balance too large"):
        market.deposit(2**96)


def test_request_withdrawal__starts_the_delay_and_keeps_the_balance(market, deposited, events):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    ready_at = boa.env.timestamp + DELAY_SECONDS
    logged = events(deposited, "WithdrawalRequested")
    assert logged == [{"payer": market.payer, "amount_wei": 4 * OPEN, "ready_at": ready_at}]
    assert deposited.withdrawal_of(market.payer) == (4 * OPEN, ready_at)
    assert deposited.balance_of(market.payer) == 10 * OPEN
    assert deposited.available(market.payer) == 6 * OPEN


def test_request_withdrawal__again__replaces_the_first_and_restarts_the_delay(market, deposited):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    boa.env.timestamp += DELAY_SECONDS
    deposited.request_withdrawal(5 * OPEN, sender=market.payer)
    with boa.reverts("payments: withdrawal not ready"):
        deposited.withdraw(sender=market.payer)
    assert deposited.available(market.payer) == 5 * OPEN


def test_request_withdrawal__of_nothing__cancels(market, deposited):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    deposited.request_withdrawal(0, sender=market.payer)
    assert deposited.withdrawal_of(market.payer) == (0, 0)
    assert deposited.available(market.payer) == 10 * OPEN


def test_request_withdrawal__above_the_balance__reverts(market, deposited):
    with boa.reverts("payments: amount above balance"):
        deposited.request_withdrawal(10 * OPEN + 1, sender=market.payer)


def test_withdraw__after_the_delay__pays_the_payer_and_logs_it(market, deposited, events):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    boa.env.timestamp += DELAY_SECONDS
    assert deposited.withdraw(sender=market.payer) == 4 * OPEN == market.token.balanceOf(market.payer)
    assert deposited.balance_of(market.payer) == deposited.available(market.payer) == 6 * OPEN
    assert deposited.withdrawal_of(market.payer) == (0, 0)


def test_withdraw__logs_what_it_paid(market, deposited, events):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    boa.env.timestamp += DELAY_SECONDS
    deposited.withdraw(sender=market.payer)
    assert events(deposited, "Withdrawn") == [{"payer": market.payer, "amount_wei": 4 * OPEN}]


def test_withdraw__before_the_delay__reverts(market, deposited):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    boa.env.timestamp += DELAY_SECONDS - 1
    with boa.reverts("payments: withdrawal not ready"):
        deposited.withdraw(sender=market.payer)


def test_withdraw__without_a_request__reverts(market, deposited):
    with boa.reverts("payments: no withdrawal requested"):
        deposited.withdraw(sender=market.payer)


def test_withdraw__twice__reverts(market, deposited):
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    boa.env.timestamp += DELAY_SECONDS
    deposited.withdraw(sender=market.payer)
    with boa.reverts("payments: no withdrawal requested"):
        deposited.withdraw(sender=market.payer)


@pytest.mark.parametrize(("redeemed", "paid"), [(2, 4), (7, 3), (10, 0)])
def test_withdraw__after_vouchers__pays_what_they_left(market, deposited, redeemed, paid):
    """A pending withdrawal still backs vouchers."""
    deposited.request_withdrawal(4 * OPEN, sender=market.payer)
    market.redeem(market.voucher(redeemed * OPEN))
    assert deposited.available(market.payer) == max(6 - redeemed, 0) * OPEN
    boa.env.timestamp += DELAY_SECONDS
    assert deposited.withdraw(sender=market.payer) == paid * OPEN == market.token.balanceOf(market.payer)
    assert deposited.balance_of(market.payer) == (10 - redeemed - paid) * OPEN
