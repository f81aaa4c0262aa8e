"""Receipts of paid answers: parsed, checked against their own hashes, and laid against what was redeemed (pure)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from attribution_oracle import wire
from attribution_oracle.errors import EvidenceInvalid, ReceiptInvalid
from attribution_oracle.facts import EpochFacts, Redemption
from attribution_oracle.rewards import pool_wei
from chain.merkle import keccak, word


@dataclass(frozen=True, slots=True)
class Text:
    """What was asked and answered, with the salt of both hashes."""

    salt: bytes
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One served answer (docs/formats.md "Vouchers and receipts"); `text` is None when only its hashes are known."""

    receipt_id: bytes
    adapter_id: int
    adapter_digest: bytes
    payer: str
    operator: str
    prompt_hash: bytes
    answer_hash: bytes
    input_tokens: int
    output_tokens: int
    fee_wei: int
    due_after_wei: int
    served_at: int
    is_public: bool
    text: Text | None

    @property
    def order(self) -> tuple[int, int, int, int]:
        """The place in an epoch: by payer and operator as numbers, adapter id, amount due after it."""
        return int(self.payer, 16), int(self.operator, 16), self.adapter_id, self.due_after_wei


@dataclass(frozen=True, slots=True)
class PaidReceipt:
    """A receipt whose fee was redeemed, and the contributors' part of that fee."""

    receipt: Receipt
    pool_wei: int


def parse_receipt(document: wire.Json) -> Receipt:
    """The receipt of a JSON object; raises ReceiptInvalid naming the field. Hashes are not checked yet."""
    try:
        return Receipt(
            receipt_id=wire.bytes32(document, "receipt_id"),
            adapter_id=wire.natural(document, "adapter_id"),
            adapter_digest=wire.bytes32(document, "adapter_digest"),
            payer=wire.address(document, "payer"),
            operator=wire.address(document, "operator"),
            prompt_hash=wire.bytes32(document, "prompt_hash"),
            answer_hash=wire.bytes32(document, "answer_hash"),
            input_tokens=wire.natural(document, "input_tokens"),
            output_tokens=wire.natural(document, "output_tokens"),
            fee_wei=wire.natural(document, "fee_wei"),
            due_after_wei=wire.natural(document, "due_after_wei"),
            served_at=wire.natural(document, "served_at"),
            is_public=wire.flag(document, "is_public"),
            text=_text_of(document),
        )
    except EvidenceInvalid as error:
        raise ReceiptInvalid(f"receipt {document.get('receipt_id')}: {error}") from error


def published(receipt: Receipt) -> dict[str, Any]:
    """The JSON object of a receipt as everyone may see it: the text only of public ones."""
    document: dict[str, Any] = {
        "receipt_id": wire.hexed(receipt.receipt_id),
        "adapter_id": receipt.adapter_id,
        "adapter_digest": wire.hexed(receipt.adapter_digest),
        "payer": receipt.payer,
        "operator": receipt.operator,
        "prompt_hash": wire.hexed(receipt.prompt_hash),
        "answer_hash": wire.hexed(receipt.answer_hash),
        "input_tokens": receipt.input_tokens,
        "output_tokens": receipt.output_tokens,
        "fee_wei": str(receipt.fee_wei),
        "due_after_wei": str(receipt.due_after_wei),
        "served_at": receipt.served_at,
        "is_public": receipt.is_public,
    }
    if receipt.is_public and receipt.text:
        document |= {
            "salt": wire.hexed(receipt.text.salt),
            "prompt": receipt.text.prompt,
            "answer": receipt.text.answer,
        }
    return document


def receipt_id_of(
    *, chain_id: int, payments: str, payer: str, operator: str, adapter_id: int, due_after_wei: int
) -> bytes:
    """The id of a receipt: unique, since what is due only ever grows."""
    fields: tuple[int | str, ...] = (chain_id, payments, payer, operator, adapter_id, due_after_wei)
    return keccak(b"".join(map(word, fields)))


def check_receipt(receipt: Receipt, facts: EpochFacts) -> None:
    """Raise ReceiptInvalid unless id, adapter and text are what the receipt's own fields and the chain say."""
    expected_id = receipt_id_of(
        chain_id=facts.chain_id,
        payments=facts.addresses.payments,
        payer=receipt.payer,
        operator=receipt.operator,
        adapter_id=receipt.adapter_id,
        due_after_wei=receipt.due_after_wei,
    )
    _expect(receipt, "receipt_id", expected_id, receipt.receipt_id)
    adapter = facts.adapters.get(receipt.adapter_id)
    if adapter is None:
        raise ReceiptInvalid(f"{_name(receipt)}: adapter {receipt.adapter_id} redeemed nothing in this reward epoch")
    _expect(receipt, "adapter_digest", adapter.weights_digest, receipt.adapter_digest)
    if receipt.is_public and receipt.text is None:
        raise ReceiptInvalid(f"{_name(receipt)}: is_public, but without its text; expected salt, prompt and answer")
    if receipt.text:
        _expect(receipt, "prompt_hash", _salted(receipt.text.salt, receipt.text.prompt), receipt.prompt_hash)
        _expect(receipt, "answer_hash", _salted(receipt.text.salt, receipt.text.answer), receipt.answer_hash)


def cover(redemptions: Iterable[Redemption], receipts: Iterable[Receipt]) -> list[PaidReceipt]:
    """The receipts in receipt order, each with its pool; every redemption is covered to the wei, by nothing twice.

    Raises ReceiptInvalid when a receipt is missing, does not continue the one before it, or belongs nowhere.
    """
    waiting: defaultdict[tuple[int, ...], list[Receipt]] = defaultdict(list)
    for receipt in sorted(receipts, key=lambda receipt: receipt.order, reverse=True):
        waiting[receipt.order[:3]].append(receipt)
    paid: list[PaidReceipt] = []
    for redemption in sorted(redemptions, key=lambda redemption: redemption.order):
        paid += _covering(redemption, waiting[redemption.order[:3]])
    for left in waiting.values():
        if left:
            raise ReceiptInvalid(f"{_name(left[-1])}: its fee was not redeemed in this reward epoch; leave it out")
    return paid


def _covering(redemption: Redemption, waiting: list[Receipt]) -> Iterable[PaidReceipt]:
    """Take the receipts of one redemption from the end of `waiting` (latest first)."""
    due = redemption.due_wei - redemption.amount_wei
    while due < redemption.due_wei:
        receipt = waiting.pop() if waiting else None
        # each receipt continues the one before it: with the ids, this pins every single fee, not only their sum
        if receipt is None or receipt.fee_wei == 0 or receipt.due_after_wei != due + receipt.fee_wei:
            raise ReceiptInvalid(
                f"redemption of {redemption.amount_wei} wei by {redemption.operator} from {redemption.payer} for "
                f"adapter {redemption.adapter_id}: {_next_of(receipt)} after {due} of {redemption.due_wei} wei due; "
                "expected receipts without a gap: ask the operator's gateway for them"
            )
        due = receipt.due_after_wei
        pool = pool_wei(receipt.fee_wei, amount_wei=redemption.amount_wei, contributors_wei=redemption.contributors_wei)
        yield PaidReceipt(receipt, pool)
    if due > redemption.due_wei:
        raise ReceiptInvalid(
            f"redemption up to {redemption.due_wei} wei by {redemption.operator}: its last receipt ends at {due}; "
            "expected fees that sum to the amount exactly: ask the operator's gateway for the right receipts"
        )


def _next_of(receipt: Receipt | None) -> str:
    if receipt is None:
        return "no receipt"
    return f"{_name(receipt)} with fee {receipt.fee_wei} and due_after {receipt.due_after_wei}"


def _text_of(document: wire.Json) -> Text | None:
    if "prompt" not in document:
        return None
    return Text(
        salt=wire.raw(document, "salt"), prompt=wire.text(document, "prompt"), answer=wire.text(document, "answer")
    )


def _salted(salt: bytes, text: str) -> bytes:
    return hashlib.sha256(salt + text.encode()).digest()


def _name(receipt: Receipt) -> str:
    return f"receipt {wire.hexed(receipt.receipt_id)}"


def _expect(receipt: Receipt, field: str, expected: bytes, found: bytes) -> None:
    if found != expected:
        raise ReceiptInvalid(
            f"{_name(receipt)}: {field} is {wire.hexed(found)}; expected {wire.hexed(expected)}: do not pay it"
        )
