"""The deployment's sequence over a client: who holds what at the end, and what is refused."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.client import ChainClient
from chain.contracts import CONTRACT_NAMES, abi
from chain.deploy import (
    OWNED_CONTRACTS,
    ClientDeployer,
    check_handover,
    contract_address,
    deploy_protocol,
    development_roles,
    git_commit,
)
from chain.errors import ChainError, Reverted
from chain.node import DEV_DEPLOYER, DevNode, dev_account
from chain.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS_FILE = ROOT / "configs" / "protocol.toml"
PARAMETERS = read_parameters(PARAMETERS_FILE)
ROLES = development_roles()
DEPLOYER = dev_account(DEV_DEPLOYER)
OUTSIDER = dev_account(9).address


class ForgetfulDeployer(ClientDeployer):
    """A deployer that leaves out one of its calls."""

    forgotten = ""

    def send(self, name: str, function: str, *args: Any) -> None:
        if function != self.forgotten:
            super().send(name, function, *args)


@pytest.fixture
def deployer(node: DevNode) -> Iterator[ForgetfulDeployer]:
    client = ChainClient(node.rpc_url, root=ROOT)
    snapshot = client.rpc("evm_snapshot")
    yield ForgetfulDeployer(DEPLOYER, rpc_url=node.rpc_url, root=ROOT)
    client.rpc("evm_revert", snapshot)


def test_deploy_protocol__hands_everything_over(node, deployer):
    deployment = deploy_protocol(deployer, PARAMETERS, ROLES, commit="abc")
    client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
    assert tuple(deployment.contracts) == CONTRACT_NAMES
    assert (deployment.chain_id, deployment.commit) == (31337, "abc")
    assert client.call("RewardDistributor", "owner") == deployment.address("Timelock")
    assert client.call("OpenToken", "balanceOf", ROLES.holder) == PARAMETERS.supply_wei
    with pytest.raises(Reverted, match="ownable: caller is not the owner"):
        client.send(DEPLOYER, "RewardDistributor", "set_accruer", DEPLOYER.address)


def test_deploy_protocol__makes_the_governor_the_timelocks_only_proposer(node, deployer):
    deployment = deploy_protocol(deployer, PARAMETERS, ROLES, commit="abc")
    client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
    granted = client.events("Timelock", "RoleGranted", from_block=deployment.block_number)
    role = client.call("Timelock", "PROPOSER_ROLE")
    holders = {log["args"]["account"] for log in granted if log["args"]["role"] == role}
    assert holders == {deployment.address("OpenGovernor")}


def test_contract_address__is_that_of_the_next_contract(node, deployer):
    expected = contract_address(deployer.address, deployer.nonce)
    assert deployer.deploy("OpenToken", OUTSIDER).address == expected


def test_deploy_protocol__without_a_holder__gives_the_supply_to_the_treasury(node, deployer):
    deployment = deploy_protocol(deployer, PARAMETERS, replace(ROLES, holder=None), commit="abc")
    client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
    assert client.call("OpenToken", "balanceOf", deployment.address("Timelock")) == PARAMETERS.supply_wei


def test_owned_contracts__are_all_that_have_an_owner():
    owned = {name for name in CONTRACT_NAMES if "owner" in {entry.get("name") for entry in abi(name, ROOT)}}
    assert owned == set(OWNED_CONTRACTS)


@pytest.mark.parametrize(
    ("forgotten", "complaint"),
    [
        ("transfer_ownership", r"RewardDistributor\.owner is"),
        ("set_signers", r"RewardDistributor\.signers is \(\)"),
        ("set_court", r"DatanetRegistry\.court is"),
        ("set_disputes", r"RewardDistributor\.disputes is"),
        ("set_accruer", r"RewardDistributor\.accruer is"),
    ],
)
def test_deploy_protocol__with_a_call_left_out__is_refused_at_the_end(deployer, forgotten, complaint):
    deployer.forgotten = forgotten
    with pytest.raises(ChainError, match=complaint):
        deploy_protocol(deployer, PARAMETERS, ROLES, commit="abc")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"guardian": OUTSIDER}, r"OpenGovernor\.guardian is"),
        ({"holder": OUTSIDER}, "OPEN of the holder is 0"),
        ({"signers": (OUTSIDER, *ROLES.signers[1:])}, r"RewardDistributor\.signers is"),
    ],
)
def test_check_handover__against_other_roles__names_the_difference(deployer, change, complaint):
    deployment = deploy_protocol(deployer, PARAMETERS, ROLES, commit="abc")
    with pytest.raises(ChainError, match=complaint):
        check_handover(deployer, PARAMETERS, replace(ROLES, **change), deployment.contracts)


@pytest.mark.parametrize(
    "change",
    [
        {"guardian": DEPLOYER.address},
        {"holder": DEPLOYER.address},
        {"signers": (*ROLES.signers[1:], DEPLOYER.address)},
        {"guardian": DEPLOYER.address.lower()},
    ],
)
def test_deploy_protocol__with_a_role_for_the_deployer__is_refused(deployer, change):
    with pytest.raises(ChainError, match=r"the deployer 0xf39F.* is given a role"):
        deploy_protocol(deployer, PARAMETERS, replace(ROLES, **change), commit="abc")


def test_deploy_protocol__with_a_signer_named_twice__is_refused(deployer):
    twice = replace(ROLES, signers=(ROLES.signers[0], *ROLES.signers[:2]))
    with pytest.raises(ChainError, match="2 oracle signers were named"):
        deploy_protocol(deployer, PARAMETERS, twice, commit="abc")


def test_deploy_protocol__with_development_accounts_on_another_chain__is_refused():
    with DevNode.start(ROOT, chain_id=4242) as node, pytest.raises(ChainError, match="everyone has the keys"):
        deploy_protocol(ClientDeployer(DEPLOYER, rpc_url=node.rpc_url, root=ROOT), PARAMETERS, ROLES, commit="abc")


def test_read_parameters__of_a_split_that_does_not_sum__is_refused(tmp_path):
    path = tmp_path / "protocol.toml"
    path.write_text(PARAMETERS_FILE.read_text().replace("burn_bps = 500", "burn_bps = 501"))
    with pytest.raises(ChainError, match="sums to 10001"):
        read_parameters(path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("exit_cooldown_seconds = 1_814_400", "voters could leave before its end"),
        ("resolution_seconds = 1_728_000", "no challenge could be decided"),
        ("leave_cooldown_seconds = 2_592_000", "validators could leave unpunished"),
    ],
)
def test_read_parameters__with_a_time_shorter_than_a_vote__is_refused(tmp_path, line, complaint):
    path = tmp_path / "protocol.toml"
    text = PARAMETERS_FILE.read_text()
    assert line in text
    path.write_text(text.replace(line, line.split("=")[0] + "= 1_382_400"))
    with pytest.raises(ChainError, match=complaint):
        read_parameters(path)


@pytest.mark.parametrize("text", [None, "", "[payments"])
def test_read_parameters__of_another_file__is_refused(tmp_path, text):
    path = tmp_path / "protocol.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ChainError, match="gives no protocol constants"):
        read_parameters(path)


def test_git_commit__marks_a_changed_checkout(tmp_path):
    assert git_commit(tmp_path) == "unknown"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    (tmp_path / "file").write_text("1")
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "first"], check=True)
    clean = git_commit(tmp_path)
    (tmp_path / "file").write_text("2")
    assert len(clean) == 40
    assert git_commit(tmp_path) == f"{clean}-dirty"
