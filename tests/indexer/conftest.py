"""A development chain with the whole protocol, a market that uses every part of it, and an indexer on top."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from eth_abi import encode

from chain.client import ChainClient
from chain.contracts import Deployment, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.merkle import keccak
from chain.node import DEV_DEPLOYER, DevNode, dev_account
from chain.parameters import read_parameters
from indexer.database import Database
from indexer.decode import Decoder, abi_type
from indexer.engine import Engine
from indexer.reorg import Idle
from indexer.source import Source
from indexer.store import Store, digest
from tests.indexer.market import PROJECT, Market, shared_decoder_of
from tests.indexer.scenario import use_everything


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
    use_everything(started)
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
