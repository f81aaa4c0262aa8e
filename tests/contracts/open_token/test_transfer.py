"""Transfers and allowances: ERC-20 as the wallets know it."""

import boa
from hypothesis import given, settings
from hypothesis import strategies as st

SUPPLY_WEI = 1_000_000_000 * 10**18
NO_ONE = "0x" + "00" * 20


def test_transfer__moves_the_amount_and_logs_it(token, holder, outsider):
    assert token.transfer(outsider, 5, sender=holder) is True
    (log,) = token.get_logs()
    assert (log.sender, log.receiver, log.value) == (holder, outsider, 5)
    assert token.balanceOf(outsider) == 5


def test_transfer__above_balance__reverts(token, holder, outsider):
    with boa.reverts("erc20: transfer amount exceeds balance"):
        token.transfer(holder, 1, sender=outsider)


def test_transfer__to_zero__reverts(token, holder):
    with boa.reverts("erc20: transfer to the zero address"):
        token.transfer(NO_ONE, 1, sender=holder)


def test_transfer_from__spends_the_allowance(token, holder, outsider):
    token.approve(outsider, 10, sender=holder)
    token.transferFrom(holder, outsider, 4, sender=outsider)
    assert (token.balanceOf(outsider), token.allowance(holder, outsider)) == (4, 6)


def test_transfer_from__above_allowance__reverts(token, holder, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        token.transferFrom(holder, outsider, 1, sender=outsider)


@settings(max_examples=25, deadline=None)
@given(amounts=st.lists(st.integers(0, SUPPLY_WEI // 8), max_size=8))
def test_transfers__conserve_the_supply(token_factory, holder, outsider, amounts):
    with boa.env.anchor():
        token = token_factory.deploy(holder)
        for amount in amounts:
            token.transfer(outsider, amount, sender=holder)
        assert token.balanceOf(outsider) == sum(amounts)
        assert token.balanceOf(holder) + token.balanceOf(outsider) == token.totalSupply() == SUPPLY_WEI
