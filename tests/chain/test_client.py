"""The client against a real node: answers, transactions, events, and errors that say what to do."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from chain.client import ChainClient
from chain.contracts import ContractRecord, Deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.errors import ChainError, DeploymentMissing, NodeUnavailable, Reverted
from chain.node import DEV_DEPLOYER, DEV_HOLDER, dev_account, free_port
from chain.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[2]
SUPPLY_WEI = 10**27
HOLDER = dev_account(DEV_HOLDER)
OUTSIDER = dev_account(9)


@pytest.fixture(autouse=True)
def restored(client):
    """Undo on chain what a test did."""
    snapshot = client.rpc("evm_snapshot")
    yield
    client.rpc("evm_revert", snapshot)


def test_call__at_a_block__reads_the_state_of_that_block(client):
    before = client.block().number
    client.send(HOLDER, "OpenToken", "burn", 1)
    assert client.call("OpenToken", "totalSupply") == SUPPLY_WEI - 1
    assert client.call("OpenToken", "totalSupply", block=before) == SUPPLY_WEI


def test_send__waits_until_it_is_mined(client):
    receipt = client.send(HOLDER, "OpenToken", "transfer", OUTSIDER.address, 5)
    assert receipt.block_number == client.block().number
    assert receipt.block_hash == client.block().hash
    assert client.call("OpenToken", "balanceOf", OUTSIDER.address) == 5


def test_send__refused_by_the_contract__carries_its_reason(client):
    with pytest.raises(Reverted, match=r"OpenToken\.transfer reverted") as caught:
        client.send(OUTSIDER, "OpenToken", "transfer", HOLDER.address, 1)
    assert caught.value.reason == "erc20: transfer amount exceeds balance"


def test_call__refused_by_the_contract__carries_its_reason(client):
    with pytest.raises(Reverted) as caught:
        client.call("OpenToken", "transferFrom", HOLDER.address, OUTSIDER.address, 1)
    assert caught.value.reason == "erc20: insufficient allowance"


def test_deploy__refused_by_the_constructor__carries_its_reason(client):
    with pytest.raises(Reverted) as caught:
        client.deploy(OUTSIDER, "Timelock", 0, [HOLDER.address], [HOLDER.address])
    assert caught.value.reason == "timelock: no delay"


def test_call__with_a_value_that_does_not_fit__names_call_and_value(client):
    with pytest.raises(ChainError, match=r"OpenToken\.burn\(-1,\) does not fit the ABI"):
        client.call("OpenToken", "burn", -1)


def test_call__of_an_unknown_function__names_it(client):
    with pytest.raises(ChainError, match=r"OpenToken\.mint"):
        client.call("OpenToken", "mint", HOLDER.address, 1)


def test_send__without_coin_for_gas__says_so(client):
    with pytest.raises(ChainError, match="nsufficient funds"):
        client.send(dev_account(50), "OpenToken", "burn", 0)


def test_send__from_several_threads__loses_none(client):
    def pay():
        client.send(HOLDER, "OpenToken", "transfer", OUTSIDER.address, 1)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.call("OpenToken", "balanceOf", OUTSIDER.address) == 8


def test_events__by_argument__finds_them_in_chain_order(client):
    start = client.block().number + 1
    for amount in (3, 1, 2):
        client.send(HOLDER, "OpenToken", "transfer", OUTSIDER.address, amount)
    client.send(HOLDER, "OpenToken", "transfer", dev_account(8).address, 9)
    logs = client.events("OpenToken", "Transfer", from_block=start, receiver=OUTSIDER.address)
    assert [log["args"]["value"] for log in logs] == [3, 1, 2]
    assert [log["block_number"] for log in logs] == [start, start + 1, start + 2]
    assert logs[0]["args"]["sender"] == HOLDER.address
    assert logs[0]["block_hash"] == client.block(start).hash


def test_all_events__of_a_range_and_of_a_block__agree(client):
    receipt = client.send(HOLDER, "OpenToken", "approve", OUTSIDER.address, 4)
    by_range = client.all_events(from_block=receipt.block_number, to_block=receipt.block_number)
    by_hash = client.all_events(block_hash=receipt.block_hash)
    assert by_range == by_hash
    assert [(log["contract"], log["event"]) for log in by_hash] == [("OpenToken", "Approval")]


def test_block__by_number_name_and_hash__is_the_same(client):
    latest = client.block()
    assert client.block(latest.number) == client.block(latest.hash) == latest
    assert client.block(latest.number - 1).hash == latest.parent_hash


def test_block__that_does_not_exist_yet__is_refused(client):
    with pytest.raises(ChainError, match="does not have it"):
        client.block(10**6)


def test_rpc__refused__carries_the_answer_of_the_node(client):
    with pytest.raises(ChainError, match="eth_nonsense failed"):
        client.rpc("eth_nonsense")


def test_chain_id__of_another_chain_than_the_deployment__is_refused(client):
    elsewhere = ChainClient(client.rpc_url, root=ROOT, deployment=Deployment(1, 0, "", {}))
    with pytest.raises(ChainError, match="is chain 31337; the deployment is on 1"):
        _ = elsewhere.chain_id


def test_call__at_an_address_without_code__asks_for_the_right_deployment(client):
    records = {"OpenToken": ContractRecord(OUTSIDER.address, 0, "")}
    lost = ChainClient(client.rpc_url, root=ROOT, deployment=Deployment(31337, 0, "", records))
    with pytest.raises(DeploymentMissing, match="no such contract at its address"):
        lost.call("OpenToken", "totalSupply")


def test_call__without_a_deployment__asks_for_one(client):
    with pytest.raises(DeploymentMissing, match="without a deployment"):
        ChainClient(client.rpc_url, root=ROOT).call("OpenToken", "totalSupply")


def test_client__of_nobody__may_be_retried():
    with pytest.raises(NodeUnavailable, match="did not answer"):
        ChainClient(f"http://127.0.0.1:{free_port()}", root=ROOT).block()


TERMS = (3, 1, 1)
LIMITS = (9_216, 10_240, 20, 5_120)


@pytest.fixture(scope="module")
def protocol_client(node):
    """A client of the whole protocol, with one Datanet of the outsider."""
    deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
    client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
    client.send(OUTSIDER, "DatanetRegistry", "create_datanet", 1, 3, TERMS, LIMITS, b"\x01" * 32)
    return client


def test_call__of_a_struct__answers_by_name(protocol_client):
    datanet = protocol_client.call("DatanetRegistry", "datanet", 1)
    assert (datanet.owner, datanet.formats, datanet.is_open) == (OUTSIDER.address, 3, True)
    assert datanet.limits.file_bytes == 5_120
    assert datanet.metadata_digest == b"\x01" * 32


def test_call__with_several_answers__gives_them_all(protocol_client):
    allowance = protocol_client.call("DatanetRegistry", "allowance_of", 1, HOLDER.address)
    assert list(allowance) == [9_216, 10_240, 20]


def test_all_events__of_several_contracts__are_in_chain_order_with_structs_by_name(protocol_client):
    logs = protocol_client.all_events(from_block=protocol_client.deployment.block_number, to_block="latest")
    places = [(log["block_number"], log["log_index"]) for log in logs]
    assert places == sorted(places)
    assert {"Timelock", "OpenToken", "RewardDistributor", "InferencePayments"} <= {log["contract"] for log in logs}
    assert logs[-1]["event"] == "DatanetCreated"
    assert logs[-1]["args"]["limits"]["contributor_files_per_day"] == 20


class Refusing(BaseHTTPRequestHandler):
    """A server that is overloaded."""

    def do_POST(self) -> None:
        self.send_error(503)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_client__of_an_overloaded_server__may_be_retried():
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(NodeUnavailable, match="503"):
            ChainClient(f"http://127.0.0.1:{server.server_port}", root=ROOT).block()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
