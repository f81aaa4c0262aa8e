"""redeem: what is due on a voucher, once, by its operator, split to the wei."""

from contextlib import nullcontext
from dataclasses import astuple, replace
from itertools import accumulate

import boa
import pytest
from eth.exceptions import Revert
from eth_abi import encode
from eth_keys.datatypes import PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.merkle import keccak
from chain.typed_data import compact_signature, sign_digest, voucher_digest

OPEN = 10**18
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)
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


def test_redeem__logs_each_voucher_the_split_and_the_owner(market, deposited, events):
    boa.env.timestamp = market.distributor.epoch_end(1)
    fees = [OPEN, OPEN + 3]
    market.redeem(*(market.voucher(due) for due in accumulate(fees)))
    voucher = {"payer": market.payer, "operator": market.operator, "adapter_id": 1, "reward_epoch": 2}
    parts = [{"amount_wei": fee, "contributors_wei": fee * 4_500 // 10_000} for fee in fees]
    assert events(deposited, "VoucherRedeemed") == [
        {**voucher, **part, "due_wei": due} for part, due in zip(parts, accumulate(fees), strict=True)
    ]


def test_redeem__logs_the_split_of_the_batch(market, deposited, events):
    boa.env.timestamp = market.distributor.epoch_end(1)
    fees = [OPEN, OPEN + 3]
    market.redeem(*(market.voucher(due) for due in accumulate(fees)))
    owner, contributors, stakers, _, burn = (sum(fee * bps // 10_000 for fee in fees) for bps in SPLIT)
    assert events(deposited, "FeeSplit") == [
        {
            "reward_epoch": 2,
            "amount_wei": sum(fees),
            "owner_wei": owner,
            "contributors_wei": contributors,
            "stakers_wei": stakers,
            "treasury_wei": sum(fees) - owner - contributors - stakers - burn,
            "burn_wei": burn,
        }
    ]


def test_redeem__credits_an_owner_once_a_batch(market, deposited, events):
    market.redeem(*(market.voucher(due) for due in (OPEN, 2 * OPEN, 3 * OPEN)))
    assert events(deposited, "OwnerCredited") == [
        {"account": market.adapter_owner, "adapter_id": 1, "amount_wei": 3 * OPEN * 30 // 100}
    ]


def test_redeem__of_a_childs_fee__pays_its_parent_the_royalty(market, deposited, events):
    fee = 1_000_007
    market.redeem(market.voucher(fee, adapter_id=2))
    owner_wei = fee * 3_000 // 10_000
    royalty_wei = owner_wei * 2_000 // 10_000
    assert events(deposited, "OwnerCredited") == [
        {"account": market.child_owner, "adapter_id": 2, "amount_wei": owner_wei - royalty_wei},
        {"account": market.adapter_owner, "adapter_id": 2, "amount_wei": royalty_wei},
    ]
    assert deposited.earnings_of(market.adapter_owner) == royalty_wei
    assert deposited.earnings_of(market.child_owner) == owner_wei - royalty_wei


def test_redeem__with_one_owner_of_parent_and_child__credits_it_once(market, deposited, events):
    market.models.transfer_adapter(1, market.child_owner, sender=market.adapter_owner)
    market.redeem(market.voucher(1_000_007, adapter_id=2))
    owner_wei = 1_000_007 * 3_000 // 10_000
    assert events(deposited, "OwnerCredited") == [
        {"account": market.child_owner, "adapter_id": 2, "amount_wei": owner_wei}
    ]


def test_redeem__without_an_owner_part__credits_nobody(market, deposited, events):
    market.payments.set_split((0, 9_500, 0, 500, 0), sender=market.owner)
    market.redeem(market.voucher(OPEN, adapter_id=2))
    assert events(deposited, "OwnerCredited") == []


def test_redeem__of_a_later_voucher__takes_the_difference(market, deposited, events):
    market.redeem(market.voucher(OPEN))
    market.redeem(market.voucher(3 * OPEN))
    assert events(deposited, "VoucherRedeemed")[0]["amount_wei"] == 2 * OPEN
    assert deposited.balance_of(market.payer) == 7 * OPEN


def test_redeem__of_less_than_the_ceiling__takes_what_is_due(market, deposited):
    voucher = market.voucher(5 * OPEN)
    market.payments.redeem(1, [market.redemption(voucher, OPEN)], sender=market.operator)
    market.payments.redeem(1, [market.redemption(voucher, 4 * OPEN)], sender=market.operator)
    assert deposited.balance_of(market.payer) == 6 * OPEN


def test_redeem__with_two_vouchers_of_one_payer_in_a_batch__takes_the_last(market, deposited):
    market.redeem(market.voucher(OPEN), market.voucher(3 * OPEN))
    assert deposited.balance_of(market.payer) == 7 * OPEN


def test_redeem__counts_each_adapter_apart(market, deposited):
    market.redeem(market.voucher(OPEN))
    market.redeem(market.voucher(OPEN, adapter_id=2))
    assert deposited.balance_of(market.payer) == 8 * OPEN
    assert deposited.redeemed_of(market.payer, market.operator, 2) == OPEN


def test_redeem__counts_each_operator_apart(market, deposited, outsider):
    market.models.set_operator(1, outsider, True, sender=market.adapter_owner)
    market.redeem(market.voucher(OPEN))
    redemption = market.redemption(market.voucher(OPEN, operator=outsider))
    deposited.redeem(1, [redemption], sender=outsider)
    assert deposited.balance_of(market.payer) == 8 * OPEN
    assert deposited.redeemed_of(market.payer, outsider, 1) == OPEN


def test_redeem__by_the_adapters_owner__needs_no_naming(market, deposited):
    redemption = market.redemption(market.voucher(OPEN, operator=market.adapter_owner))
    deposited.redeem(1, [redemption], sender=market.adapter_owner)
    assert deposited.balance_of(market.payer) == 9 * OPEN


def test_redeem__keeps_a_pending_withdrawal(market, deposited):
    """The balance shares its word with the request, which charging must not touch."""
    deposited.request_withdrawal(10 * OPEN, sender=market.payer)
    request = deposited.withdrawal_of(market.payer)
    market.redeem(market.voucher(10 * OPEN))
    assert deposited.withdrawal_of(market.payer) == request
    assert deposited.balance_of(market.payer) == 0


def test_redeem__of_all_that_is_deposited__empties_the_balance(market, deposited):
    market.redeem(market.voucher(10 * OPEN))
    assert deposited.balance_of(market.payer) == 0


def test_redeem__of_nothing__reverts(market):
    with boa.reverts("payments: batch is empty"):
        market.payments.redeem(1, [], sender=market.operator)


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
        market.payments.redeem(1, [market.redemption(voucher, OPEN + 1)], sender=market.operator)


def test_redeem__above_the_deposit__reverts(market, deposited):
    with boa.reverts("payments: due above deposit"):
        market.redeem(market.voucher(10 * OPEN + 1))


def test_redeem__above_the_deposit_of_a_payer_who_leaves__reverts(market, deposited):
    """The request beside the balance in its word is not taken for a part of it."""
    deposited.request_withdrawal(10 * OPEN, sender=market.payer)
    with boa.reverts("payments: due above deposit"):
        market.redeem(market.voucher(10 * OPEN + 1))


def test_redeem__with_one_bad_voucher_in_the_batch__changes_nothing(market, deposited):
    with boa.reverts("payments: due above deposit"):
        market.redeem(market.voucher(OPEN), market.voucher(10 * OPEN + 1))
    assert deposited.balance_of(market.payer) == 10 * OPEN


def test_redeem__in_the_last_second__pays_and_later_reverts(market, deposited):
    expiry = boa.env.timestamp + 100
    boa.env.timestamp = expiry
    market.redeem(market.voucher(OPEN, expiry=expiry))
    boa.env.timestamp += 1
    with boa.reverts("payments: voucher expired"):
        market.redeem(market.voucher(2 * OPEN, expiry=expiry))


def test_redeem__by_another_operator_of_the_adapter__reverts(market, deposited):
    """The operator is the sender: a voucher for another does not carry its payer's signature."""
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [market.redemption(market.voucher(OPEN))], sender=market.adapter_owner)


def test_redeem__by_an_operator_whom_the_adapter_did_not_name__reverts(market, deposited, outsider):
    voucher = market.voucher(OPEN, operator=outsider)
    with boa.reverts("payments: operator not named by adapter"):
        deposited.redeem(1, [market.redemption(voucher)], sender=outsider)


def test_redeem__for_an_adapter_that_does_not_exist__reverts(market, deposited):
    with boa.reverts("payments: operator not named by adapter"):
        market.redeem(market.voucher(OPEN, adapter_id=3))


def test_redeem__after_the_operator_was_dismissed__reverts(market, deposited):
    market.models.set_operator(1, market.operator, False, sender=market.adapter_owner)
    with boa.reverts("payments: operator not named by adapter"):
        market.redeem(market.voucher(OPEN))


@pytest.mark.parametrize(
    "changes", [{"adapter_id": 2}, {"cumulative_wei": 2 * OPEN}, {"expiry": 2**47}, {"payer": "0x" + "11" * 20}]
)
def test_redeem__with_the_signature_of_another_voucher__reverts(market, deposited, changes):
    signed = market.voucher(OPEN)
    altered = replace(signed, **changes)
    redemption = market.redemption(altered, OPEN, signature=market.sign(signed))
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(altered.adapter_id, [redemption], sender=market.operator)


def test_redeem__signed_for_another_operator__reverts(market, deposited, outsider):
    signature = market.sign(market.voucher(OPEN, operator=outsider))
    redemption = market.redemption(market.voucher(OPEN), signature=signature)
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [redemption], sender=market.operator)


def test_redeem__signed_by_another_account__reverts(market, deposited):
    voucher = market.voucher(OPEN)
    signature = market.sign(voucher, PrivateKey(keccak(b"outsider")))
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [market.redemption(voucher, signature=signature)], sender=market.operator)


def test_redeem__signed_for_another_contract__reverts(market, deposited):
    voucher = market.voucher(OPEN)
    digest = voucher_digest(voucher, chain_id=market.chain_id, contract=market.distributor.address)
    signature = sign_digest(digest, market.payer_key.to_bytes())
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [market.redemption(voucher, signature=signature)], sender=market.operator)


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


@pytest.mark.parametrize("change", ["other v", "upper half", "zero s", "zero r", "all zero"])
def test_redeem__with_a_malformed_signature__reverts(market, deposited, change):
    *voucher, r, vs = market.redemption(market.voucher(OPEN))
    number = int.from_bytes(vs, "big")
    compact = {
        "other v": (r, number ^ 2**255),
        "upper half": (r, number | 2**255 - 1),
        "zero s": (r, number & 2**255),
        "zero r": (bytes(32), number),
        "all zero": (bytes(32), 0),
    }[change]
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [(*voucher, compact[0], compact[1].to_bytes(32, "big"))], sender=market.operator)


def test_redeem__with_either_v__pays(market, deposited):
    """Both values of the bit in which a compact signature keeps v."""
    bits = set()
    for due in range(1, 9):
        voucher = market.voucher(due)
        bits.add(compact_signature(market.sign(voucher))[1][0] >> 7)
        market.redeem(voucher)
    assert bits == {0, 1}


def test_redeem__with_nobody_as_payer__reverts(market, deposited):
    """A malformed signature recovers to the zero address: that must not be taken for a payer."""
    nobody = market.voucher(OPEN, payer="0x" + "00" * 20)
    *voucher, _, _ = market.redemption(nobody)
    with boa.reverts(NOT_SIGNED):
        deposited.redeem(1, [(*voucher, bytes(32), bytes(32))], sender=market.operator)


def test_redeem__past_thirty_two_vouchers__reverts(market, deposited):
    redemptions = [market.redemption(market.voucher(due)) for due in range(1, 34)]
    # titanoboa does not encode so many
    selector = deposited.redeem.prepare_calldata(1, [])[:4]
    kinds = ["uint256", "(address,uint256,uint256,uint256,bytes32,bytes32)[]"]
    for count in (32, 33):
        with boa.env.anchor(), nullcontext() if count == 32 else pytest.raises(Revert, match=r"^b''$"):
            data = selector + encode(kinds, [1, redemptions[:count]])
            boa.env.raw_call(deposited.address, sender=market.operator, data=data)


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
