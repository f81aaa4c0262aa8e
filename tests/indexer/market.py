"""The market of the indexer's tests: a node with the protocol on it, and who acts; each method is one thing they do."""

from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from chain.client import ChainClient, Receipt
from chain.contracts import Deployment, abi
from chain.merkle import RewardTree, keccak, reward_tree
from chain.node import DEV_GUARDIAN, DEV_HOLDER, DEV_SIGNERS, DevNode, dev_account
from chain.typed_data import RewardRoot, Voucher, compact_signature, root_digest, sign_digest, voucher_digest
from indexer.decode import Decoder

PROJECT = Path(__file__).resolve().parents[2]
OPEN = 10**18
FAR_FUTURE = 2**40
DAY = 86_400
RAW = 0x55
TEXT, AUDIO = 1, 4
MD, WAV = 0, 16
# votes: accepted, score, reason
VOID, UPHOLD = True, False
# above the quorum's floor, of a supply that the holder has in whole
HOLDER_STAKE_WEI = 20_000_000 * OPEN


@cache
def abi_of(name: str) -> list[dict[str, Any]]:
    """The ABI of a contract, looked up once: each look-up checks whether the build is fresh."""
    return abi(name, PROJECT)


def shared_decoder_of(deployment: Deployment) -> Decoder:
    return Decoder({name: (record.address, abi_of(name)) for name, record in deployment.contracts.items()})


@dataclass
class Market:
    """Accounts and what they can do; nothing happens before a method is called."""

    node: DevNode
    deployment: Deployment
    client: ChainClient
    owner: LocalAccount = field(default_factory=lambda: dev_account(6))
    validators: tuple[LocalAccount, LocalAccount] = field(default_factory=lambda: (dev_account(7), dev_account(8)))
    contributors: tuple[LocalAccount, LocalAccount] = field(default_factory=lambda: (dev_account(9), dev_account(10)))
    builder: LocalAccount = field(default_factory=lambda: dev_account(11))
    payer: LocalAccount = field(default_factory=lambda: dev_account(12))
    outsider: LocalAccount = field(default_factory=lambda: dev_account(13))
    sleeper: LocalAccount = field(default_factory=lambda: dev_account(14))
    holder: LocalAccount = field(default_factory=lambda: dev_account(DEV_HOLDER))
    guardian: LocalAccount = field(default_factory=lambda: dev_account(DEV_GUARDIAN))
    made: int = 0
    # digest and canonical hash at once, by contribution id
    contents: dict[int, bytes] = field(default_factory=dict)

    def send(self, account: LocalAccount, contract: str, function: str, *args: Any) -> Receipt:
        return self.client.send(account, contract, function, *args)

    def call(self, contract: str, function: str, *args: Any) -> Any:
        return self.client.call(contract, function, *args)

    def seconds(self, contract: str, name: str) -> int:
        """A delay that a contract was deployed with."""
        return int(self.client.call(contract, name))

    def pass_time(self, seconds: int) -> None:
        self.client.rpc("evm_increaseTime", seconds)
        self.client.rpc("anvil_mine", "0x1")

    def mine(self, blocks: int) -> None:
        self.client.rpc("anvil_mine", hex(blocks))

    def give(self, account: LocalAccount, spender: str, amount_wei: int) -> None:
        """Give OPEN to an account, which lets a contract take it."""
        self.send(self.holder, "OpenToken", "transfer", account.address, amount_wei)
        self.send(account, "OpenToken", "approve", self.deployment.address(spender), amount_wei)

    def finalize_all(self) -> None:
        """Two more blocks: all that happened is final now."""
        self.mine(3)

    # Datanets and contributions

    def open_datanet(
        self, *, modality: int = TEXT, formats: int = 1 << MD, committee_size: int = 3, reward_wei: int = OPEN
    ) -> int:
        """A Datanet of the owner with a review budget; its id."""
        terms, limits = (committee_size, 3 * 10**17, reward_wei), (10_240_000, 10_240_000, 60, 5_120_000)
        self.send(self.owner, "DatanetRegistry", "create_datanet", modality, formats, terms, limits, keccak(b"about"))
        datanet_id = int(self.call("DatanetRegistry", "datanet_count"))
        self.give(self.owner, "ReviewCourt", 1_000 * OPEN)
        self.send(self.owner, "ReviewCourt", "fund", datanet_id, 1_000 * OPEN)
        return datanet_id

    def contribute(self, contributor: LocalAccount, *, datanet_id: int = 1, file_format: int = MD) -> int:
        """Pay a deposit, commit and reveal a new file; its contribution id."""
        self.made += 1
        content = keccak(f"text {self.made}".encode())
        self.give(contributor, "DatanetRegistry", self.call("DatanetRegistry", "DEPOSIT_WEI"))
        self.send(contributor, "DatanetRegistry", "add_deposits", datanet_id, 1)
        hidden = (datanet_id, content, content, bytes(32))
        commitment = self.call("DatanetRegistry", "commitment_of", contributor.address, *hidden)
        self.send(contributor, "DatanetRegistry", "commit", commitment)
        self.mine(1)
        number = int(self.call("DatanetRegistry", "contribution_count"))
        shown = (number, datanet_id, content, content, 1_000, file_format, bytes(32))
        self.send(contributor, "DatanetRegistry", "reveal", *shown)
        self.contents[number] = content
        return number

    # models, payments, stakes

    def use_models(self) -> None:
        """A base, an adapter, and its child, which then changes hands, is followed by its parent, and rests."""
        send, registry = self.send, "ModelRegistry"
        licence = keccak(b"licence")
        send(self.builder, registry, "register_base", keccak(b"base"), keccak(b"base manifest"), licence)
        roots = [keccak(b"dataset")]
        adapter = (keccak(b"weights"), keccak(b"manifest"), licence, roots, 1_000, 10**15, 2 * 10**15)
        send(self.builder, registry, "register_adapter", 1, 0, *adapter)
        send(self.outsider, registry, "register_adapter", 1, 1, *adapter)
        send(self.builder, registry, "set_operator", 1, self.outsider.address, True)
        send(self.outsider, registry, "set_price", 2, 3 * 10**15, 4 * 10**15)
        send(self.outsider, registry, "deprecate", 2, 1)
        send(self.outsider, registry, "set_active", 2, False)
        send(self.outsider, registry, "transfer_adapter", 2, self.owner.address)

    def redeem(self, due_wei: int, *, adapter_id: int = 1) -> None:
        contract = self.deployment.address("InferencePayments")
        voucher = Voucher(self.payer.address, self.builder.address, adapter_id, due_wei, FAR_FUTURE)
        message = voucher_digest(voucher, chain_id=self.node.chain_id, contract=contract)
        r, vs = compact_signature(sign_digest(message, self.payer.key))
        redemption = (self.payer.address, due_wei, FAR_FUTURE, due_wei, r, vs)
        self.send(self.builder, "InferencePayments", "redeem", adapter_id, [redemption])

    def deposit(self, amount_wei: int) -> None:
        self.give(self.payer, "InferencePayments", amount_wei)
        self.send(self.payer, "InferencePayments", "deposit", self.payer.address, amount_wei)

    def use_payments(self) -> None:
        self.deposit(100 * OPEN)
        self.redeem(10 * OPEN)
        self.redeem(15 * OPEN)
        self.send(self.payer, "InferencePayments", "request_withdrawal", 20 * OPEN)
        self.pass_time(self.seconds("InferencePayments", "WITHDRAWAL_DELAY_SECONDS"))
        self.send(self.payer, "InferencePayments", "withdraw")
        self.send(self.outsider, "InferencePayments", "pay_earnings", self.builder.address)

    def use_stake(self) -> None:
        staker = self.outsider
        self.give(staker, "StakedOpen", 100 * OPEN)
        for call in (("stake", 100 * OPEN), ("delegate", self.builder.address), ("request_exit", 30 * OPEN)):
            self.send(staker, "StakedOpen", *call)
            # a second change of votes within one second costs less gas: estimated so, it may not do a second later
            self.pass_time(60)
        self.send(staker, "StakedOpen", "cancel_exit")
        self.give(self.payer, "StakedOpen", 50 * OPEN)
        self.send(self.payer, "StakedOpen", "add_reward", 5 * OPEN)
        self.send(staker, "StakedOpen", "claim_reward")
        self.send(staker, "StakedOpen", "request_exit", 40 * OPEN)
        self.pass_time(self.seconds("StakedOpen", "EXIT_COOLDOWN_SECONDS"))
        self.send(staker, "StakedOpen", "withdraw")

    # rewards

    @cached_property
    def rewards(self) -> RewardTree:
        """Who is paid in epoch 1: the two contributors, all but 1 OPEN of what accrued."""
        first, second = (account.address for account in self.contributors)
        amounts = {first: 4 * OPEN, second: 1 * OPEN}
        distributor = self.deployment.address("RewardDistributor")
        return reward_tree(chain_id=self.node.chain_id, distributor=distributor, rewards=amounts)

    def post_root(self, *, attempt: int) -> None:
        tree = self.rewards
        evidence = (keccak(b"evidence"), keccak(b"chunks"), 1, keccak(b"shares"))
        values = (1, attempt, bytes(32), tree.root, tree.total_wei, tree.leaf_count, *evidence)
        contract = self.deployment.address("RewardDistributor")
        message = root_digest(RewardRoot(*values), chain_id=self.node.chain_id, contract=contract)
        signers = sorted((dev_account(index) for index in DEV_SIGNERS), key=lambda each: int(each.address, 16))
        signatures = [sign_digest(message, signer.key) for signer in signers]
        self.give(self.outsider, "RewardDistributor", self.call("RewardDistributor", "ROOT_BOND_WEI"))
        self.send(self.outsider, "RewardDistributor", "post_root", values, signatures)

    def challenge(self) -> None:
        self.give(self.outsider, "RewardDistributor", 1_000 * OPEN)
        self.send(self.outsider, "RewardDistributor", "challenge", 1, keccak(b"reason"))

    def claim(self, account: LocalAccount) -> None:
        self.send(self.outsider, "RewardDistributor", "claim", *self.rewards.claim_of(account.address))
