"""ABIs and deployment files."""

from pathlib import Path

import pytest

from chain.contracts import ContractRecord, Deployment, abi, deployment_path, load_deployment, save_deployment
from chain.errors import ArtifactMissing, DeploymentMissing

ROOT = Path(__file__).resolve().parents[2]
RECORD = ContractRecord("0x5FbDB2315678afecb367f032d93F642f64180aa3", 3, "0x" + "ab" * 32)
DEPLOYMENT = Deployment(31337, 3, "0123abc", {"OpenToken": RECORD})


def test_abi__of_a_contract__names_its_functions():
    assert {"transfer", "permit", "burn"} <= {entry.get("name") for entry in abi("OpenToken", ROOT)}


def test_abi__of_no_contract__lists_those_there_are():
    with pytest.raises(ArtifactMissing, match="no contract 'Token'; expected one of Timelock, OpenToken"):
        abi("Token", ROOT)


def test_deployment__read_back__is_the_same(tmp_path):
    path = deployment_path(31337, tmp_path)
    save_deployment(DEPLOYMENT, path)
    assert load_deployment(path) == DEPLOYMENT
    assert [entry.name for entry in path.parent.iterdir()] == ["31337.json"]


def test_deployment__with_an_address_in_lower_case__is_checksummed(tmp_path):
    path = tmp_path / "1.json"
    save_deployment(DEPLOYMENT, path)
    path.write_text(path.read_text().replace(RECORD.address, RECORD.address.lower()))
    assert load_deployment(path) == DEPLOYMENT


def test_load_deployment__that_is_missing__tells_to_deploy(tmp_path):
    with pytest.raises(DeploymentMissing, match="brownie run deploy"):
        load_deployment(tmp_path / "1.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"chain_id": 1}', '{"chain_id": null}'])
def test_load_deployment__of_something_else__is_refused(tmp_path, text):
    path = tmp_path / "1.json"
    path.write_text(text)
    with pytest.raises(DeploymentMissing, match="is no deployment file"):
        load_deployment(path)


def test_address__of_a_contract_that_is_not_deployed__lists_those_that_are():
    with pytest.raises(DeploymentMissing, match="no Timelock in the deployment on chain 31337; it has OpenToken"):
        DEPLOYMENT.address("Timelock")
