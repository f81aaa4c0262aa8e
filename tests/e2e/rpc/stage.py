"""Who acts, on which contracts, and what the steps so far have left behind."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount

from tests.e2e.rpc.contract import Contract, published
from tests.e2e.rpc.node import Node, Receipt
from tests.e2e.rpc.trees import Place

OPEN = 10**18
DAY = 86_400
# the phrase of every development node, and where the deployment's signers and OPEN are among its accounts
PHRASE = "test test test test test test test test test test test junk"
SIGNERS, HOLDER = (2, 3, 4), 5


@dataclass(frozen=True, slots=True)
class Contribution:
    """A file that was handed in; its status follows from the role it plays."""

    contribution_id: int
    contributor: LocalAccount
    digest: bytes
    canonical_hash: bytes
    byte_count: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class Sale:
    """A redeemed voucher: what contributors get of it, and in which reward epoch."""

    reward_epoch: int
    fee_wei: int
    due_wei: int
    contributors_wei: int


@dataclass
class Stage:
    """The published contracts of one deployment, the actors, and the state of the story."""

    node: Node
    contracts: dict[str, Contract]
    proposal: tuple[Any, ...] = ()
    datanet_id: int = 0
    # by the role that each plays: `good` and `late` are accepted at once, `misjudged` on appeal, `spam` never
    contributions: dict[str, Contribution] = field(default_factory=dict)
    dataset_root: bytes = b""
    adapter_id: int = 0
    weights_digest: bytes = b""
    sales: list[Sale] = field(default_factory=list)
    # cumulative wei by account, under the last root that is final
    final_rewards: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, url: str, deployment: Path, abis: Path) -> "Stage":
        node = Node(url)
        return cls(node, published(node, deployment, abis))

    def __getitem__(self, name: str) -> Contract:
        return self.contracts[name]

    def role(self, index: int) -> LocalAccount:
        """An account of the development phrase."""
        Account.enable_unaudited_hdwallet_features()
        account: LocalAccount = Account.from_mnemonic(PHRASE, account_path=f"m/44'/60'/0'/0/{index}")
        return account

    @cached_property
    def holder(self) -> LocalAccount:
        return self.role(HOLDER)

    @cached_property
    def signers(self) -> tuple[LocalAccount, ...]:
        return tuple(self.role(index) for index in SIGNERS)

    @cached_property
    def staker(self) -> LocalAccount:
        return self.role(6)

    @cached_property
    def delegate(self) -> LocalAccount:
        return self.role(7)

    @cached_property
    def datanet_owner(self) -> LocalAccount:
        return self.role(8)

    @cached_property
    def contributors(self) -> tuple[LocalAccount, ...]:
        return tuple(self.role(index) for index in (9, 10, 11))

    @cached_property
    def validators(self) -> tuple[LocalAccount, ...]:
        return tuple(self.role(index) for index in (12, 13, 14, 15))

    @cached_property
    def builder(self) -> LocalAccount:
        return self.role(16)

    @cached_property
    def payer(self) -> LocalAccount:
        return self.role(17)

    @cached_property
    def poster(self) -> LocalAccount:
        return self.role(18)

    @cached_property
    def auditor(self) -> LocalAccount:
        return self.role(19)

    @property
    def place(self) -> Place:
        return Place(self.node.chain_id, self["RewardDistributor"].address)

    def balance(self, account: LocalAccount | Contract) -> int:
        """OPEN in wei."""
        balance: int = self["OpenToken"].read("balanceOf", account.address)
        return balance

    def approve(self, account: LocalAccount, spender: str, amount_wei: int) -> Receipt:
        """Let a contract take OPEN."""
        return self["OpenToken"].send(account, "approve", self[spender].address, amount_wei)
