"""The market as one of its users sees it: the chain, the content store and the services that answer for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chain.client import ChainClient
from chain.contracts import load_deployment
from content.store import ContentStore, FolderStore
from openledger.errors import AppError
from openledger.home import Addresses, Home

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Market:
    """What every action needs. Nothing here holds a key: accounts are passed to the actions that sign."""

    chain: ChainClient
    store: ContentStore
    home: Home
    addresses: Addresses

    @classmethod
    def open(cls, home: Home) -> Market:
        """The market whose services run from `home`. Raises `AppError` when none do."""
        addresses = home.read_addresses()
        deployment = load_deployment(Path(addresses.deployment))
        chain = ChainClient(addresses.rpc_url, root=PROJECT_ROOT, deployment=deployment)
        return cls(chain=chain, store=FolderStore(home.content), home=home, addresses=addresses)

    @property
    def base_model(self) -> Path:
        """The folder of the prepared base model. Raises `AppError` when there is none."""
        path = Path(self.addresses.base_model)
        if not (path / "config.json").is_file():
            raise AppError(f'no base model in "{path}"; expected config.json and weights; start the services again')
        return path

    def address(self, contract: str) -> str:
        """The checksummed address of a contract of this deployment."""
        assert self.chain.deployment is not None
        return self.chain.deployment.address(contract)

    def deployed_at(self) -> int:
        """The first block that can hold an event of this deployment."""
        assert self.chain.deployment is not None
        return self.chain.deployment.block_number
