"""The gateway's requests and replies: pydantic in, plain JSON out; wei as decimal strings, bytes as 0x hex."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from eth_utils.address import is_hex_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from chain.typed_data import Voucher
from openledger.gateway.receipts import Receipt, Tab
from openledger.gateway.redemptions import Redeemed, Skipped
from openledger.gateway.service import Question, Quote
from openledger.gateway.vouchers import SignedVoucher

_MAX_PROMPT_CHARACTERS = 65_536


def _natural(value: object) -> int:
    """A whole number as an integer or a decimal string; other programs may have rounded a JSON float."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("expected a whole number, as an integer or a decimal string")


def _address(value: str) -> str:
    if not is_hex_address(value):
        raise ValueError("expected an address of 20 bytes as 0x hex")
    return to_checksum_address(value)


def _hex_of(length: int) -> Callable[[object], bytes]:
    def parse(value: object) -> bytes:
        text = value if isinstance(value, str) else ""
        if re.fullmatch(f"0x[0-9a-fA-F]{{{2 * length}}}", text) is None:
            raise ValueError(f"expected {length} bytes as 0x hex")
        return bytes.fromhex(text[2:])

    return parse


Address = Annotated[StrictStr, AfterValidator(_address)]
Bytes32 = Annotated[bytes, BeforeValidator(_hex_of(32))]
Signature = Annotated[bytes, BeforeValidator(_hex_of(65))]
Uint256 = Annotated[int, BeforeValidator(_natural), Field(ge=0, lt=2**256)]
Id = Annotated[int, BeforeValidator(_natural), Field(ge=1, lt=2**63)]
Count = Annotated[int, BeforeValidator(_natural), Field(ge=1, lt=2**31)]


class VoucherBody(BaseModel):
    """A signed voucher with the domain that it was signed for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payer: Address
    operator: Address
    adapter_id: Id
    cumulative_wei: Uint256
    expiry: Uint256
    chain_id: Uint256
    verifying_contract: Address
    signature: Signature

    def signed(self) -> SignedVoucher:
        """The voucher in the form that the rules take."""
        voucher = Voucher(
            payer=self.payer,
            operator=self.operator,
            adapter_id=self.adapter_id,
            cumulative_wei=self.cumulative_wei,
            expiry=self.expiry,
        )
        return SignedVoucher(voucher, self.chain_id, self.verifying_contract, self.signature)


class QuestionBody(BaseModel):
    """What is asked of which adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    adapter_id: Id
    prompt: Annotated[StrictStr, Field(min_length=1, max_length=_MAX_PROMPT_CHARACTERS)]
    max_tokens: Count

    def question(self) -> Question:
        """The question in the form that the service takes."""
        return Question(self.adapter_id, self.prompt, self.max_tokens)


class QuoteBody(QuestionBody):
    """What `POST /v1/quotes` takes: the question and who would pay."""

    payer: Address


class AnswerBody(QuestionBody):
    """What `POST /v1/answers` takes: the question and the voucher that pays for it."""

    public_evidence: StrictBool = False
    voucher: VoucherBody


def quote_json(quote: Quote, *, operator: str) -> dict[str, Any]:
    """The reply to `POST /v1/quotes`."""
    return {
        "operator": operator,
        "input_tokens": quote.input_tokens,
        "max_fee_wei": str(quote.max_fee_wei),
        "due_wei": str(quote.due_wei),
        "required_cumulative_wei": str(quote.required_cumulative_wei),
    }


def receipt_json(receipt: Receipt, *, with_text: bool) -> dict[str, Any]:
    """A receipt; the text of a private one only if `with_text`, for its payer or the oracle."""
    document: dict[str, Any] = {
        "receipt_id": _hexed(receipt.receipt_id),
        "adapter_id": receipt.adapter_id,
        "adapter_digest": _hexed(receipt.adapter_digest),
        "payer": receipt.payer,
        "operator": receipt.operator,
        "prompt_hash": _hexed(receipt.prompt_hash),
        "answer_hash": _hexed(receipt.answer_hash),
        "input_tokens": receipt.input_tokens,
        "output_tokens": receipt.output_tokens,
        "fee_wei": str(receipt.fee_wei),
        "due_after_wei": str(receipt.due_after_wei),
        "served_at": receipt.served_at,
        "is_public": receipt.is_public,
    }
    if receipt.is_public or with_text:
        document |= {"salt": _hexed(receipt.salt), "prompt": receipt.prompt, "answer": receipt.answer}
    return document


def redemptions_json(redeemed: list[Redeemed], skipped: list[Skipped]) -> dict[str, Any]:
    """The reply to `POST /v1/redemptions`."""
    return {
        "redeemed": [
            _tab_json(item.tab)
            | {"amount_wei": str(item.amount_wei), "transaction_hash": _hexed(item.transaction_hash)}
            for item in redeemed
        ],
        "skipped": [_tab_json(item.tab) | {"reason": item.reason} for item in skipped],
    }


def _tab_json(tab: Tab) -> dict[str, Any]:
    return {"payer": tab.voucher.payer, "adapter_id": tab.voucher.adapter_id, "due_wei": str(tab.due_wei)}


def _hexed(value: bytes) -> str:
    return "0x" + value.hex()
