"""A deployed system, driven by a stranger: addresses, ABIs and raw JSON-RPC are all that tests/e2e/rpc knows of it."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain.contracts import CONTRACT_NAMES, abi, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.node import DEV_DEPLOYER, DevNode, dev_account
from chain.parameters import read_parameters
from tests.e2e.rpc.stage import Stage
from tests.e2e.rpc.story import STEPS

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("rpc")
# what would know the protocol, or speak to a chain, in the driver's place
OURS = {"attribution_oracle", "benchmarks", "chain", "content", "indexer", "openledger", "scripts", "trainer"}
OTHERS = {"boa", "brownie", "snekmate", "vyper", "web3"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployment on a node of its own, published as a file of addresses and a folder of ABIs."""
    folder = tmp_path_factory.mktemp("published")
    with DevNode.start(ROOT) as node:
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
        path = folder / "deployments" / f"{node.chain_id}.json"
        save_deployment(deployment, path)
        for name in CONTRACT_NAMES:
            (folder / f"{name}.json").write_text(json.dumps(abi(name, ROOT)), encoding="utf-8")
        yield Stage.of(node.rpc_url, path, folder)


@pytest.fixture(scope="module")
def failed() -> list[str]:
    """The step that failed, if one did: those after it stand on nothing."""
    return []


@pytest.mark.parametrize("step", STEPS, ids=[f"{at:02}-{step.__name__}" for at, step in enumerate(STEPS, 1)])
def test_protocol__step_by_rpc__does_what_it_says(
    stage: Stage, failed: list[str], step: Callable[[Stage], None]
) -> None:
    if failed:
        pytest.skip(f"{failed[0]} failed")
    failed.append(step.__name__)
    step(stage)
    failed.clear()


def test_driver__knows_nothing_of_ours() -> None:
    sources = sorted(DRIVER.glob("*.py"))
    assert sources
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in OURS | OTHERS, f"{source.name} imports {name}"
                assert not name.startswith("tests.") or name.startswith("tests.e2e.rpc"), f"{source.name}: {name}"
