"""The market as one of its users sees it: the chain, the content store and the services that answer for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import ChainClient, EventLog, Receipt
from chain.contracts import load_deployment
from content.store import ContentStore, FolderStore
from openledger.errors import AppError
from openledger.home import Addresses, Home
from openledger.units import in_open

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

    def event_of(self, receipt: Receipt, contract: str, event: str) -> EventLog:
        """The one event of that name which a mined transaction emitted."""
        block = receipt.block_number
        logs = self.chain.events(contract, event, from_block=block, to_block=block)
        return next(log for log in logs if log["transaction_hash"] == receipt.transaction_hash)

    def events(self, contract: str, event: str, **filters: Any) -> list[EventLog]:
        """Every event of that name since the deployment, in chain order; `filters` are values of its arguments."""
        return self.chain.events(contract, event, from_block=self.deployed_at(), **filters)

    def pay(self, account: LocalAccount, spender: str, amount_wei: int, *, what: str) -> None:
        """Let a contract take OPEN from an account. Raises `AppError` when the account has less."""
        balance_wei = int(self.chain.call("OpenToken", "balanceOf", account.address))
        if balance_wei < amount_wei:
            raise AppError(
                f"{account.address} has {in_open(balance_wei)} OPEN; expected {in_open(amount_wei)} for {what}; "
                "give it more OPEN and try again"
            )
        self.chain.send(account, "OpenToken", "approve", self.address(spender), amount_wei)
