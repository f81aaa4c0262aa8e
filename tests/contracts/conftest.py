"""What the contract tests share: compiled contracts, actors, the OPEN token, events as dictionaries."""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import boa
import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"


def _sources_digest() -> str:
    paths = sorted(path for path in CONTRACTS.rglob("*") if path.suffix in (".vy", ".vyi"))
    return sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


# boa's cache misses a change in a module that a module imports, and would test old bytecode: a folder for each state
boa.interpret.set_cache_dir(str(ROOT / ".pytest_cache" / "boa" / _sources_digest()))


@cache
def _factory(name: str) -> Any:
    return boa.load_partial(str(CONTRACTS / f"{name}.vy"))


def _events(contract: Any, name: str) -> list[dict[str, Any]]:
    logs = [log for log in contract.get_logs() if type(log).__name__ == name and log.address == contract.address]
    return [{field: value for field, value in log._asdict().items() if field != "address"} for log in logs]


@pytest.fixture(scope="session")
def factory() -> Callable[[str], Any]:
    """Compiles `contracts/<name>.vy` once a session; `.deploy(...)` makes an instance."""
    return _factory


@pytest.fixture(scope="session")
def interface_events() -> Callable[[str], set[str]]:
    """The names of the events that `contracts/interfaces/<name>.vyi` declares."""

    def names(interface: str) -> set[str]:
        source = (CONTRACTS / "interfaces" / f"{interface}.vyi").read_text(encoding="utf-8")
        return set(re.findall(r"^event (\w+):", source, flags=re.MULTILINE))

    return names


@pytest.fixture(scope="session")
def abi_events() -> Callable[[Any], set[str]]:
    """The names of the events in a contract's ABI."""
    return lambda contract: {entry["name"] for entry in contract.abi if entry["type"] == "event"}


@pytest.fixture(scope="session")
def protocol() -> dict[str, Any]:
    """The protocol's constants, `configs/protocol.toml`."""
    return tomllib.loads((ROOT / "configs" / "protocol.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def events() -> Callable[[Any, str], list[dict[str, Any]]]:
    """`events(contract, name)`: the events of that name in the contract's last call, fields by name."""
    return _events


@pytest.fixture(autouse=True)
def isolated_chain() -> Iterator[None]:
    """Undoes what a test did to the chain."""
    with boa.env.anchor():
        yield
    # titanoboa keeps this log past the anchor, and misreads it once another contract gets the same address
    boa.env.sstore_trace.clear()


@pytest.fixture(scope="session")
def actor() -> Callable[[str], str]:
    """Makes an address for a role."""
    return lambda role: str(boa.env.generate_address(role))


@pytest.fixture
def open_holder(actor: Callable[[str], str]) -> str:
    return actor("open_holder")


@pytest.fixture
def open_token(factory: Callable[[str], Any], open_holder: str) -> Any:
    return factory("OpenToken").deploy(open_holder)


@pytest.fixture
def outsider(actor: Callable[[str], str]) -> str:
    return actor("outsider")
