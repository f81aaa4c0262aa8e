from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.client import ChainClient
from chain.contracts import Deployment
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DevNode, dev_account

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def node() -> Iterator[DevNode]:
    with DevNode.start(ROOT) as running:
        yield running


@pytest.fixture(scope="module")
def client(node: DevNode) -> ChainClient:
    """A client of a chain on which the token alone is deployed; the holder has all of it."""
    deploying = ChainClient(node.rpc_url, root=ROOT)
    record = deploying.deploy(dev_account(DEV_DEPLOYER), "OpenToken", dev_account(DEV_HOLDER).address)
    deployment = Deployment(node.chain_id, record.block_number, "test", {"OpenToken": record})
    return ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
