"""The development node starts where it should, answers, keeps its state, and never outlives its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chain.client import ChainClient
from chain.errors import ChainError, NodeUnavailable
from chain.node import DEV_MNEMONIC, DevNode, anvil_path, dev_account, free_port

ROOT = Path(__file__).resolve().parents[2]
START_AND_WAIT = """
import sys, time
from pathlib import Path
from chain.node import DevNode
print(DevNode.start(Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_start__on_a_free_port__answers_on_loopback_with_the_chain_id():
    with DevNode.start(ROOT, chain_id=4242) as node:
        client = ChainClient(node.rpc_url, root=ROOT)
        assert node.rpc_url.startswith("http://127.0.0.1:")
        assert client.chain_id == 4242


def test_start__funds_the_accounts_of_the_phrase(client):
    assert client.balance_of(dev_account(7).address) == 10_000 * 10**18
    assert [a.lower() for a in client.rpc("eth_accounts")][3] == dev_account(3).address.lower()
    assert DEV_MNEMONIC.split().count("test") == 11


def test_finalized__follows_two_blocks_behind(client):
    for _ in range(4):
        client.rpc("evm_mine")
    assert client.block("finalized").number == client.block().number - 2


def test_stop__ends_and_reaps_the_process__also_when_called_twice():
    node = DevNode.start(ROOT)
    pid = node.pid
    node.stop()
    node.stop()
    assert not node.is_running
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(NodeUnavailable, match="did not answer"):
        _ = ChainClient(node.rpc_url, root=ROOT).chain_id


def test_start__on_a_taken_port__is_refused(node):
    port = int(node.rpc_url.rpartition(":")[2])
    with pytest.raises(ChainError, match=f"port {port} on loopback is taken"):
        DevNode.start(ROOT, port=port)


def test_start__with_a_state_file__goes_on_where_it_stopped(tmp_path):
    state = tmp_path / "state" / "chain.json"
    with DevNode.start(ROOT, state_path=state) as node:
        client = ChainClient(node.rpc_url, root=ROOT)
        for _ in range(3):
            client.rpc("evm_mine")
        head = client.block()
    with DevNode.start(ROOT, state_path=state) as node:
        assert ChainClient(node.rpc_url, root=ROOT).block(3) == head


def test_start__with_a_broken_state_file__says_what_anvil_said(tmp_path):
    state = tmp_path / "chain.json"
    state.write_text("{")
    with pytest.raises(ChainError, match="ended with status"):
        DevNode.start(ROOT, state_path=state)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's help is Linux's")
def test_node__of_a_killed_parent__ends():
    command = [sys.executable, "-c", START_AND_WAIT, str(ROOT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_anvil_path__without_node_modules__tells_to_install_it(tmp_path):
    with pytest.raises(ChainError, match="npm ci"):
        anvil_path(tmp_path)


def test_free_port__can_be_listened_on():
    assert 1024 <= free_port() <= 65535
