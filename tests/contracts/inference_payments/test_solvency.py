"""Whatever payers, operators and governance do: the balance is what is deposited and what is earned, to the wei.

Random walks from fixed seeds: hypothesis 6.27 ends most runs of a state machine after a few steps.
"""

from collections import Counter
from random import Random

import boa
import pytest
from eth_keys.datatypes import PrivateKey

from chain.merkle import keccak

SPLITS = [(3_000, 4_500, 1_000, 1_000, 500), (0, 9_500, 0, 0, 500), (3_333, 1_667, 4_500, 500, 0)]
# what happens often stands more than once
ACTIONS = ["deposit", "redeem", "redeem"] * 3 + ["request_withdrawal", "withdraw", "pay_earnings", "set_split"]


class Payments:
    """Three payers, two adapters, one operator; a model of balances and of what was redeemed."""

    def __init__(self, market):
        self.market, self.payments = market, market.payments
        self.keys = [PrivateKey(keccak(b"payer %d" % n)) for n in range(3)]
        self.payers = [key.public_key.to_checksum_address() for key in self.keys]
        self.balances, self.pending = [0] * 3, [0] * 3
        self.redeemed = {}
        self.done = Counter()

    def deposit(self, n, _, per_mille):
        amount = per_mille * 10**18 + 7
        self.market.deposit(amount, self.payers[n])
        self.balances[n] += amount
        self.done["deposit"] += 1

    def request_withdrawal(self, n, _, per_mille):
        self.pending[n] = self.balances[n] * min(per_mille, 1_000) // 1_000
        self.payments.request_withdrawal(self.pending[n], sender=self.payers[n])
        self.done["request_withdrawal"] += 1

    def withdraw(self, n, *_):
        boa.env.timestamp += 86_400
        if self.pending[n] == 0:
            with boa.reverts("payments: no withdrawal requested"):
                self.payments.withdraw(sender=self.payers[n])
            return
        paid = self.payments.withdraw(sender=self.payers[n])
        assert paid == min(self.pending[n], self.balances[n])
        self.balances[n] -= paid
        self.pending[n] = 0
        self.done["withdraw"] += 1

    def redeem(self, n, adapter_id, per_mille):
        amount = self.balances[n] * per_mille // 1_000
        due = self.redeemed.get((n, adapter_id), 0) + amount
        voucher = self.market.voucher(due, payer=self.payers[n], adapter_id=adapter_id)
        redemption = self.market.redemption(voucher, signature=self.market.sign(voucher, self.keys[n]))
        if amount == 0 or amount > self.balances[n]:
            with boa.reverts("payments: nothing due" if amount == 0 else "payments: due above deposit"):
                self.payments.redeem(adapter_id, [redemption], sender=self.market.operator)
            return
        self.payments.redeem(adapter_id, [redemption], sender=self.market.operator)
        self.redeemed[n, adapter_id] = due
        self.balances[n] -= amount
        self.done["redeem"] += 1

    def pay_earnings(self, _, adapter_id, __):
        account = (self.market.adapter_owner, self.market.child_owner)[adapter_id - 1]
        if self.payments.earnings_of(account):
            self.payments.pay_earnings(account)
            self.done["pay_earnings"] += 1

    def set_split(self, n, *_):
        self.payments.set_split(SPLITS[n], sender=self.market.owner)
        self.done["set_split"] += 1

    def check(self):
        assert [self.payments.balance_of(payer) for payer in self.payers] == self.balances
        earnings = sum(map(self.payments.earnings_of, (self.market.adapter_owner, self.market.child_owner)))
        assert self.market.token.balanceOf(self.payments) == sum(self.balances) + earnings


@pytest.mark.slow
def test_solvency__holds_after_any_sequence(market):
    done = Counter()
    for seed in range(12):
        with boa.env.anchor():
            source = Random(seed)
            model = Payments(market)
            for _ in range(40):
                numbers = source.randrange(3), source.randint(1, 2), source.randint(0, 1_100)
                getattr(model, source.choice(ACTIONS))(*numbers)
                model.check()
            done.update(model.done)
    # the sequences reach every kind of step
    assert min(done[action] for action in ACTIONS) > 0, done
