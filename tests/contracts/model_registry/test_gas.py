"""Gas on a node: every function at its bounds is far below a block."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.client import ChainClient
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.node import DEV_DEPLOYER, DevNode, dev_account
from chain.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[3]
MOST_GAS = 8_000_000
DIGEST = b"\x05" * 32
ROOTS = [bytes([number]) * 32 for number in range(100, 116)]
TERMS, LIMITS = (3, 10**17, 10**18), (2**20, 2**20, 1, 2**20)
OWNER, OUTSIDER = dev_account(6), dev_account(7).address


@pytest.fixture(scope="module")
def client() -> Iterator[ChainClient]:
    """The whole protocol on a node, with a lineage of eight at the highest royalties and sixteen dataset roots."""
    with DevNode.start(ROOT) as node:
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
        client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
        client.send(OWNER, "DatanetRegistry", "create_datanet", 1, 0b11, TERMS, LIMITS, DIGEST)
        for root in ROOTS:
            client.send(OWNER, "DatanetRegistry", "record_snapshot", 1, root, DIGEST, 1)
        client.send(OWNER, "ModelRegistry", "register_base", DIGEST, DIGEST, DIGEST)
        for parent_id in range(8):
            arguments = (1, parent_id, DIGEST, DIGEST, DIGEST, ROOTS, 2_000, 0, 0)
            client.send(OWNER, "ModelRegistry", "register_adapter", *arguments)
        yield client


def test_every_function__at_its_bounds__fits_a_block(client: ChainClient) -> None:
    contract = client.contract("ModelRegistry")
    calls = {
        "register_base": (DIGEST, DIGEST, DIGEST),
        "register_adapter": (1, 7, DIGEST, DIGEST, DIGEST, ROOTS, 2_000, 2**96 - 1, 2**96 - 1),
        "set_price": (8, 2**96 - 1, 2**96 - 1),
        "set_operator": (8, OUTSIDER, True),
        "set_active": (8, False),
        "deprecate": (8, 7),
        "transfer_adapter": (8, OUTSIDER),
        **{name: () for name in ("base_count", "adapter_count", "MAX_ROYALTY_BPS", "DATANET_REGISTRY")},
        "base": (1,),
        **{name: (8,) for name in ("adapter", "dataset_roots", "payees")},
        **{name: (8,) for name in ("licence_of", "is_deprecated", "successor_of")},
        "is_operator": (8, OUTSIDER),
        "quote": (8, 2**64, 2**64),
    }
    assert set(calls) == {entry["name"] for entry in contract.abi if entry["type"] == "function"}
    for name, arguments in calls.items():
        assert contract.functions[name](*arguments).estimate_gas({"from": OWNER.address}) <= MOST_GAS, name
