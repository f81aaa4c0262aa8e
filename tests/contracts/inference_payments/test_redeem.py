"""redeem: what is due on a voucher, once, by its operator, split to the wei."""

from dataclasses import astuple, replace

import boa
import pytest
from eth_keys.datatypes import PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.merkle import keccak
from chain.typed_data import sign_digest, voucher_digest

OPEN = 10**18
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
NOT_SIGNED = "payments: not signed by the payer"


@pytest.fixture
def deposited(market):
    market.deposit(10 * OPEN)
    return market.payments


def test_redeem__pays_every_part(market, deposited):
    supply, treasury = market.token.totalSupply(), market.token.balanceOf(market.treasury)
    market.redeem(market.voucher(OPEN))
    assert deposited.balance_of(market.payer) == 9 * OPEN
    assert deposited.redeemed_of(market.payer, market.operator, 1) == OPEN
    assert deposited.earnings_of(market.adapter_owner) == OPEN * 30 // 100
    assert market.distributor.accrued(1) == OPEN * 45 // 100 == market.token.balanceOf(market.distributor)
    assert market.token.balanceOf(market.staked) == OPEN * 10 // 100
    assert market.token.balanceOf(market.treasury) - treasury == OPEN * 10 // 100
    assert supply - market.token.totalSupply() == OPEN * 5 // 100
    assert market.token.allowance(deposited, market.staked) == 0


def test_redeem__logs_each_voucher_the_split_and_the_owners(market, deposited, events):
    boa.env.timestamp = market.distributor.epoch_end(1)
    first, second = market.voucher(OPEN), market.voucher(2 * OPEN + 3, adapter_id=2)
    market.redeem(first, second)
    common = {"payer": market.payer, "operator": market.operator, "reward_epoch": 2}
    assert events(deposited, "VoucherRedeemed") == [
        {
            **common,
            "adapter_id": 1,
            "due_wei": OPEN,
            "amount_wei": OPEN,
            "contributors_wei": OPEN * 4_500 // 10_000,
        },
        {
            **common,
            "adapter_id": 2,
            "due_wei": 2 * OPEN + 3,
            "amount_wei": 2 * OPEN + 3,
            "contributors_wei": (2 * OPEN + 3) * 4_500 // 10_000,
        },
    ]
    market.redeem(market.voucher(3 * OPEN))
    assert events(deposited, "FeeSplit") == [
        {
            "reward_epoch": 2,
            "amount_wei": 2 * OPEN,
            "owner_wei": 2 * OPEN * 30 // 100,
            "contributors_wei": 2 * OPEN * 45 // 100,
            "stakers_wei": 2 * OPEN * 10 // 100,
            "treasury_wei": 2 * OPEN * 10 // 100,
            "burn_wei": 2 * OPEN * 5 // 100,
        }
    ]


def test_redeem__of_a_childs_fee__pays_its_parent_the_royalty(market, deposited, events):
    fee = 1_000_007
    market.redeem(market.voucher(fee, adapter_id=2))
    owner_wei = fee * 3_000 // 10_000
    royalty_wei = owner_wei * 2_000 // 10_000
    assert events(deposited, "OwnerCredited") == [
        {"account": market.adapter_owner, "adapter_id": 2, "amount_wei": royalty_wei},
        {"account": market.child_owner, "adapter_id": 2, "amount_wei": owner_wei - royalty_wei},
    ]
    assert deposited.earnings_of(market.adapter_owner) == royalty_wei
    assert deposited.earnings_of(market.child_owner) == owner_wei - royalty_wei


def test_redeem__of_a_later_voucher__takes_the_difference(market, deposited, events):
    market.redeem(market.voucher(OPEN))
    market.redeem(market.voucher(3 * OPEN))
    assert events(deposited, "VoucherRedeemed")[0]["amount_wei"] == 2 * OPEN
    assert deposited.balance_of(market.payer) == 7 * OPEN


def test_redeem__of_less_than_the_ceiling__takes_what_is_due(market, deposited):
    voucher = market.voucher(5 * OPEN)
    market.payments.redeem([market.redemption(voucher, OPEN)], sender=market.operator)
    market.payments.redeem([market.redemption(voucher, 4 * OPEN)], sender=market.operator)
    assert deposited.balance_of(market.payer) == 6 * OPEN


def test_redeem__with_two_vouchers_of_one_payer_in_a_batch__takes_the_last(market, deposited):
    market.redeem(market.voucher(OPEN), market.voucher(3 * OPEN))
    assert deposited.balance_of(market.payer) == 7 * OPEN


def test_redeem__counts_each_adapter_apart(market, deposited):
    market.redeem(market.voucher(OPEN), market.voucher(OPEN, adapter_id=2))
    assert deposited.balance_of(market.payer) == 8 * OPEN


def test_redeem__of_all_that_is_deposited__empties_the_balance(market, deposited):
    market.redeem(market.voucher(10 * OPEN))
    assert deposited.balance_of(market.payer) == 0


def test_redeem__of_nothing__reverts(market):
    with boa.reverts("payments: batch is empty"):
        market.payments.redeem([], sender=market.operator)


def test_redeem__twice__reverts(market, deposited):
    market.redeem(market.voucher(OPEN))
    with boa.reverts("payments: nothing due"):
        market.redeem(market.voucher(OPEN))


def test_redeem__twice_in_one_batch__reverts(market, deposited):
    with boa.reverts("payments: nothing due"):
        market.redeem(market.voucher(OPEN), market.voucher(OPEN))


def test_redeem__of_an_older_voucher__reverts(market, deposited):
    market.redeem(market.voucher(2 * OPEN))
    with boa.reverts("payments: nothing due"):
        market.redeem(market.voucher(OPEN))


def test_redeem__above_the_voucher__reverts(market, deposited):
    voucher = market.voucher(OPEN)
    with boa.reverts("payments: due above voucher"):
        market.payments.redeem([market.redemption(voucher, OPEN + 1)], sender=market.operator)


def test_redeem__above_the_deposit__reverts(market, deposited):
    with boa.reverts("payments: due above deposit"):
        market.redeem(market.voucher(10 * OPEN + 1))


def test_redeem__with_one_bad_voucher_in_the_batch__changes_nothing(market, deposited):
    with boa.reverts("payments: due above deposit"):
        market.redeem(market.voucher(OPEN), market.voucher(10 * OPEN, adapter_id=2))
    assert deposited.balance_of(market.payer) == 10 * OPEN


def test_redeem__in_the_last_second__pays_and_later_reverts(market, deposited):
    expiry = boa.env.timestamp + 100
    boa.env.timestamp = expiry
    market.redeem(market.voucher(OPEN, expiry=expiry))
    boa.env.timestamp += 1
    with boa.reverts("payments: voucher expired"):
        market.redeem(market.voucher(2 * OPEN, expiry=expiry))


def test_redeem__by_another_sender__reverts(market, deposited, outsider):
    with boa.reverts("payments: sender is not the operator"):
        market.payments.redeem([market.redemption(market.voucher(OPEN))], sender=outsider)


def test_redeem__by_an_operator_whom_the_adapter_did_not_name__reverts(market, deposited, outsider):
    voucher = market.voucher(OPEN, operator=outsider)
    with boa.reverts("payments: operator not named by adapter"):
        market.payments.redeem([market.redemption(voucher)], sender=outsider)


def test_redeem__after_the_operator_was_dismissed__reverts(market, deposited):
    market.models.set_operator(1, market.operator, False, sender=market.adapter_owner)
    with boa.reverts("payments: operator not named by adapter"):
        market.redeem(market.voucher(OPEN))


@pytest.mark.parametrize(
    "changes", [{"adapter_id": 2}, {"cumulative_wei": 2 * OPEN}, {"expiry": 2**47}, {"payer": "0x" + "11" * 20}]
)
def test_redeem__with_the_signature_of_another_voucher__reverts(market, deposited, changes):
    voucher = market.voucher(OPEN)
    altered = astuple(replace(voucher, **changes))
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(altered, OPEN, market.sign(voucher))], sender=market.operator)


def test_redeem__signed_for_another_operator__reverts(market, deposited, outsider):
    signature = market.sign(market.voucher(OPEN, operator=outsider))
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(astuple(market.voucher(OPEN)), OPEN, signature)], sender=market.operator)


def test_redeem__signed_by_another_account__reverts(market, deposited):
    voucher = market.voucher(OPEN)
    signature = market.sign(voucher, PrivateKey(keccak(b"outsider")))
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(astuple(voucher), OPEN, signature)], sender=market.operator)


def test_redeem__signed_for_another_contract__reverts(market, deposited):
    voucher = market.voucher(OPEN)
    digest = voucher_digest(voucher, chain_id=market.chain_id, contract=market.distributor.address)
    signature = sign_digest(digest, market.payer_key.to_bytes())
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(astuple(voucher), OPEN, signature)], sender=market.operator)


def test_redeem__after_the_chain_forked__takes_the_new_chains_vouchers_alone(market, deposited):
    voucher = market.voucher(OPEN)
    boa.env.evm.patch.chain_id = market.chain_id + 1
    try:
        with boa.reverts(NOT_SIGNED):
            market.redeem(voucher)
        replace(market, chain_id=market.chain_id + 1).redeem(voucher)
    finally:
        boa.env.evm.patch.chain_id = market.chain_id
    assert deposited.balance_of(market.payer) == 9 * OPEN


@pytest.mark.parametrize("change", ["short", "empty", "high s", "v 0", "v 29", "zero r"])
def test_redeem__with_a_malformed_signature__reverts(market, deposited, change):
    voucher = market.voucher(OPEN)
    signature = market.sign(voucher)
    r, s, v = signature[:32], signature[32:64], signature[64]
    malformed = {
        "short": signature[:64],
        "empty": b"",
        "high s": r + (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big") + bytes([55 - v]),
        "v 0": r + s + bytes([v - 27]),
        "v 29": r + s + b"\x1d",
        "zero r": bytes(32) + s + bytes([v]),
    }[change]
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(astuple(voucher), OPEN, malformed)], sender=market.operator)


def test_redeem__with_nobody_as_payer__reverts(market, deposited):
    """A malformed signature recovers to the zero address: that must not be taken for a payer."""
    nobody = market.voucher(OPEN, payer="0x" + "00" * 20)
    with boa.reverts(NOT_SIGNED):
        deposited.redeem([(astuple(nobody), OPEN, b"")], sender=market.operator)


def test_voucher_digest__equals_the_python_digest(market):
    voucher = market.voucher(123)
    expected = voucher_digest(voucher, chain_id=market.chain_id, contract=market.payments.address)
    assert market.payments.voucher_digest(astuple(voucher)) == expected


def test_redeem__of_one_wei__goes_to_the_treasury(market, deposited, events):
    market.redeem(market.voucher(1))
    split = events(deposited, "FeeSplit")[0]
    assert (split["amount_wei"], split["treasury_wei"]) == (1, 1)


splits = st.tuples(
    st.integers(0, 8_500), st.integers(1_000, 9_500), st.integers(0, 8_500), st.integers(0, 9_000)
).filter(lambda parts: sum(parts[:3]) <= 9_500 and sum(parts) <= 10_000)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=splits, fees=st.lists(st.integers(1, 10**22), min_size=1, max_size=4), adapter_id=st.sampled_from([1, 2]))
def test_redeem__splits_every_fee_to_the_wei(market, parts, fees, adapter_id):
    owner_bps, contributors_bps, stakers_bps, treasury_bps = parts
    split = (*parts, 10_000 - sum(parts))
    with boa.env.anchor():
        market.payments.set_split(split, sender=market.owner)
        market.deposit(sum(fees))
        supply, treasury = market.token.totalSupply(), market.token.balanceOf(market.treasury)
        market.redeem(*(market.voucher(sum(fees[: n + 1]), adapter_id=adapter_id) for n in range(len(fees))))
        burned = supply - market.token.totalSupply()
        owners = sum(map(market.payments.earnings_of, (market.adapter_owner, market.child_owner)))
        assert owners == sum(fee * owner_bps // 10_000 for fee in fees)
        assert market.distributor.accrued(1) == sum(fee * contributors_bps // 10_000 for fee in fees)
        assert market.token.balanceOf(market.staked) == sum(fee * stakers_bps // 10_000 for fee in fees)
        assert burned == sum(fee * split[4] // 10_000 for fee in fees)
        to_treasury = market.token.balanceOf(market.treasury) - treasury
        paid = owners + market.distributor.accrued(1) + market.token.balanceOf(market.staked) + burned
        assert paid + to_treasury == sum(fees)
        assert to_treasury >= sum(fee * treasury_bps // 10_000 for fee in fees)
        assert market.token.balanceOf(market.payments) == owners
