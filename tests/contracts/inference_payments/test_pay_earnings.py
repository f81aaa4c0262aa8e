"""pay_earnings: anyone calls it, the account is paid."""

import boa

OPEN = 10**18


def test_pay_earnings__pays_the_account_and_logs_it(market, events, outsider):
    market.deposit(OPEN)
    market.redeem(market.voucher(OPEN))
    paid = market.payments.pay_earnings(market.adapter_owner, sender=outsider)
    logged = events(market.payments, "EarningsPaid")
    assert paid == 3 * OPEN // 10 == market.token.balanceOf(market.adapter_owner)
    assert logged == [{"account": market.adapter_owner, "amount_wei": paid}]
    assert market.payments.earnings_of(market.adapter_owner) == 0


def test_pay_earnings__twice__reverts(market):
    market.deposit(OPEN)
    market.redeem(market.voucher(OPEN))
    market.payments.pay_earnings(market.adapter_owner)
    with boa.reverts("payments: nothing earned"):
        market.payments.pay_earnings(market.adapter_owner)
