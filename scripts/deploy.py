"""`brownie run deploy [--network NAME]`: deploy the protocol and write deployments/<chain id>.json.

On the development chain the roles are accounts of the public phrase. On any other the environment names them:
OPENLEDGER_DEPLOYER (an account of `brownie accounts list`), OPENLEDGER_GUARDIAN, OPENLEDGER_SIGNERS (addresses, parted
by commas) and, unless the treasury is to receive the supply, OPENLEDGER_HOLDER.
"""

import os
from pathlib import Path
from typing import Any

from brownie import accounts, project, web3

from chain.contracts import ContractRecord, Deployment, deployment_path, save_deployment
from chain.deploy import Roles, deploy_protocol, development_roles, git_commit
from chain.errors import ChainError
from chain.node import DEV_CHAIN_ID, DEV_DEPLOYER, DEV_MNEMONIC
from chain.parameters import read_parameters

ROOT = Path(__file__).resolve().parents[1]


class BrownieDeployer:
    """A chain.deploy.Deployer over a Brownie account and the contracts of the loaded project."""

    def __init__(self, account: Any) -> None:
        self._account = account
        self._project = project.get_loaded_projects()[0]
        self._contracts: dict[str, Any] = {}
        self.address = str(account.address)
        self.chain_id = int(web3.eth.chain_id)

    @property
    def nonce(self) -> int:
        return int(self._account.nonce)

    def deploy(self, name: str, *args: Any) -> ContractRecord:
        contract = self._account.deploy(self._project[name], *args)
        self._contracts[name] = contract
        return ContractRecord(str(contract.address), int(contract.tx.block_number), str(contract.tx.txid))

    def send(self, name: str, function: str, *args: Any) -> None:
        getattr(self._contracts[name], function)(*args, {"from": self._account})

    def call(self, name: str, function: str, *args: Any) -> Any:
        return getattr(self._contracts[name], function).call(*args)


def main() -> None:
    """Deploy to the network that Brownie is connected to, and keep the addresses in deployments/."""
    deploy_to(deployment_path(web3.eth.chain_id, ROOT))


def deploy_to(path: Path) -> Deployment:
    """Deploy to the network that Brownie is connected to, and write the addresses to `path`."""
    is_development = web3.eth.chain_id == DEV_CHAIN_ID
    account = accounts.from_mnemonic(DEV_MNEMONIC, offset=DEV_DEPLOYER) if is_development else _account()
    deployment = deploy_protocol(
        BrownieDeployer(account),
        read_parameters(ROOT / "configs" / "protocol.toml"),
        development_roles() if is_development else _roles(),
        commit=git_commit(ROOT),
    )
    save_deployment(deployment, path)
    for name, record in deployment.contracts.items():
        print(f"{name:18} {record.address} in block {record.block_number}")
    print(f"The deployer {account.address} holds no role. Written to {path}.")
    return deployment


def _account() -> Any:
    return accounts.load(_required("OPENLEDGER_DEPLOYER"))


def _roles() -> Roles:
    return Roles(
        guardian=_required("OPENLEDGER_GUARDIAN"),
        signers=tuple(signer.strip() for signer in _required("OPENLEDGER_SIGNERS").split(",")),
        holder=os.environ.get("OPENLEDGER_HOLDER") or None,
    )


def _required(name: str) -> str:
    if not os.environ.get(name):
        raise ChainError(f"{name} is not set; expected on any chain but {DEV_CHAIN_ID}; see scripts/deploy.py")
    return os.environ[name]
