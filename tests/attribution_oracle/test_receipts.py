"""Receipts against their own hashes and against what was redeemed: to the wei, nothing twice, nothing missing."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_oracle.errors import ReceiptInvalid
from attribution_oracle.facts import Redemption
from attribution_oracle.receipts import Receipt, check_receipt, cover, parse_receipt, published

PAYER, OPERATOR = "0x0B0b0B0b0b0B0b0b0b0B0b0B0B0b0B0B0B0b0B0B", "0x0A0A0A0a0A0A0a0a0a0a0A0A0A0A0a0A0a0a0a0C"


def receipt(due_after_wei: int, fee_wei: int) -> Receipt:
    return Receipt(
        receipt_id=due_after_wei.to_bytes(32, "big"),
        adapter_id=1,
        adapter_digest=bytes(32),
        payer=PAYER,
        operator=OPERATOR,
        prompt_hash=bytes(32),
        answer_hash=bytes(32),
        input_tokens=1,
        output_tokens=1,
        fee_wei=fee_wei,
        due_after_wei=due_after_wei,
        served_at=1,
        is_public=False,
        text=None,
    )


def redemption(due_wei: int, amount_wei: int) -> Redemption:
    return Redemption(PAYER, OPERATOR, 1, due_wei, amount_wei, amount_wei * 45 // 100)


def chain_of(fees, start=0):
    due, receipts = start, []
    for fee in fees:
        due += fee
        receipts.append(receipt(due, fee))
    return receipts


@given(st.lists(st.integers(1, 10**21), min_size=1, max_size=12), st.data())
def test_cover__any_split_into_redemptions__covers_each_receipt_once(fees, data):
    receipts = chain_of(fees)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(fees)))) | {len(fees)})
    redemptions, before = [], 0
    for cut in cuts:
        due = receipts[cut - 1].due_after_wei
        redemptions.append(redemption(due, due - before))
        before = due
    paid = cover(redemptions, data.draw(st.permutations(receipts)))
    assert [item.receipt for item in paid] == receipts
    assert sum(item.pool_wei for item in paid) <= sum(item.contributors_wei for item in redemptions)


@given(st.lists(st.integers(1, 10**21), min_size=2, max_size=8), st.data())
def test_cover__with_a_receipt_missing__is_refused(fees, data):
    receipts = chain_of(fees)
    whole = redemption(sum(fees), sum(fees))
    receipts.pop(data.draw(st.integers(0, len(fees) - 1)))
    with pytest.raises(ReceiptInvalid, match="expected receipts without a gap"):
        cover([whole], receipts)


def test_cover__with_fees_moved_between_receipts__is_refused():
    first, second = chain_of([30, 70])
    moved = [replace(first, fee_wei=40), replace(second, fee_wei=60)]
    with pytest.raises(ReceiptInvalid, match="with fee 40 and due_after 30 after 0 of 100"):
        cover([redemption(100, 100)], moved)


def test_cover__with_a_receipt_that_runs_past_the_redemption__is_refused():
    with pytest.raises(ReceiptInvalid, match="its last receipt ends at 110"):
        cover([redemption(100, 100)], chain_of([30, 80]))


def test_cover__with_a_receipt_of_another_epoch__is_refused():
    with pytest.raises(ReceiptInvalid, match="was not redeemed in this reward epoch"):
        cover([redemption(30, 30)], chain_of([30, 70]))


def test_cover__with_a_free_receipt__is_refused():
    with pytest.raises(ReceiptInvalid, match="with fee 0"):
        cover([redemption(30, 30)], [receipt(0, 0), receipt(30, 30)])


def test_published__then_parsed__is_the_same_receipt_without_private_text(world):
    for original in world.receipts:
        parsed = parse_receipt(json.loads(json.dumps(published(original))))
        assert parsed == (original if original.is_public else replace(original, text=None))


@pytest.mark.parametrize("field", ["receipt_id", "payer", "fee_wei", "is_public", "adapter_digest", "served_at"])
def test_parse__with_a_broken_field__names_it(world, field):
    document = published(world.receipts[0]) | {field: "broken"}
    with pytest.raises(ReceiptInvalid, match=rf"{field} is 'broken'"):
        parse_receipt(document)


def test_check__with_another_answer_than_it_was_paid_for__is_refused(world):
    original = world.receipts[0]
    forged = replace(original, text=replace(original.text, answer="a rose is blue"))
    check_receipt(original, world.facts)
    with pytest.raises(ReceiptInvalid, match="answer_hash is 0x"):
        check_receipt(forged, world.facts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"due_after_wei": 5}, "receipt_id is 0x"),
        ({"adapter_digest": bytes(32)}, "adapter_digest is 0x"),
        ({"adapter_id": 2}, "receipt_id is 0x"),
        ({"text": None}, "is_public, but without its text"),
    ],
)
def test_check__with_a_false_field__is_refused(world, change, message):
    with pytest.raises(ReceiptInvalid, match=message):
        check_receipt(replace(world.receipts[0], **change), world.facts)
