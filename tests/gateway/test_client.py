"""The payer's client signs no more than it may, and believes no receipt that is not that of its question."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from openledger.errors import GatewayRefused, GatewayUnavailable, ReceiptFalse
from openledger.gateway.client import GatewayClient

SOLD = 1
PROMPT = "what is a Datanet"


def ask(client: GatewayClient, **changes: Any) -> Any:
    return client.ask(**{"adapter_id": SOLD, "prompt": PROMPT, "max_tokens": 10, **changes})


def test_ask__pays_again_and_again(market: Any, gateway: Any) -> None:
    with market.client(gateway, market.payer()) as client:
        paid = [ask(client) for _ in range(3)]
        dues = [int(item.receipt["due_after_wei"]) for item in paid]
        assert dues == [paid[0].fee_wei, 2 * paid[0].fee_wei, 3 * paid[0].fee_wei]
        assert {item.answer for item in paid} == {"1: Datanet a is what"}


def test_ask__past_the_payers_limit__signs_nothing(market: Any, gateway: Any) -> None:
    payer = market.payer()
    with market.client(gateway, payer) as client:
        highest = client.quote(adapter_id=SOLD, prompt=PROMPT, max_tokens=10).max_fee_wei
        first = ask(client, limit_wei=highest).fee_wei
        with pytest.raises(ReceiptFalse, match=f"expected at most {highest}; raise the limit"):
            ask(client, limit_wei=highest)
        ask(client, limit_wei=highest + first)


def test_ask__without_a_deposit__tells_the_gateways_reason(market: Any, gateway: Any) -> None:
    with market.client(gateway, market.operator) as client, pytest.raises(GatewayRefused) as refusal:
        ask(client)
    assert (refusal.value.slug, refusal.value.status) == ("overdrawn-deposit", 402)
    assert "deposit more" in str(refusal.value)


def test_ask__where_nobody_answers__is_unavailable(market: Any, gateway: Any) -> None:
    nowhere = GatewayClient("http://127.0.0.1:1", chain=market.chain, payer=market.operator)
    with nowhere, pytest.raises(GatewayUnavailable, match="try again"):
        ask(nowhere)
    wrong = GatewayClient(market.chain.rpc_url, chain=market.chain, payer=market.operator)
    with wrong, pytest.raises((GatewayUnavailable, GatewayRefused, ReceiptFalse)):
        ask(wrong)


class Forger(http.server.BaseHTTPRequestHandler):
    """A server between payer and gateway that changes a reply by the function of its server."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {"Content-Type": "application/json"}
        reply = httpx.post(self.server.target + self.path, content=body, headers=headers).json()  # type: ignore[attr-defined]
        content = json.dumps(self.server.change(reply)).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def forged(market: Any, gateway: Any) -> Iterator[Callable[[Callable[[Any], Any]], GatewayClient]]:
    """A new payer's client of a gateway whose replies are changed."""
    servers: list[http.server.ThreadingHTTPServer] = []

    def client(change: Callable[[Any], Any]) -> GatewayClient:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forger)
        server.target, server.change = gateway.url, change  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return GatewayClient(f"http://127.0.0.1:{server.server_port}", chain=market.chain, payer=market.payer())

    yield client
    for server in servers:
        server.shutdown()
        server.server_close()


def with_receipt(**changes: Any) -> Callable[[Any], Any]:
    def change(reply: Any) -> Any:
        return {**reply, "receipt": {**reply["receipt"], **changes}} if "receipt" in reply else reply

    return change


FORGERIES: dict[str, Callable[[Any], Any]] = {
    "receipt_id": with_receipt(receipt_id="0x" + "00" * 32),
    "prompt_hash": with_receipt(prompt_hash="0x" + "00" * 32),
    "prompt_hash, answer_hash": with_receipt(salt="0x" + "00" * 32),
    "answer_hash": lambda reply: {**reply, "answer": "another answer"} if "answer" in reply else reply,
    "fee_wei": with_receipt(fee_wei=str(10**18)),
    "receipt_id, due_after_wei": with_receipt(due_after_wei=str(10**18)),
}


@pytest.mark.parametrize("wrong", FORGERIES)
def test_ask__of_a_forging_gateway__refuses_the_receipt(forged: Callable[..., GatewayClient], wrong: str) -> None:
    with forged(FORGERIES[wrong]) as client, pytest.raises(ReceiptFalse, match=f"wrong {wrong};"):
        ask(client)


QUOTES: dict[str, Any] = {
    "required_cumulative_wei": str(10**17),
    "due_wei": -5,
    "max_fee_wei": None,
    "operator": "nobody",
}


@pytest.mark.parametrize("field", QUOTES)
def test_quote__that_contradicts_itself__is_not_signed(forged: Callable[..., GatewayClient], field: str) -> None:
    with forged(lambda reply: {**reply, field: QUOTES[field]}) as client, pytest.raises(ReceiptFalse):
        ask(client)
