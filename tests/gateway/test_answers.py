"""Answers for vouchers, over HTTP: what is charged, what is refused, and what requests at once can do."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from eth_account.signers.local import LocalAccount

from attribution_oracle.receipts import parse_receipt, receipt_id_of
from chain.client import ChainClient
from chain.typed_data import Voucher
from openledger.errors import PROBLEM_PREFIX
from openledger.gateway.client import GatewayClient

SOLD, SOLD_TOO, INACTIVE, FOREIGN, FREE, ABSENT = 1, 2, 3, 4, 5, 99
PROMPT = "what is a Datanet"
MAX_TOKENS = 10


class Shop:
    """A payer at the session's gateway, who can sign what an honest client would not."""

    def __init__(self, market: Any, gateway: Any, payer: LocalAccount) -> None:
        self.market, self.gateway, self.payer = market, gateway, payer
        self.client: GatewayClient = market.client(gateway, payer)
        self.chain: ChainClient = market.chain

    def fee(self, prompt: str = PROMPT, max_tokens: int = MAX_TOKENS, adapter_id: int = SOLD) -> int:
        """The highest fee of an answer, by the registry's own arithmetic."""
        return int(self.chain.call("ModelRegistry", "quote", adapter_id, len(prompt.split()), max_tokens))

    def voucher(self, ceiling: int, **changes: Any) -> dict[str, Any]:
        """A signed voucher; `changes` are fields of it."""
        fields = {
            "payer": self.payer.address,
            "operator": self.market.operator.address,
            "adapter_id": SOLD,
            "cumulative_wei": ceiling,
            "expiry": self.market.now() + 86_400,
        }
        return self.client.sign(Voucher(**{**fields, **changes}))

    def post(self, voucher: Any, *, prompt: Any = PROMPT, **changes: Any) -> httpx.Response:
        body = {"adapter_id": SOLD, "prompt": prompt, "max_tokens": MAX_TOKENS, "voucher": voucher, **changes}
        return httpx.post(f"{self.gateway.url}/v1/answers", json=body, timeout=60)

    def due(self, adapter_id: int = SOLD) -> int:
        return self.client.quote(adapter_id=adapter_id, prompt=PROMPT, max_tokens=1).due_wei


@pytest.fixture
def shop(market: Any, gateway: Any) -> Shop:
    return Shop(market, gateway, market.payer())


def slug_of(response: httpx.Response) -> str:
    """The problem that a response names, once it is a well-formed one."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"] and problem["detail"]
    assert problem["type"].startswith(PROBLEM_PREFIX)
    return str(problem["type"]).removeprefix(PROBLEM_PREFIX)


def test_answer__is_charged_by_the_tokens_used(shop: Shop) -> None:
    response = shop.post(shop.voucher(shop.fee()), public_evidence=True)
    assert response.status_code == 200, response.text
    answer, receipt = response.json()["answer"], response.json()["receipt"]
    assert answer == "1: Datanet a is what"
    fee = int(shop.chain.call("ModelRegistry", "quote", SOLD, 4, 5))
    assert fee < shop.fee()
    salt = bytes.fromhex(receipt["salt"][2:])
    assert receipt == {
        "receipt_id": receipt["receipt_id"],
        "adapter_id": SOLD,
        "adapter_digest": "0x" + "02" * 32,
        "payer": shop.payer.address,
        "operator": shop.market.operator.address,
        "prompt_hash": "0x" + hashlib.sha256(salt + PROMPT.encode()).hexdigest(),
        "answer_hash": "0x" + hashlib.sha256(salt + answer.encode()).hexdigest(),
        "input_tokens": 4,
        "output_tokens": 5,
        "fee_wei": str(fee),
        "due_after_wei": str(fee),
        "served_at": receipt["served_at"],
        "is_public": True,
        "salt": receipt["salt"],
        "prompt": PROMPT,
        "answer": answer,
    }
    assert len(salt) == 32
    assert 0 < receipt["served_at"] <= shop.market.now()
    assert shop.due() == fee


def test_receipt_id__is_what_the_oracle_computes(shop: Shop) -> None:
    receipt = parse_receipt(shop.post(shop.voucher(shop.fee())).json()["receipt"])
    assert receipt.receipt_id == receipt_id_of(
        chain_id=shop.chain.chain_id,
        payments=shop.market.address("InferencePayments"),
        payer=receipt.payer,
        operator=receipt.operator,
        adapter_id=receipt.adapter_id,
        due_after_wei=receipt.due_after_wei,
    )


def test_quote__names_the_ceiling_that_is_needed(shop: Shop) -> None:
    shop.client.ask(adapter_id=SOLD, prompt=PROMPT, max_tokens=MAX_TOKENS)
    tag = shop.client.quote(adapter_id=SOLD, prompt=PROMPT, max_tokens=MAX_TOKENS)
    assert tag.max_fee_wei == shop.fee()
    assert tag.required_cumulative_wei == tag.due_wei + tag.max_fee_wei
    assert slug_of(shop.post(shop.voucher(tag.required_cumulative_wei - 1))) == "voucher-too-low"
    assert shop.post(shop.voucher(tag.required_cumulative_wei)).status_code == 200


VOUCHER_FAULTS: dict[str, Callable[[Shop], dict[str, Any]]] = {
    "bad-signature": lambda shop: {**shop.voucher(shop.fee()), "payer": shop.market.operator.address},
    "wrong-chain": lambda shop: {**shop.voucher(shop.fee()), "chain_id": 1},
    "wrong-contract": lambda shop: {**shop.voucher(shop.fee()), "verifying_contract": "0x" + "1" * 40},
    "wrong-operator": lambda shop: shop.voucher(shop.fee(), operator="0x" + "1" * 40),
    "wrong-adapter": lambda shop: shop.voucher(shop.fee(), adapter_id=SOLD_TOO),
    "expired-voucher": lambda shop: shop.voucher(shop.fee(), expiry=shop.market.now() + 599),
    "stale-voucher": lambda shop: shop.voucher(0),
    "voucher-too-low": lambda shop: shop.voucher(shop.fee() - 1),
    "overdrawn-deposit": lambda shop: shop.voucher(10**18 + 1),
}


@pytest.mark.parametrize("slug", VOUCHER_FAULTS)
def test_answer__for_a_faulty_voucher__is_refused_and_not_charged(shop: Shop, slug: str) -> None:
    assert slug_of(shop.post(VOUCHER_FAULTS[slug](shop))) == slug
    assert shop.due() == 0


def test_answer__with_one_flipped_bit_of_the_signature__is_bad_signature(shop: Shop) -> None:
    voucher = shop.voucher(shop.fee())
    last = int(voucher["signature"][-4:-2], 16) ^ 1
    voucher["signature"] = f"{voucher['signature'][:-4]}{last:02x}{voucher['signature'][-2:]}"
    assert slug_of(shop.post(voucher)) == "bad-signature"


@pytest.mark.parametrize("adapter_id", [INACTIVE, FOREIGN, ABSENT])
def test_answer__of_an_adapter_that_is_not_sold_here__is_unknown(shop: Shop, adapter_id: int) -> None:
    voucher = shop.voucher(10**15, adapter_id=adapter_id)
    response = shop.post(voucher, adapter_id=adapter_id)
    assert (slug_of(response), response.status_code) == ("unknown-adapter", 404)


def test_answer__to_a_long_prompt__is_refused(shop: Shop) -> None:
    response = shop.post(shop.voucher(10**17), prompt="word " * 51)
    assert (slug_of(response), response.status_code) == ("prompt-too-long", 413)
    assert shop.post(shop.voucher(10**17), prompt="word " * 50).status_code == 200


MALFORMED: dict[str, dict[str, Any]] = {
    "no voucher": {"voucher": None},
    "no prompt": {"prompt": ""},
    "prompt of another type": {"prompt": 5},
    "prompt that is no Unicode": {"prompt": "\ud800"},
    "no adapter": {"adapter_id": 0},
    "adapter as a float": {"adapter_id": 1.0},
    "adapter as a truth": {"adapter_id": True},
    "no tokens": {"max_tokens": 0},
    "too many tokens": {"max_tokens": 101},
    "a publicity that is no truth": {"public_evidence": "yes"},
    "a field too many": {"price": 1},
}


@pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED)
def test_answer__to_a_malformed_request__is_refused(shop: Shop, changes: dict[str, Any]) -> None:
    body = {"adapter_id": SOLD, "prompt": PROMPT, "max_tokens": MAX_TOKENS, "voucher": shop.voucher(10**16), **changes}
    # written here: httpx does not send what is no Unicode
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{shop.gateway.url}/v1/answers", content=json.dumps(body), headers=headers)
    assert (slug_of(response), response.status_code) == ("malformed", 422)
    assert shop.due() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payer", "0x12"),
        ("operator", "vitalik.eth"),
        ("signature", "0x"),
        ("signature", "0x" + "g" * 130),
        ("cumulative_wei", "-1"),
        ("cumulative_wei", 1.5),
        ("cumulative_wei", "1e18"),
        ("cumulative_wei", str(2**256)),
        ("expiry", None),
        ("verifying_contract", 5),
    ],
)
def test_answer__for_a_voucher_that_is_none__is_malformed(shop: Shop, field: str, value: Any) -> None:
    response = shop.post({**shop.voucher(10**16), field: value})
    assert slug_of(response) == "malformed"
    assert f"body.voucher.{field}" in response.json()["detail"]


def test_requests_that_fit_nothing__are_problems_too(gateway: Any) -> None:
    assert slug_of(httpx.get(f"{gateway.url}/v2/answers")) == "not-found"
    response = httpx.get(f"{gateway.url}/v1/answers")
    assert (slug_of(response), response.status_code) == ("malformed", 405)
    assert slug_of(httpx.post(f"{gateway.url}/v1/quotes", content=b"{")) == "malformed"
    assert slug_of(httpx.post(f"{gateway.url}/v1/quotes", content=b"x" * 262_145)) == "body-too-large"
    assert slug_of(httpx.post(f"{gateway.url}/v1/quotes", content=iter([b"{}"]))) == "body-too-large"


@pytest.mark.parametrize("prompt", ["fail to answer", "greedy answer"])
def test_answer__that_fails__is_not_charged(shop: Shop, prompt: str) -> None:
    response = shop.post(shop.voucher(shop.fee(prompt)), prompt=prompt)
    assert (slug_of(response), response.status_code) == ("answer-failed", 502)
    assert shop.due() == 0
    # and holds nothing back from the deposit: all of it can be signed for still
    assert shop.post(shop.voucher(10**18)).status_code == 200


def test_replayed_request__once_its_ceiling_is_used_up__is_stale(shop: Shop) -> None:
    prompt = " ".join(["word"] * 20)  # longer than the answer: every token that was reserved is used
    voucher = shop.voucher(shop.fee(prompt))
    assert shop.post(voucher, prompt=prompt).status_code == 200
    assert shop.due() == shop.fee(prompt)
    for _ in range(2):
        assert slug_of(shop.post(voucher, prompt=prompt)) == "stale-voucher"
    assert shop.due() == shop.fee(prompt)


def test_two_adapters__share_one_deposit(shop: Shop) -> None:
    first = shop.client.ask(adapter_id=SOLD, prompt=PROMPT, max_tokens=MAX_TOKENS)
    left = 10**18 - first.fee_wei
    too_high = shop.voucher(left + 1, adapter_id=SOLD_TOO)
    assert slug_of(shop.post(too_high, adapter_id=SOLD_TOO)) == "overdrawn-deposit"
    assert shop.post(shop.voucher(left, adapter_id=SOLD_TOO), adapter_id=SOLD_TOO).status_code == 200


def test_withdrawal_that_was_requested__is_not_counted_on(shop: Shop) -> None:
    shop.chain.send(shop.payer, "InferencePayments", "request_withdrawal", 10**18 - shop.fee() + 1)
    assert slug_of(shop.post(shop.voucher(shop.fee()))) == "overdrawn-deposit"


def test_free_adapter__answers_without_a_receipt(shop: Shop) -> None:
    response = shop.post(shop.voucher(0, adapter_id=FREE), adapter_id=FREE)
    assert response.json() == {"answer": "5: Datanet a is what", "receipt": None}


# longer than the answer, so that every token that was reserved is used
SLOW = "wait " + "word " * 20


def test_requests_at_once__cannot_overspend_a_deposit(market: Any, gateway: Any) -> None:
    one = int(market.chain.call("ModelRegistry", "quote", SOLD, 21, MAX_TOKENS))
    shop = Shop(market, gateway, market.payer(deposit_wei=2 * one))
    vouchers = [shop.voucher(one), shop.voucher(one, adapter_id=SOLD_TOO), shop.voucher(2 * one)]
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(shop.post, voucher, prompt=SLOW, adapter_id=voucher["adapter_id"]) for voucher in vouchers]
        responses = [future.result() for future in asked]
    # whichever comes first, the deposit pays for two of the three
    refused = [slug_of(response) for response in responses if response.status_code != 200]
    assert len(refused) == 1
    assert set(refused) <= {"overdrawn-deposit", "stale-voucher"}
    assert shop.due(SOLD) + shop.due(SOLD_TOO) == 2 * one


def test_requests_at_once_under_one_ceiling__are_all_covered(shop: Shop) -> None:
    one = shop.fee(SLOW)
    voucher = shop.voucher(3 * one)
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: shop.post(voucher, prompt=SLOW), range(4)))
    dues = sorted(int(r.json()["receipt"]["due_after_wei"]) for r in responses if r.status_code == 200)
    assert dues == [one, 2 * one, 3 * one]
    assert [slug_of(r) for r in responses if r.status_code != 200] == ["stale-voucher"]
    assert shop.due() == 3 * one
