"""The services of one machine, as child processes: a development chain with the contracts, indexer, gateway."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from chain.client import ChainClient
from chain.contracts import Deployment, load_deployment, save_deployment
from chain.deploy import ClientDeployer, deploy_protocol, development_roles, git_commit
from chain.node import DEV_DEPLOYER, DevNode, dev_account, free_port
from chain.parameters import read_parameters
from openledger.errors import AppError
from openledger.home import Addresses, Home
from openledger.market import PROJECT_ROOT
from openledger.setting_up import share_cores

Say = Callable[[str], None]
_READY_SECONDS = 90.0
_STOP_SECONDS = 15.0


class Services:
    """Everything that `openledger up` runs; as a context manager it stops what it started, last first."""

    def __init__(self, home: Home, *, base_model: Path) -> None:
        # the children run in the project's folder, wherever this command was started
        self.home = Home(home.path.resolve())
        self._base_model = base_model
        self._running = ExitStack()
        self._children: list[Child] = []

    def start(self, say: Say) -> Addresses:
        """Start all of them and return where they answer. A home with a chain in it goes on from there."""
        self.home.create()
        share_cores()
        say("starting the chain (anvil)")
        node = DevNode.start(PROJECT_ROOT, state_path=self.home.chain_state)
        self._running.callback(node.stop)
        deployment = self._deployment(node.rpc_url, say)
        say("starting the indexer")
        indexer_url = self._start_indexer(node.rpc_url)
        say("starting the gateway")
        addresses = Addresses(
            rpc_url=node.rpc_url,
            indexer_url=indexer_url,
            gateway_url=f"http://127.0.0.1:{free_port()}",
            deployment=str(self.home.deployment.resolve()),
            base_model=str(self._base_model.resolve()),
        )
        self.home.write_addresses(addresses)
        self._running.callback(self.home.forget_addresses)
        self._start_gateway(addresses)
        say(f"chain {deployment.chain_id} at block {ChainClient(node.rpc_url, root=PROJECT_ROOT).block().number}")
        return addresses

    def check(self) -> None:
        """Raise `AppError` naming the first child that has ended by itself."""
        for child in self._children:
            child.check()

    def stop(self) -> None:
        """Stop whatever runs; may be called twice."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _deployment(self, rpc_url: str, say: Say) -> Deployment:
        if self.home.chain_state.is_file() and self.home.deployment.is_file():
            return load_deployment(self.home.deployment)
        say("deploying the contracts")
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=rpc_url, root=PROJECT_ROOT)
        parameters = read_parameters(PROJECT_ROOT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit=git_commit(PROJECT_ROOT))
        save_deployment(deployment, self.home.deployment)
        return deployment

    def _start_indexer(self, rpc_url: str) -> str:
        port = free_port()
        arguments = [
            *("-m", "indexer", "--rpc", rpc_url, "--deployment", str(self.home.deployment)),
            *("--database", f"sqlite:///{self.home.indexer_database.resolve()}", "--port", str(port)),
        ]
        url = f"http://127.0.0.1:{port}"
        self._add(Child.start("indexer", arguments, log=self.home.logs / "indexer.log", ready_url=f"{url}/ready"))
        return url

    def _start_gateway(self, addresses: Addresses) -> None:
        arguments = ["-m", "openledger.gateway_process", "--home", str(self.home.path)]
        url = f"{addresses.gateway_url}/health"
        self._add(Child.start("gateway", arguments, log=self.home.logs / "gateway.log", ready_url=url))

    def _add(self, child: Child) -> None:
        self._children.append(child)
        self._running.callback(child.stop)


class Child:
    """One of our own services in a process of its own; what it prints goes to a log file."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    def start(cls, name: str, arguments: list[str], *, log: Path, ready_url: str) -> Child:
        """Start `python ARGUMENTS` and wait until `ready_url` answers 200. Raises `AppError` when it does not."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops its children in order
            )
        child = cls(name, process, log)
        try:
            child._wait(ready_url)
        except BaseException:
            child.stop()
            raise
        return child

    def check(self) -> None:
        """Raise `AppError` if it has ended."""
        code = self._process.poll()
        if code is not None:
            raise AppError(
                f"the {self.name} ended with code {code}; expected it to run; its last words: {self._tail()}"
            )

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                if httpx.get(url, timeout=2.0).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass  # it is not listening yet
            time.sleep(0.1)
        raise AppError(
            f"the {self.name} did not answer {url} in {_READY_SECONDS:.0f} s; its last words: {self._tail()}"
        )

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return " / ".join(lines[-3:]) or f"nothing, see {self._log}"
