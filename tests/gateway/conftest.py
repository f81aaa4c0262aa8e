"""The gateway's tests: the real contracts on a real node, a real gateway process, real signatures.

Only the model is a small program (echo_server.py). One market serves all tests; each test pays from new accounts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.client import ChainClient
from chain.contracts import save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DevNode, dev_account, free_port
from chain.parameters import read_parameters
from openledger.gateway.client import GatewayClient

ROOT = Path(__file__).resolve().parents[2]
ORACLE_TOKEN = "the oracle's secret"
OPERATOR_TOKEN = "the operator's secret"
INPUT_PRICE, OUTPUT_PRICE = 10**18, 3 * 10**18 + 1
DEPOSIT = 10**18
# adapters of the market, by id
SOLD, SOLD_TOO, INACTIVE, FOREIGN, FREE = 1, 2, 3, 4, 5


@dataclass
class GatewayProcess:
    """A gateway that can be started, killed and started again on the same receipts."""

    options: dict[str, Any]
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.options['port']}"

    def start(self) -> None:
        path = self.folder / "options.json"
        path.write_text(json.dumps(self.options))
        command = [sys.executable, str(Path(__file__).parent / "echo_server.py"), str(path)]
        self._process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/health").raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the gateway did not start: {self._process.poll()}")

    def kill(self) -> None:
        """SIGKILL: it has no chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Market:
    """A chain with the protocol and five adapters on it, and accounts that pay for their answers."""

    chain: ChainClient
    deployment: Path
    operator: LocalAccount

    def payer(self, *, deposit_wei: int = DEPOSIT) -> LocalAccount:
        """A new account with a deposit of OPEN."""
        account: LocalAccount = Account.create()
        self.chain.rpc("anvil_setBalance", account.address, hex(10**18))
        payments = self.address("InferencePayments")
        self.chain.send(dev_account(DEV_HOLDER), "OpenToken", "transfer", account.address, deposit_wei)
        self.chain.send(account, "OpenToken", "approve", payments, deposit_wei)
        self.chain.send(account, "InferencePayments", "deposit", account.address, deposit_wei)
        return account

    def address(self, name: str) -> str:
        assert self.chain.deployment is not None
        return self.chain.deployment.address(name)

    def redeemed(self, payer: LocalAccount, adapter_id: int = SOLD) -> int:
        arguments = (payer.address, self.operator.address, adapter_id)
        return int(self.chain.call("InferencePayments", "redeemed_of", *arguments))

    def deposit_of(self, payer: LocalAccount) -> int:
        return int(self.chain.call("InferencePayments", "balance_of", payer.address))

    def now(self) -> int:
        return self.chain.block("latest").timestamp

    def client(self, gateway: GatewayProcess, payer: LocalAccount) -> GatewayClient:
        return GatewayClient(gateway.url, chain=self.chain, payer=payer)

    def process(self, folder: Path, **settings: Any) -> GatewayProcess:
        """A gateway of the market's operator with receipts in `folder`, not yet started."""
        limits = {"max_prompt_tokens": 50, "max_answer_tokens": 100, "expiry_margin_seconds": 600}
        known = {
            "database": str(folder / "receipts.db"),
            "operator_key": self.operator.key.to_0x_hex(),
            "oracle_token": ORACLE_TOKEN,
            "operator_token": OPERATOR_TOKEN,
        }
        options = {"rpc_url": self.chain.rpc_url, "deployment": str(self.deployment), "port": free_port()}
        return GatewayProcess({**options, "settings": {**known, **limits, **settings}}, folder)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with DevNode.start(ROOT) as node:
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
        path = tmp_path_factory.mktemp("market") / "deployment.json"
        save_deployment(deployment, path)
        chain = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
        register_adapters(chain, owner=dev_account(6), other=dev_account(7))
        yield Market(chain, path, operator=dev_account(6))


def register_adapters(chain: ChainClient, *, owner: LocalAccount, other: LocalAccount) -> None:
    root, digest = b"\x01" * 32, b"\x02" * 32
    terms, limits = (3, 0, 1), (1_024_000, 1_024_000, 20, 1_024_000)
    chain.send(owner, "DatanetRegistry", "create_datanet", 1, 3, terms, limits, digest)
    chain.send(owner, "DatanetRegistry", "record_snapshot", 1, root, digest, 1)
    chain.send(owner, "ModelRegistry", "register_base", digest, digest, digest)
    for seller, prices in [(owner, (INPUT_PRICE, OUTPUT_PRICE))] * 3 + [(other, (1, 1)), (owner, (0, 0))]:
        chain.send(seller, "ModelRegistry", "register_adapter", 1, 0, digest, digest, digest, [root], 0, *prices)
    chain.send(owner, "ModelRegistry", "set_active", INACTIVE, False)


@pytest.fixture(scope="session")
def gateway(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    process = market.process(tmp_path_factory.mktemp("gateway"))
    process.start()
    yield process
    process.kill()


@pytest.fixture
def own_gateway(market: Market, tmp_path: Path) -> Iterator[Callable[..., GatewayProcess]]:
    """Starts a gateway of this test alone, with settings of its own."""
    started: list[GatewayProcess] = []

    def start(**settings: Any) -> GatewayProcess:
        process = market.process(tmp_path, **settings)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.kill()
