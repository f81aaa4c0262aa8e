"""A development chain with the whole protocol, a market that uses every part of it, and an indexer on top."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import pytest
from eth_abi import encode
from eth_account.signers.local import LocalAccount

from chain.client import ChainClient, Receipt
from chain.contracts import Deployment, abi, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles, read_parameters
from chain.merkle import RewardTree, keccak, reward_tree
from chain.node import DEV_COUNCIL, DEV_DEPLOYER, DEV_HOLDER, DEV_SIGNERS, DevNode, dev_account
from chain.typed_data import RewardRoot, Voucher, root_digest, sign_digest, voucher_digest
from indexer.database import Database
from indexer.decode import Decoder, abi_type
from indexer.engine import Engine
from indexer.reorg import Idle
from indexer.source import Source
from indexer.store import Store, digest

PROJECT = Path(__file__).resolve().parents[2]
OPEN = 10**18
FAR_FUTURE = 2**40


@cache
def abi_of(name: str) -> list[dict[str, Any]]:
    """The ABI of a contract, looked up once: each look-up checks whether the build is fresh."""
    return abi(name, PROJECT)


def shared_decoder_of(deployment: Deployment) -> Decoder:
    return Decoder({name: (record.address, abi_of(name)) for name, record in deployment.contracts.items()})


@dataclass
class Market:
    """A node with the protocol on it, and who acts: each method is one thing that they do."""

    node: DevNode
    deployment: Deployment
    client: ChainClient
    owner: LocalAccount = field(default_factory=lambda: dev_account(6))
    validators: tuple[LocalAccount, LocalAccount] = field(default_factory=lambda: (dev_account(7), dev_account(8)))
    contributors: tuple[LocalAccount, LocalAccount] = field(default_factory=lambda: (dev_account(9), dev_account(10)))
    builder: LocalAccount = field(default_factory=lambda: dev_account(11))
    payer: LocalAccount = field(default_factory=lambda: dev_account(12))
    outsider: LocalAccount = field(default_factory=lambda: dev_account(13))
    contributions: int = 0

    def send(self, account: LocalAccount, contract: str, function: str, *args: Any) -> Receipt:
        return self.client.send(account, contract, function, *args)

    def seconds(self, contract: str, name: str) -> int:
        """A delay that a contract was deployed with."""
        return int(self.client.call(contract, name))

    def pass_time(self, seconds: int) -> None:
        self.client.rpc("evm_increaseTime", seconds)
        self.client.rpc("anvil_mine", "0x1")

    def give(self, account: LocalAccount, spender: str, amount_wei: int) -> None:
        """Give OPEN to an account, which lets a contract take it."""
        self.send(dev_account(DEV_HOLDER), "OpenToken", "transfer", account.address, amount_wei)
        self.send(account, "OpenToken", "approve", self.deployment.address(spender), amount_wei)

    def open_datanet(self) -> None:
        limits = (10_000_000, 10_000_000, 100, 5_000_000)
        self.send(self.owner, "DatanetRegistry", "create_datanet", 1, 3, 1, limits, keccak(b"about"))
        for validator in self.validators:
            self.send(self.owner, "DatanetRegistry", "set_validator", 1, validator.address, True)

    def contribute(self, contributor: LocalAccount) -> int:
        """Commit and reveal a new text; its contribution id."""
        self.contributions += 1
        content = keccak(f"text {self.contributions}".encode())
        hidden = (1, content, content, bytes(32))
        commitment = self.client.call("DatanetRegistry", "commitment_of", contributor.address, *hidden)
        self.send(contributor, "DatanetRegistry", "commit", commitment)
        self.client.rpc("anvil_mine", "0x1")
        self.send(contributor, "DatanetRegistry", "reveal", 1, content, 0x55, content, 1_000, 0, bytes(32))
        return int(self.client.call("DatanetRegistry", "contribution_count"))

    def review(self, contribution_id: int, *, is_accepted: bool, score: int = 0) -> None:
        reason = 0 if is_accepted else 5
        validator = self.validators[0]
        self.send(validator, "DatanetRegistry", "review", contribution_id, is_accepted, score, reason, bytes(32))

    def use_datanet(self) -> None:
        """Five contributions, one of each fate; then everything that the owner may do."""
        first, second = self.contributors
        self.open_datanet()
        self.review(self.contribute(first), is_accepted=True, score=80)
        self.review(self.contribute(first), is_accepted=False)
        self.review(self.contribute(second), is_accepted=True, score=80)
        self.review(self.contribute(second), is_accepted=True, score=10)
        self.send(second, "DatanetRegistry", "withdraw_contribution", 4)
        self.contribute(second)
        self.send(self.owner, "DatanetRegistry", "record_snapshot", 1, keccak(b"dataset"), keccak(b"lines"), 2)
        self.send(self.owner, "DatanetRegistry", "set_validator", 1, self.validators[1].address, False)
        self.send(self.owner, "DatanetRegistry", "set_limits", 1, (9_000_000, 9_000_000, 50, 4_000_000))
        self.send(self.owner, "DatanetRegistry", "set_open", 1, False)
        self.send(self.owner, "DatanetRegistry", "transfer_datanet", 1, self.outsider.address)

    def use_models(self) -> None:
        """A base, an adapter, and its child, which then changes hands and rests."""
        send, registry = self.send, "ModelRegistry"
        send(self.builder, registry, "register_base", keccak(b"base"), keccak(b"base manifest"))
        roots = [keccak(b"dataset")]
        adapter = (keccak(b"weights"), keccak(b"manifest"), roots, 1_000, 10**15, 2 * 10**15)
        send(self.builder, registry, "register_adapter", 1, 0, *adapter)
        send(self.outsider, registry, "register_adapter", 1, 1, *adapter)
        send(self.builder, registry, "set_operator", 1, self.outsider.address, True)
        send(self.outsider, registry, "set_price", 2, 3 * 10**15, 4 * 10**15)
        send(self.outsider, registry, "set_active", 2, False)
        send(self.outsider, registry, "transfer_adapter", 2, self.owner.address)

    def redeem(self, due_wei: int, *, adapter_id: int = 1) -> None:
        contract = self.deployment.address("InferencePayments")
        voucher = (self.payer.address, self.builder.address, adapter_id, due_wei, FAR_FUTURE)
        message = voucher_digest(Voucher(*voucher), chain_id=self.node.chain_id, contract=contract)
        signature = sign_digest(message, self.payer.key)
        self.send(self.builder, "InferencePayments", "redeem", [(voucher, due_wei, signature)])

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

    @cached_property
    def rewards(self) -> RewardTree:
        """Who is paid in epoch 1: the two contributors, all but 1 OPEN of what accrued."""
        first, second = (account.address for account in self.contributors)
        amounts = {first: 4 * OPEN, second: 1 * OPEN}
        distributor = self.deployment.address("RewardDistributor")
        return reward_tree(chain_id=self.node.chain_id, distributor=distributor, rewards=amounts)

    def post_root(self, *, attempt: int) -> None:
        tree = self.rewards
        values = (1, attempt, tree.root, tree.total_wei, tree.leaf_count, keccak(b"evidence"), keccak(b"shares"))
        contract = self.deployment.address("RewardDistributor")
        message = root_digest(RewardRoot(*values), chain_id=self.node.chain_id, contract=contract)
        signers = sorted((dev_account(index) for index in DEV_SIGNERS), key=lambda each: int(each.address, 16))
        signatures = [sign_digest(message, signer.key) for signer in signers]
        self.send(self.outsider, "RewardDistributor", "post_root", values, signatures)

    def challenge(self) -> None:
        self.give(self.outsider, "RewardDistributor", 1_000 * OPEN)
        self.send(self.outsider, "RewardDistributor", "challenge", 1, keccak(b"reason"))

    def resolve(self, *, is_void: bool) -> None:
        """Decide the challenge through the timelock, as the council does."""
        distributor = self.deployment.address("RewardDistributor")
        call = self.client.contract("RewardDistributor").encode_abi("resolve_challenge", [1, is_void])
        delay = self.client.call("Timelock", "get_minimum_delay")
        council, what = dev_account(DEV_COUNCIL), (distributor, 0, bytes.fromhex(call[2:]), bytes(32), bytes(32))
        self.send(council, "Timelock", "schedule", *what, delay)
        self.pass_time(delay)
        self.send(council, "Timelock", "execute", *what)

    def use_rewards(self) -> None:
        """Epoch 1: a root that is challenged and voided, a second whose challenge is rejected; final, claimed."""
        window = self.seconds("RewardDistributor", "CHALLENGE_WINDOW_SECONDS")
        self.pass_time(2 * self.seconds("RewardDistributor", "EPOCH_SECONDS"))
        self.post_root(attempt=0)
        self.challenge()
        self.pass_time(window + self.seconds("RewardDistributor", "RESOLUTION_SECONDS"))
        self.send(self.outsider, "RewardDistributor", "void_expired", 1)
        self.send(self.outsider, "RewardDistributor", "withdraw_bond")
        self.post_root(attempt=1)
        self.challenge()
        self.resolve(is_void=False)
        self.pass_time(window)
        self.send(self.outsider, "RewardDistributor", "finalize", 1)
        self.claim(self.contributors[0])

    def claim(self, account: LocalAccount) -> None:
        index, amount, nodes = self.rewards.proof_of(account.address)
        proof = [(node.hash, node.sum_wei) for node in nodes]
        self.send(self.outsider, "RewardDistributor", "claim", account.address, amount, index, proof)

    def use_everything(self) -> None:
        self.use_datanet()
        self.use_models()
        self.use_payments()
        self.use_rewards()
        self.use_stake()
        self.finalize_all()

    def finalize_all(self) -> None:
        """Two more blocks: all that happened is final now."""
        self.client.rpc("anvil_mine", "0x3")


@dataclass
class Indexing:
    """An engine over its own database."""

    database: Database
    store: Store
    engine: Engine

    @classmethod
    def open(cls, deployment: Deployment, rpc_url: str, path: Path) -> Self:
        database = Database(f"sqlite:///{path}")
        database.lock()
        start_block = deployment.block_number
        store = Store(database, shared_decoder_of(deployment), chain_id=deployment.chain_id, start_block=start_block)
        store.open()
        source = Source(rpc_url, [record.address for record in deployment.contracts.values()])
        return cls(database, store, Engine(source, store))

    def close(self) -> None:
        self.engine.source.close()
        self.database.close()

    @property
    def digest(self) -> str:
        return digest(self.database)

    def catch_up(self) -> int:
        """Step until there is nothing to do; the steps. Fails when the node is in trouble."""
        count = 0
        while not isinstance(self.engine.step(), Idle):
            count += 1
        assert self.engine.progress.trouble is None
        return count


Start = Callable[..., Indexing]


def start_market(deployed: tuple[Path, Deployment], state_path: Path) -> Market:
    """A market on a node of its own, which reads and keeps its state in `state_path`."""
    shutil.copy(deployed[0], state_path)
    node = DevNode.start(PROJECT, state_path=state_path)
    return Market(node, deployed[1], ChainClient(node.rpc_url, root=PROJECT, deployment=deployed[1]))


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Deployment]:
    """The state of a chain on which the protocol was deployed and nothing happened yet."""
    path = tmp_path_factory.mktemp("chain") / "deployed.json"
    with DevNode.start(PROJECT, state_path=path) as node:
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=PROJECT)
        parameters = read_parameters(PROJECT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
    return path, deployment


@pytest.fixture
def market(deployed: tuple[Path, Deployment], tmp_path: Path) -> Iterator[Market]:
    """A market of the test's own, in which nothing happened yet; its node keeps its state when it stops."""
    started = start_market(deployed, tmp_path / "node.json")
    yield started
    started.node.stop()


@pytest.fixture(scope="session")
def busy_market(deployed: tuple[Path, Deployment], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A market in which everything happened, all of it final: to be read only."""
    started = start_market(deployed, tmp_path_factory.mktemp("chain") / "busy.json")
    started.use_everything()
    yield started
    started.node.stop()


@pytest.fixture(scope="session")
def decoder(busy_market: Market) -> Decoder:
    """The decoder of all contracts."""
    return shared_decoder_of(busy_market.deployment)


@pytest.fixture
def start_indexing(tmp_path: Path) -> Iterator[Start]:
    """Opens indexers; each call a fresh database unless a name is given again."""
    opened: list[Indexing] = []

    def start(deployment: Deployment, rpc_url: str, name: str | None = None) -> Indexing:
        path = tmp_path / f"{name or f'index-{len(opened)}'}.db"
        opened.append(Indexing.open(deployment, rpc_url, path))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@pytest.fixture
def open_indexing() -> Callable[[Deployment, str, Path], Indexing]:
    """Opens an indexer that nobody closes: for processes that are killed."""
    return Indexing.open


@pytest.fixture(scope="session")
def busy_index(busy_market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexing]:
    """An index of the busy market, caught up: to be read only."""
    path = tmp_path_factory.mktemp("index") / "busy.db"
    indexing = Indexing.open(busy_market.deployment, busy_market.node.rpc_url, path)
    indexing.catch_up()
    yield indexing
    indexing.close()


@pytest.fixture(scope="session")
def encode_log() -> Callable[..., tuple[tuple[bytes, ...], bytes]]:
    """(ABI entry of an event, values as eth-abi takes them) to the topics and the data of its log."""

    def encode_one(entry: Any, values: Any) -> tuple[tuple[bytes, ...], bytes]:
        pairs = list(zip(entry["inputs"], values, strict=True))
        signature = f"{entry['name']}({','.join(abi_type(each) for each in entry['inputs'])})"
        indexed = [encode([each["type"]], [value]) for each, value in pairs if each["indexed"]]
        plain = [(abi_type(each), value) for each, value in pairs if not each["indexed"]]
        data = encode([kind for kind, _ in plain], [value for _, value in plain])
        return (keccak(signature.encode()), *indexed), data

    return encode_one


@pytest.fixture
def deployment_file(market: Market, tmp_path: Path) -> Path:
    """The market's deployment as a file."""
    path = tmp_path / "deployment.json"
    save_deployment(market.deployment, path)
    return path
