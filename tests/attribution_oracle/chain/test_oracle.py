"""The oracle's whole turn: the real indexer, a server of receipts, three signer processes, the real contract."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from attribution_oracle.audit import Match, audit_epoch
from attribution_oracle.chain_facts import read_facts
from attribution_oracle.errors import OracleError, ReceiptInvalid, SourceUnavailable
from attribution_oracle.facts import first_difference
from attribution_oracle.oracle import Closed, NothingToPay, close_epoch
from attribution_oracle.reader import Gateway, Indexer, read_receipts
from attribution_oracle.receipts import published
from chain.node import dev_account

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
TOKEN = "oracle-token"
POSTER = 14


@pytest.fixture
def indexer(market, tmp_path) -> Iterator[Indexer]:
    command = [sys.executable, "-m", "indexer", "--rpc", market.client.rpc_url, "--poll-seconds", "0.1"]
    command += ["--deployment", str(market.folder / "deployment.json"), "--database", f"sqlite:///{tmp_path}/index.db"]
    process = subprocess.Popen(command, cwd=market.signers[0].root, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().split()[-1]
        yield Indexer(url, market.client)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def gateway(market) -> Iterator[str]:
    """A server of receipts, one a page, with the text of private ones for the token alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            low, high = int(query["after_due_wei"]), int(query["up_to_due_wei"])
            found = [r for r in market.receipts if low < r.due_after_wei <= high]
            place = int(query.get("cursor", 0))
            is_oracle = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            page = [document_of(receipt, is_oracle) for receipt in found[place : place + 1]]
            more = str(place + 1) if place + 1 < len(found) else None
            body = json.dumps({"items": page, "next": more}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def document_of(receipt, is_oracle):
    text = {"salt": "0x" + receipt.text.salt.hex(), "prompt": receipt.text.prompt, "answer": receipt.text.answer}
    return published(receipt) | (text if is_oracle else {})


def close(market, indexer, gateways, **options):
    return close_epoch(
        1,
        client=market.client,
        store=market.store,
        indexer=indexer,
        gateways=gateways,
        bases=[market.base],
        signers=market.signers,
        poster=dev_account(POSTER),
        work=market.folder / "work",
        **options,
    )


def test_close_epoch__posts_a_root_whose_leaves_the_indexer_proves(market, indexer, gateway):
    market.advance_past_epoch(1)
    assert first_difference(read_facts(market.client, 1), indexer.epoch_facts(1)) is None
    said: list[str] = []
    closed = close(market, indexer, [Gateway(gateway, TOKEN)], progress=said.append)
    assert isinstance(closed, Closed)
    assert len(closed.signers) == 3 and len(said) == 3
    record = market.client.call("RewardDistributor", "root", 1)
    assert bytes(record[0]) == closed.reward_root.root
    account = closed.result.rewards.accounts[0]
    proof = httpx.get(f"{indexer.url}/epochs/1/proofs/{account}").json()
    assert int(proof["cumulative_wei"]) == closed.result.rewards.proof_of(account)[1]
    assert isinstance(audit_epoch(1, client=market.client, store=market.store, bases=[market.base]), Match)
    with pytest.raises(OracleError, match="epoch 1 has a standing root"):
        close(market, indexer, [])


def test_close_epoch__without_the_receipts__is_stopped_until_the_adapter_is_skipped(market, indexer, gateway):
    market.advance_past_epoch(1)
    with pytest.raises(ReceiptInvalid, match="no receipt after 0 of 6000000000000000000 wei due"):
        close(market, indexer, [])
    skipped = close(market, indexer, [Gateway(gateway, TOKEN)], skipped_adapters=frozenset({1}))
    assert isinstance(skipped, NothingToPay)


def test_read_receipts__without_the_token__lacks_the_private_text(market, gateway):
    market.advance_past_epoch(1)
    redemptions = read_facts(market.client, 1).redemptions
    read = read_receipts([Gateway(gateway)], redemptions)
    assert [(r.is_public, r.text is not None) for r in read] == [(True, True), (True, True), (False, False)]


def test_read_receipts__from_a_gateway_that_is_down__may_be_retried(market):
    market.advance_past_epoch(1)
    with pytest.raises(SourceUnavailable, match="is the service up"):
        read_receipts([Gateway("http://127.0.0.1:9")], read_facts(market.client, 1).redemptions)
