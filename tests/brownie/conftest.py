from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# not from brownie.project: Brownie reads the files of what tests import, and that one is compiled
from brownie import accounts, project, run

from chain.contracts import Deployment
from chain.node import DEV_DEPLOYER, DEV_GUARDIAN, DEV_HOLDER, DEV_SIGNERS


@pytest.fixture(scope="module")
def roles() -> SimpleNamespace:
    """The actors: those of the deployment, and accounts that it gives nothing."""
    return SimpleNamespace(
        deployer=accounts[DEV_DEPLOYER],
        guardian=accounts[DEV_GUARDIAN],
        signers=[accounts[index] for index in DEV_SIGNERS],
        holder=accounts[DEV_HOLDER],
        contributor=accounts[6],
        validators=[accounts[7], accounts[8]],
        builder=accounts[9],
        operator=accounts[10],
        payer=accounts[11],
        outsider=accounts[12],
    )


@pytest.fixture(scope="module")
def deployment_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the deployment of this module is kept."""
    return tmp_path_factory.mktemp("deployments") / "31337.json"


@pytest.fixture(scope="module")
def deployment(module_isolation: None, deployment_file: Path) -> Deployment:
    """What scripts/deploy.py made, run as `brownie run` runs it."""
    result: Deployment = run("deploy", "deploy_to", (deployment_file,))
    return result


@pytest.fixture(scope="module")
def protocol(deployment: Deployment) -> SimpleNamespace:
    """Brownie's contract objects by name."""
    loaded = project.get_loaded_projects()[0]
    found: dict[str, Any] = {name: loaded[name].at(deployment.address(name)) for name in deployment.contracts}
    return SimpleNamespace(**found)


@pytest.fixture(autouse=True)
def isolated(fn_isolation: None) -> None:
    """Undo on chain what a test did."""
