"""The development node: the anvil that package.json pins, on loopback, for as long as someone needs it."""

import atexit
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.errors import ChainError, NodeUnavailable

# The well-known phrase of every development node: whoever holds value on a public chain with it loses it.
DEV_MNEMONIC = "test test test test test test test test test test test junk"
DEV_CHAIN_ID = 31337
DEV_ACCOUNT_COUNT = 20

# Who is who among the accounts of the phrase on a development chain.
DEV_DEPLOYER = 0
DEV_GUARDIAN = 1
DEV_SIGNERS = (2, 3, 4)
DEV_HOLDER = 5

HARDFORK = "prague"
# EIP-7825 caps one transaction here, so that nothing is built which a public chain refuses.
GAS_LIMIT = 16_777_216

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_START_ATTEMPTS = 3
_PR_SET_PDEATHSIG = 1


def anvil_path(root: Path) -> Path:
    """The anvil binary that `npm ci` put under `root`.

    Raises:
        ChainError: it is not there.
    """
    found = sorted((root / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*"))
    if not found:
        folder = root / "node_modules"
        raise ChainError(f"no anvil under {folder}; expected the one of package.json; run `npm ci`")
    return found[0]


def free_port() -> int:
    """A TCP port on loopback that nobody listened on a moment ago."""
    return _bound_port(0)


@cache
def dev_account(index: int) -> LocalAccount:
    """The account at `m/44'/60'/0'/0/index` of the development phrase."""
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account


@dataclass(slots=True)
class DevNode:
    """A running anvil; as a context manager it is stopped, and reaped, at the end of the block."""

    rpc_url: str
    chain_id: int
    _process: subprocess.Popen[bytes]
    _log: IO[bytes] = field(repr=False)

    @classmethod
    def start(
        cls,
        root: Path,
        *,
        port: int | None = None,
        chain_id: int = DEV_CHAIN_ID,
        slots_in_an_epoch: int = 1,
        state_path: Path | None = None,
    ) -> Self:
        """Start anvil and return once it answers.

        Call it from a thread that lives as long as the node: on Linux the kernel ends the node when that thread
        ends, so that no node outlives a killed parent.

        Args:
            root: the project folder, whose node_modules holds anvil.
            port: a free one unless given.
            slots_in_an_epoch: `finalized` lies two epochs behind `latest`; with 1 that is two blocks.
            state_path: the chain is read from this file if it exists, and written to it at the end.

        Raises:
            ChainError: anvil is missing, or ends at once (a taken port, a bad state file).
            NodeUnavailable: it did not answer in time.
        """
        options = [
            *("--host", "127.0.0.1", "--hardfork", HARDFORK, "--gas-limit", str(GAS_LIMIT)),
            *("--chain-id", str(chain_id), "--slots-in-an-epoch", str(slots_in_an_epoch)),
            *("--accounts", str(DEV_ACCOUNT_COUNT), "--mnemonic", DEV_MNEMONIC, "--quiet"),
        ]
        if state_path is not None:
            state_path.parent.mkdir(parents=True, exist_ok=True)
            options += ["--state", str(state_path)]
        # another program may take a free port before anvil binds it; a port that was asked for is not exchanged
        attempts = _START_ATTEMPTS if port is None else 1
        for attempt in range(1, attempts + 1):
            try:
                return cls._launch(anvil_path(root), options, port=port or free_port(), chain_id=chain_id)
            except _EndedEarlyError as error:
                if attempt == attempts:
                    raise ChainError(str(error)) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    @classmethod
    def _launch(cls, binary: Path, options: list[str], *, port: int, chain_id: int) -> Self:
        try:
            # a node that already listens there would answer in place of ours
            _bound_port(port)
        except OSError as error:
            taken = f"port {port} on loopback is taken ({error.strerror}); choose another"
            raise _EndedEarlyError(taken) from error
        log = TemporaryFile()  # noqa: SIM115 - closed by stop(), with the process that writes to it
        process = subprocess.Popen(
            [str(binary), *options, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then stops the node in order
            preexec_fn=_die_with_parent(),
        )
        node = cls(f"http://127.0.0.1:{port}", chain_id, process, log)
        atexit.register(node.stop)
        try:
            node._wait_until_ready()
        except BaseException:
            node.stop()
            raise
        return node

    @property
    def pid(self) -> int:
        """The process id of anvil."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the node, by force if it does not go by itself, and reap it; a second call does nothing."""
        atexit.unregister(self.stop)
        if self.is_running:
            self._process.send_signal(signal.SIGINT)  # anvil writes its state on SIGINT
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        if self.is_running:
            self._process.kill()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            answer = _chain_id_at(self.rpc_url)
            if not self.is_running:
                self._log.seek(0)
                said = self._log.read().decode(errors="replace").strip() or "nothing"
                status = self._process.returncode
                raise _EndedEarlyError(f"anvil for {self.rpc_url} ended with status {status}; it said: {said}")
            if answer == self.chain_id:
                return
            time.sleep(0.05)
        limit = f"{_START_SECONDS:.0f} s"
        raise NodeUnavailable(f"anvil at {self.rpc_url} did not answer within {limit}; try again")


class _EndedEarlyError(Exception):
    """anvil could not run on the port, or ended before it answered."""


def _bound_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as anvil does: TIME_WAIT is no obstacle
        probe.bind(("127.0.0.1", port))
        return int(probe.getsockname()[1])


def _chain_id_at(rpc_url: str) -> int | None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}).encode()
    request = urllib.request.Request(rpc_url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(json.load(response)["result"], 16)
    except (OSError, ValueError, KeyError):
        return None


def _die_with_parent() -> Callable[[], None] | None:
    """What a child runs before anvil so that the kernel ends it with its parent; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    # loaded here: between fork and exec only calls that need no lock are safe
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_the_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_for_the_signal
