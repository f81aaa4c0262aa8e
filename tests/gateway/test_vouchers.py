"""The rules of vouchers, without a network: each refusal, and which voucher is kept."""

from dataclasses import replace

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from chain.typed_data import Voucher, sign_digest, voucher_digest
from openledger.gateway.receipts import Tab
from openledger.gateway.service import next_tab
from openledger.gateway.vouchers import (
    Accepted,
    Reason,
    Refused,
    SignedVoucher,
    Standing,
    Terms,
    check_amount,
    check_voucher,
)

PAYER, OUTSIDER = Account.from_key(b"\x11" * 32), Account.from_key(b"\x22" * 32)
OPERATOR, CONTRACT, ELSEWHERE = ("0x" + digit * 40 for digit in "345")
TERMS = Terms(chain_id=31337, contract=CONTRACT, operator=OPERATOR, good_until=1_000)
VOUCHER = Voucher(payer=PAYER.address, operator=OPERATOR, adapter_id=7, cumulative_wei=100, expiry=1_000)


def sign(voucher: Voucher, *, key: bytes = PAYER.key, chain_id: int = 31337, contract: str = CONTRACT) -> SignedVoucher:
    signature = sign_digest(voucher_digest(voucher, chain_id=chain_id, contract=contract), key)
    return SignedVoucher(voucher, chain_id, contract, signature)


def test_check_voucher__of_the_payers_word__accepts() -> None:
    assert check_voucher(sign(VOUCHER), TERMS, adapter_id=7) == Accepted()


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (sign(VOUCHER, chain_id=1), Reason.WRONG_CHAIN),
        (sign(VOUCHER, contract=ELSEWHERE), Reason.WRONG_CONTRACT),
        (sign(replace(VOUCHER, operator=ELSEWHERE)), Reason.WRONG_OPERATOR),
        (sign(replace(VOUCHER, adapter_id=8)), Reason.WRONG_ADAPTER),
        (sign(replace(VOUCHER, expiry=999)), Reason.EXPIRED),
        (sign(VOUCHER, key=OUTSIDER.key), Reason.BAD_SIGNATURE),
        (replace(sign(VOUCHER), signature=bytes(65)), Reason.BAD_SIGNATURE),
        (replace(sign(VOUCHER, chain_id=1), chain_id=31337), Reason.BAD_SIGNATURE),
        (replace(sign(VOUCHER), voucher=replace(VOUCHER, cumulative_wei=101)), Reason.BAD_SIGNATURE),
    ],
)
def test_check_voucher__of_anything_else__names_the_reason(signed: SignedVoucher, reason: Reason) -> None:
    outcome = check_voucher(signed, TERMS, adapter_id=7)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert "; " in outcome.detail


@pytest.mark.parametrize(
    ("standing", "fee", "reason"),
    [
        (Standing(due=90, redeemed=0, due_elsewhere=0, available=100), 10, None),
        (Standing(due=90, redeemed=40, due_elsewhere=5, available=65), 10, None),
        (Standing(due=100, redeemed=0, due_elsewhere=0, available=999), 10, Reason.STALE),
        (Standing(due=120, redeemed=0, due_elsewhere=0, available=999), 10, Reason.STALE),
        (Standing(due=91, redeemed=0, due_elsewhere=0, available=999), 10, Reason.TOO_LOW),
        (Standing(due=90, redeemed=0, due_elsewhere=0, available=99), 10, Reason.OVERDRAWN),
        (Standing(due=90, redeemed=40, due_elsewhere=6, available=65), 10, Reason.OVERDRAWN),
        (Standing(due=0, redeemed=0, due_elsewhere=200, available=100), 10, Reason.OVERDRAWN),
        (Standing(due=100, redeemed=100, due_elsewhere=0, available=0), 0, None),
    ],
)
def test_check_amount__holds_ceiling_against_dues_and_deposit(
    standing: Standing, fee: int, reason: Reason | None
) -> None:
    outcome = check_amount(VOUCHER, standing, max_fee_wei=fee)
    assert (outcome.reason if isinstance(outcome, Refused) else None) is reason


def test_next_tab__with_a_high_voucher_that_soon_expires__keeps_the_lasting_one() -> None:
    lasting = sign(replace(VOUCHER, cumulative_wei=60, expiry=5_000))
    high = sign(replace(VOUCHER, cumulative_wei=1_000, expiry=1_100))
    tab = next_tab(None, lasting, due_wei=20, reserved_wei=0)
    tab = next_tab(tab, high, due_wei=40, reserved_wei=0)
    assert (tab.voucher, tab.due_wei) == (lasting.voucher, 40)
    tab = next_tab(tab, high, due_wei=70, reserved_wei=0)
    assert (tab.voucher, tab.due_wei) == (high.voucher, 70)
    assert tab.signature == high.signature


def test_next_tab__with_a_higher_answer_under_way__keeps_the_highest_of_those_that_ended() -> None:
    """Four answers of one wei each, under vouchers for 1, 2, 3 and 4; the third ends first, the fourth last."""
    tab: Tab | None = None
    for ended, ceiling in enumerate((3, 2, 1, 4), start=1):
        signed = sign(replace(VOUCHER, cumulative_wei=ceiling, expiry=9_000 - ceiling))
        tab = next_tab(tab, signed, due_wei=ended, reserved_wei=4 - ended)
        assert tab.voucher.cumulative_wei >= ended


answers = st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(1, 99))


@given(st.lists(answers, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_next_tab__in_whatever_order_answers_end__always_covers_what_is_due(
    orders: list[tuple[int, int, int, int]], random: object
) -> None:
    # each order is reserved at its highest fee under a voucher with room for all before it, and costs no more
    under_way: list[tuple[SignedVoucher, int, int]] = []
    reserved = 0
    for max_fee, saved, room, expiry in orders:
        reserved += max_fee
        signed = SignedVoucher(replace(VOUCHER, cumulative_wei=reserved + room, expiry=expiry), 1, CONTRACT, bytes(65))
        under_way.append((signed, max_fee, max(1, max_fee - saved)))
    random.shuffle(under_way)  # type: ignore[attr-defined]
    tab: Tab | None = None
    for signed, max_fee, fee in under_way:
        reserved -= max_fee
        due = (tab.due_wei if tab else 0) + fee
        tab = next_tab(tab, signed, due_wei=due, reserved_wei=reserved)
        assert tab.voucher.cumulative_wei >= due
