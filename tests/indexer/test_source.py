"""A node that lies, drops, repeats and shuffles: everything is found out, and in the end the index is right."""

import json
import random
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from indexer.bloom import bloom_bits, may_hold
from indexer.errors import NodeInconsistent, NodeUnavailable
from indexer.reorg import Blocks
from indexer.source import Source


@contextmanager
def node_in_front_of(rpc_url, spoil):
    """A server that asks the real node and hands its answers to `spoil(requests, answers)`; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answers = httpx.post(rpc_url, content=body, headers={"Content-Type": "application/json"}).json()
            status, content = spoil(json.loads(body), answers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def spoiling(change):
    """`spoil` that gives each eth_getLogs answer to `change(logs)`."""

    def spoil(requests, answers):
        wanted = {each["id"] for each in requests if each["method"] == "eth_getLogs"}
        for answer in answers:
            if answer["id"] in wanted and answer.get("result"):
                answer["result"] = change(answer["result"])
        return 200, json.dumps(answers).encode()

    return spoil


def addresses(market):
    return [record.address for record in market.deployment.contracts.values()]


def fetch(market, spoil, *, is_final):
    first = market.deployment.block_number
    blocks = Blocks(first, first + 15, is_final, first)
    with node_in_front_of(market.node.rpc_url, spoil) as url:
        source = Source(url, addresses(market))
        try:
            return source.fetch(blocks, parent_hash=None)
        finally:
            source.close()


@pytest.mark.parametrize("is_final", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda logs: [],
        lambda logs: [each for each in logs if each["address"] != logs[0]["address"]],
        lambda logs: [*logs, logs[0]],
        lambda logs: [{**logs[0], "blockHash": "0x" + "ab" * 32}, *logs[1:]],
        lambda logs: [{**logs[0], "blockNumber": "0xffff"}, *logs[1:]],
        lambda logs: [{**logs[0], "address": "0x" + "ab" * 20}, *logs[1:]],
        lambda logs: [{name: value for name, value in logs[0].items() if name != "data"}],
        lambda logs: "none",
    ],
    ids=["empty", "one contract left out", "twice", "other branch", "other block", "stranger", "no data", "no list"],
)
def test_logs_that_cannot_be_true__are_refused(busy_market, change, is_final):
    with pytest.raises(NodeInconsistent):
        fetch(busy_market, spoiling(change), is_final=is_final)


def test_logs_of_a_branch_that_was_left__are_dropped(busy_market):
    def with_removed(logs):
        return [{**logs[0], "removed": True, "logIndex": "0x99", "blockHash": "0x" + "ab" * 32}, *logs]

    spoiled = fetch(busy_market, spoiling(with_removed), is_final=True)
    honest = fetch(busy_market, spoiling(list), is_final=True)
    assert spoiled == honest
    assert honest.logs


@pytest.mark.parametrize(
    "spoil",
    [
        lambda requests, answers: (503, b"busy"),
        lambda requests, answers: (200, b"<html>"),
        lambda requests, answers: (200, json.dumps({"error": "batch too large"}).encode()),
        lambda requests, answers: (200, json.dumps(answers[1:]).encode()),
        lambda requests, answers: (200, json.dumps([{**each, "id": 0} for each in answers]).encode()),
    ],
    ids=["503", "html", "no batch", "one left out", "other ids"],
)
def test_answers_that_are_none__are_an_unavailable_node(busy_market, spoil):
    with pytest.raises(NodeUnavailable):
        fetch(busy_market, spoil, is_final=True)


def test_answers_in_any_order__are_matched_by_id(busy_market):
    def backwards(_requests, answers):
        return 200, json.dumps(answers[::-1]).encode()

    assert fetch(busy_market, backwards, is_final=False) == fetch(busy_market, spoiling(list), is_final=False)


def test_range_limit_of_a_provider__halves_the_range_until_it_passes(busy_market):
    def limited(requests, answers):
        for request, answer in zip(requests, answers, strict=True):
            span = request["params"][0] if request["method"] == "eth_getLogs" else {}
            if span and int(span["toBlock"], 16) - int(span["fromBlock"], 16) >= 3:
                answer.pop("result", None)
                answer["error"] = {"code": -32005, "message": "block range is too wide"}
        return 200, json.dumps(answers).encode()

    assert fetch(busy_market, limited, is_final=True) == fetch(busy_market, spoiling(list), is_final=True)


def test_unlucky_bloom__is_cleared_by_the_receipts(busy_market):
    def full_bloom(_requests, answers):
        for answer in answers:
            if isinstance(answer.get("result"), dict) and "logsBloom" in answer["result"]:
                answer["result"]["logsBloom"] = "0x" + "ff" * 256
        return 200, json.dumps(answers).encode()

    assert fetch(busy_market, full_bloom, is_final=True).logs == fetch(busy_market, spoiling(list), is_final=True).logs


def test_bloom_of_a_real_block__holds_its_logs_and_not_all_others(busy_market):
    block = busy_market.client.rpc("eth_getBlockByNumber", hex(busy_market.deployment.block_number), False)
    bloom = int(block["logsBloom"], 16)
    timelock = bytes.fromhex(busy_market.deployment.address("Timelock")[2:])
    assert may_hold(bloom, bloom_bits(timelock))
    assert not all(may_hold(bloom, bloom_bits(bytes([number]) * 20)) for number in range(8))


def test_index_over_a_bad_node__still_equals_that_over_a_good_one(busy_market, start_indexing):
    chance, seen = random.Random(3), Counter()

    def moody(requests, answers):
        mood = chance.choice(["fine", "fine", "fine", "shuffled", "busy", "no logs", "left out"])
        seen[mood] += 1
        if mood == "busy":
            return 503, b""
        if mood == "left out":
            answers.pop(chance.randrange(len(answers)))
        if mood == "shuffled":
            chance.shuffle(answers)
        return spoiling(lambda logs: [])(requests, answers) if mood == "no logs" else spoiling(list)(requests, answers)

    good = start_indexing(busy_market.deployment, busy_market.node.rpc_url)
    good.catch_up()
    with node_in_front_of(busy_market.node.rpc_url, moody) as url:
        bad = start_indexing(busy_market.deployment, url)
        for _ in range(400):
            if bad.engine.progress.is_caught_up:
                break
            bad.engine._not_before = 0.0
            bad.engine.kick()
    assert bad.engine.progress.is_caught_up
    assert bad.engine.progress.failures > 0
    assert min(seen[mood] for mood in ("busy", "no logs", "left out", "shuffled")) > 0
    assert bad.digest == good.digest
