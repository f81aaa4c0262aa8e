"""The payer's side of a gateway: quote, sign a voucher, ask, and check what comes back.

The gateway is not trusted: a payer can bound what it lets be owed, and a receipt must be that of the question. The
chain id and contract of vouchers come from the payer's own client of the chain.
"""

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from eth_account.signers.local import LocalAccount
from eth_utils.address import is_hex_address, to_checksum_address

from chain.client import ChainClient
from chain.typed_data import Voucher, sign_digest, voucher_digest
from openledger.errors import PROBLEM_PREFIX, GatewayRefused, GatewayUnavailable, ReceiptFalse
from openledger.gateway.receipts import receipt_id_of

VOUCHER_SECONDS = 7 * 86_400
_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class PriceTag:
    """A gateway's quote: the most that the answer costs, what is due before it, and the ceiling to sign; in wei."""

    operator: str
    max_fee_wei: int
    due_wei: int
    required_cumulative_wei: int


@dataclass(frozen=True, slots=True)
class PaidAnswer:
    """An answer, what it cost, and its receipt as it came; None where the answer cost nothing."""

    answer: str
    fee_wei: int
    receipt: dict[str, Any] | None


class GatewayClient:
    """A payer at one gateway; as a context manager it closes its connections.

    Every method raises GatewayUnavailable when the gateway does not answer and GatewayRefused when it refuses.
    """

    def __init__(self, url: str, *, chain: ChainClient, payer: LocalAccount) -> None:
        assert chain.deployment is not None, "vouchers are signed for a contract"
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS)
        self._chain = chain
        self._payer = payer
        self._contract = chain.deployment.address("InferencePayments")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def quote(self, *, adapter_id: int, prompt: str, max_tokens: int) -> PriceTag:
        """What the gateway asks for an answer. Raises ReceiptFalse if the quote contradicts itself."""
        body = {"adapter_id": adapter_id, "prompt": prompt, "max_tokens": max_tokens, "payer": self._payer.address}
        reply = self._post("/v1/quotes", body)
        tag = PriceTag(
            operator=_address(reply, "operator"),
            max_fee_wei=_wei(reply, "max_fee_wei"),
            due_wei=_wei(reply, "due_wei"),
            required_cumulative_wei=_wei(reply, "required_cumulative_wei"),
        )
        if tag.required_cumulative_wei != tag.due_wei + tag.max_fee_wei:
            raise ReceiptFalse(f"{self._url} quotes {tag}; expected due and fee to sum to the ceiling; do not sign it")
        return tag

    def sign(self, voucher: Voucher) -> dict[str, Any]:
        """The voucher as a gateway takes it, signed by the payer."""
        chain_id = self._chain.chain_id
        digest = voucher_digest(voucher, chain_id=chain_id, contract=self._contract)
        return {
            "payer": voucher.payer,
            "operator": voucher.operator,
            "adapter_id": voucher.adapter_id,
            "cumulative_wei": str(voucher.cumulative_wei),
            "expiry": str(voucher.expiry),
            "chain_id": chain_id,
            "verifying_contract": self._contract,
            "signature": "0x" + sign_digest(digest, self._payer.key).hex(),
        }

    def ask(
        self, *, adapter_id: int, prompt: str, max_tokens: int, is_public: bool = False, limit_wei: int | None = None
    ) -> PaidAnswer:
        """Pay for an answer.

        Args:
            is_public: whether the text may appear in the evidence of the reward epoch.
            limit_wei: the most that may be owed and not yet redeemed after it; None leaves it to the deposit.

        Raises:
            ReceiptFalse: more would be owed than `limit_wei`, or the reply is not that of the question.
        """
        tag = self.quote(adapter_id=adapter_id, prompt=prompt, max_tokens=max_tokens)
        self._check_limit(tag, adapter_id=adapter_id, limit_wei=limit_wei)
        voucher = Voucher(
            payer=str(self._payer.address),
            operator=tag.operator,
            adapter_id=adapter_id,
            cumulative_wei=tag.required_cumulative_wei,
            expiry=self._chain.block("latest").timestamp + VOUCHER_SECONDS,
        )
        body = {
            "adapter_id": adapter_id,
            "prompt": prompt,
            "max_tokens": max_tokens,
            "public_evidence": is_public,
            "voucher": self.sign(voucher),
        }
        return self._checked(self._post("/v1/answers", body), voucher, prompt=prompt, max_fee_wei=tag.max_fee_wei)

    def redeem(self, *, operator_token: str) -> dict[str, Any]:
        """Have the gateway redeem all that is due to its operator; what it redeemed and what it skipped."""
        return self._post("/v1/redemptions", None, headers={"Authorization": f"Bearer {operator_token}"})

    def _check_limit(self, tag: PriceTag, *, adapter_id: int, limit_wei: int | None) -> None:
        if limit_wei is None:
            return
        arguments = (self._payer.address, tag.operator, adapter_id)
        redeemed = self._chain.call("InferencePayments", "redeemed_of", *arguments)
        if tag.required_cumulative_wei - redeemed > limit_wei:
            raise ReceiptFalse(
                f"the voucher would let {tag.operator} redeem {tag.required_cumulative_wei - redeemed} wei; "
                f"expected at most {limit_wei}; raise the limit, ask for less, or ask another operator"
            )

    def _checked(self, reply: dict[str, Any], voucher: Voucher, *, prompt: str, max_fee_wei: int) -> PaidAnswer:
        """The reply, once its receipt proves to be one for this question."""
        answer, receipt = str(reply.get("answer")), reply.get("receipt")
        if receipt is None:
            return PaidAnswer(answer, 0, None)
        fee, salt = _wei(receipt, "fee_wei"), _bytes(receipt, "salt")
        expected_id = receipt_id_of(
            chain_id=self._chain.chain_id,
            payments=self._contract,
            voucher=voucher,
            due_after_wei=_wei(receipt, "due_after_wei"),
        )
        facts = {
            "receipt_id": _bytes(receipt, "receipt_id") == expected_id,
            "prompt_hash": _bytes(receipt, "prompt_hash") == hashlib.sha256(salt + prompt.encode()).digest(),
            "answer_hash": _bytes(receipt, "answer_hash") == hashlib.sha256(salt + answer.encode()).digest(),
            "fee_wei": fee <= max_fee_wei,
            "due_after_wei": _wei(receipt, "due_after_wei") <= voucher.cumulative_wei,
        }
        wrong = ", ".join(name for name, is_right in facts.items() if not is_right)
        if wrong:
            raise ReceiptFalse(
                f"{self._url} sent a receipt with a wrong {wrong}; expected that of the question; leave it"
            )
        return PaidAnswer(answer, fee, receipt)

    def _post(self, path: str, body: object, *, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            response = self._http.post(path, json=body, headers=headers)
            document = response.json()
        except httpx.HTTPError as error:
            raise GatewayUnavailable(
                f"{self._url}{path} did not answer ({error}); check the address or try again"
            ) from error
        except ValueError as error:
            raise GatewayUnavailable(
                f"{self._url}{path} did not send JSON; expected a gateway; check the address"
            ) from error
        if response.is_success and isinstance(document, dict):
            return document
        raise _refusal(response.status_code, document)


def _refusal(status: int, document: Any) -> GatewayRefused:
    problem = document if isinstance(document, dict) else {}
    slug = str(problem.get("type", "unknown")).removeprefix(PROBLEM_PREFIX)
    return GatewayRefused(slug=slug, status=status, detail=str(problem.get("detail", document)))


def _wei(document: dict[str, Any], field: str) -> int:
    value = document.get(field)
    if not isinstance(value, str) or not value.isdecimal():
        raise ReceiptFalse(f"{field} is {value!r}; expected a decimal string; ask another gateway")
    return int(value)


def _bytes(document: dict[str, Any], field: str) -> bytes:
    value = document.get(field)
    try:
        return bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        raise ReceiptFalse(f"{field} is {value!r}; expected 0x hex; ask another gateway") from None


def _address(document: dict[str, Any], field: str) -> str:
    value = document.get(field)
    if not is_hex_address(value):
        raise ReceiptFalse(f"{field} is {value!r}; expected an address; ask another gateway")
    return to_checksum_address(value)
