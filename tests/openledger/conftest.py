"""A development chain with the protocol, as the application's actions see it; every test begins after deployment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_account.signers.local import LocalAccount

from chain.client import ChainClient
from chain.contracts import Deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.node import DEV_DEPLOYER, DevNode, dev_account
from chain.parameters import read_parameters
from content.formats import Modality, format_of
from content.store import FolderStore
from openledger import contributions, datanets, validators
from openledger.accounts import named_account
from openledger.home import Addresses, Home
from openledger.market import Market
from openledger.setting_up import give_open

ROOT = Path(__file__).resolve().parents[2]
OPEN = 10**18
LIMITS = datanets.Limits(1_024_000, 1_024_000, 20, 102_400)
TERMS = datanets.Terms(3, 3 * 10**17, 10**18)


def account(name: str) -> LocalAccount:
    """A development account."""
    return named_account(name, chain_id=31337)


@dataclass(frozen=True)
class Actors:
    """Who acts, and what they do to begin with."""

    market: Market
    folder: Path
    builder: LocalAccount
    contributor: LocalAccount
    validators: tuple[LocalAccount, ...]

    def create_datanet(self, *, budget_wei: int = 100 * OPEN) -> int:
        """A Datanet of text, with a review budget unless it is to be without."""
        number = datanets.create_datanet(
            self.market,
            self.builder,
            name="Tests",
            description="",
            modality=Modality.TEXT,
            formats=format_of("a.txt").mask,
            terms=TERMS,
            limits=LIMITS,
        )
        if budget_wei:
            datanets.fund_reviews(self.market, self.builder, datanet_id=number, amount_wei=budget_wei)
        return number

    def join(self) -> None:
        """Every validator takes two seats."""
        for validator in self.validators:
            validators.join(self.market, validator, modality=Modality.TEXT, seats=2)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def contribute(self, text: str, *, datanet_id: int = 1, name: str = "file.txt") -> int:
        """Hand in a text; its contribution id."""
        path = self.write(name, text)
        return contributions.contribute(self.market, self.contributor, datanet_id=datanet_id, path=path).contribution_id


@pytest.fixture(scope="session")
def node() -> Iterator[DevNode]:
    with DevNode.start(ROOT) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(node: DevNode) -> Deployment:
    deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
    parameters = read_parameters(ROOT / "configs" / "protocol.toml")
    return deploy_protocol(deployer, parameters, development_roles(), commit="test")


@pytest.fixture
def actors(node: DevNode, deployment: Deployment, tmp_path: Path) -> Iterator[Actors]:
    """A market in which only OPEN was given out; undone after the test."""
    chain = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
    before = chain.rpc("evm_snapshot")
    home = Home(tmp_path / "home")
    home.create()
    addresses = Addresses(node.rpc_url, "", "", "", "")
    market = Market(chain=chain, store=FolderStore(home.content), home=home, addresses=addresses)
    names = ("builder", "contributor-1", "validator-1", "validator-2", "validator-3")
    give_open(market, names)
    builder, contributor, *judges = (account(name) for name in names)
    yield Actors(market, tmp_path, builder, contributor, tuple(judges))
    chain.rpc("evm_revert", before)


@pytest.fixture
def named() -> Callable[[str], LocalAccount]:
    return account
