"""The process dies, or the node does: nothing is lost and nothing is counted twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import httpx
from sqlalchemy import create_engine, text

from chain.contracts import save_deployment
from chain.node import DEV_HOLDER, DevNode, dev_account
from indexer.reorg import Idle

PROCESS_KILLS = 4
KILLS = 25


def start_process(market, deployment_file, database, *options):
    command = [sys.executable, "-m", "indexer", "--rpc", market.node.rpc_url, "--deployment", str(deployment_file)]
    command += ["--database", f"sqlite:///{database}", "--poll-seconds", "0.1", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def url_of(process):
    line = process.stdout.readline()
    assert line.startswith("indexer ready at "), line
    return line.split()[-1]


def transfer_many(market, count):
    """Transfers, most in blocks of their own, all mined when this returns."""
    holder, token = dev_account(DEV_HOLDER).address, market.deployment.address("OpenToken")
    data = "0xa9059cbb" + market.payer.address[2:].rjust(64, "0").lower() + f"{1:064x}"
    call = {"from": holder, "to": token, "data": data, "gas": hex(100_000)}
    with httpx.Client(timeout=60) as node:
        for _ in range(count):
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendTransaction", "params": [call]}
            assert "result" in node.post(market.node.rpc_url, json=body).json()
    deadline = time.monotonic() + 60
    while any(int(each, 16) for each in market.client.rpc("txpool_status").values()):
        assert time.monotonic() < deadline, "the node does not mine"
        market.client.rpc("anvil_mine", "0x1")


def tip_of(database):
    engine = create_engine(f"sqlite:///{database}")
    try:
        with suppress(Exception), engine.connect() as connection:  # killed before the tables were there
            return connection.execute(text("SELECT block_number FROM cursor")).scalar() or 0
    finally:
        engine.dispose()
    return 0


def test_sigkill_of_the_whole_program__then_restart__equals_a_fresh_index(
    market, deployment_file, start_indexing, tmp_path
):
    chance, database, behind = random.Random(11), tmp_path / "killed.db", []
    market.open_datanet()
    for kill in range(PROCESS_KILLS):
        transfer_many(market, 60)
        market.deposit(10**18)
        process = start_process(market, deployment_file, database)
        if kill % 4:
            url_of(process)
            time.sleep(chance.uniform(0, 0.5))
        else:
            time.sleep(chance.uniform(0.2, 1.0))  # while it starts
        process.kill()
        process.communicate()
        behind.append(market.client.block("latest").number - tip_of(database))
        market.client.rpc("anvil_reorg", 2, [])
    assert any(behind), "a kill must leave work behind"
    market.finalize_all()
    finish(market, deployment_file, database)
    fresh = start_indexing(market.deployment, market.node.rpc_url)
    fresh.catch_up()
    again = start_indexing(market.deployment, market.node.rpc_url, "killed")
    assert isinstance(again.engine.step(), Idle)
    assert again.digest == fresh.digest


def test_sigkill_inside_transactions__then_restart__equals_a_fresh_index(
    market, start_indexing, open_indexing, monkeypatch, tmp_path
):
    # short ranges make many transactions; a fork needs no start, so that most kills fall into one
    monkeypatch.setattr("indexer.reorg.MAX_FINAL_RANGE", 3)
    market.open_datanet()
    transfer_many(market, 200)
    chance, database, left = random.Random(5), tmp_path / "forked.db", []
    for _ in range(KILLS):
        child = fork_indexer(open_indexing, market, database)
        time.sleep(chance.uniform(0.01, 0.15))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the child ended by itself: it must be killed at work"
        left.append(market.client.block("latest").number - tip_of(database))
        if left[-1] < 20:
            transfer_many(market, 100)
    assert len({*left}) > KILLS // 2, f"kills must fall in the middle of the work: blocks left were {left}"
    market.finalize_all()
    again = start_indexing(market.deployment, market.node.rpc_url, "forked")
    again.catch_up()
    fresh = start_indexing(market.deployment, market.node.rpc_url)
    fresh.catch_up()
    assert again.digest == fresh.digest


def fork_indexer(open_indexing, market, path):
    """A child that indexes until it is killed; its process id."""
    begun, begin = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            indexing = open_indexing(market.deployment, market.node.rpc_url, path)
            os.write(begin, b"!")
            while True:
                indexing.catch_up()
        finally:
            os._exit(1)
    os.close(begin)
    assert os.read(begun, 1) == b"!", "the child could not open its database"
    os.close(begun)
    return child


def finish(market, deployment_file, database):
    """Run to the head, answer over HTTP, and end on SIGTERM."""
    process = start_process(market, deployment_file, database)
    url = url_of(process)
    head = market.client.block("latest").number
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        status = httpx.get(f"{url}/status").json()
        if httpx.get(f"{url}/ready").status_code == 200 and status["indexed_block"]["number"] >= head:
            break
        time.sleep(0.1)
    assert httpx.get(f"{url}/ready").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


def test_node_gone_in_the_middle__and_back__continues_without_loss(market, start_indexing, tmp_path):
    market.open_datanet()
    market.deposit(10**18)
    indexing = start_indexing(market.deployment, market.node.rpc_url)
    indexing.engine.step()
    transfer_many(market, 30)
    port = int(market.node.rpc_url.rsplit(":", 1)[1])
    market.node.stop()
    indexing.engine.kick()
    assert "failed" in indexing.engine.progress.trouble
    assert not indexing.engine.progress.is_caught_up
    with DevNode.start(market.client._root, port=port, state_path=tmp_path / "node.json") as back:
        indexing.engine._not_before = 0.0
        indexing.engine.kick()
        assert indexing.engine.progress.is_caught_up
        fresh = start_indexing(market.deployment, back.rpc_url)
        fresh.catch_up()
        assert indexing.digest == fresh.digest


def test_second_process_on_one_database__refuses(market, deployment_file, tmp_path):
    first = start_process(market, deployment_file, tmp_path / "one.db")
    url_of(first)
    second = start_process(market, deployment_file, tmp_path / "one.db")
    assert second.wait(15) == 1
    first.send_signal(signal.SIGTERM)
    assert first.wait(15) == 0
    second.communicate()
    first.communicate()


def test_process_of_another_chain__refuses(market, tmp_path):
    path = tmp_path / "other.json"
    save_deployment(replace(market.deployment, chain_id=1), path)
    process = start_process(market, path, tmp_path / "other.db")
    assert process.wait(15) == 1
    process.communicate()
