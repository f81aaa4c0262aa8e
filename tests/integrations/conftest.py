"""What the tests for integrators share: actors, contracts of ours, and Solidity put into the same EVM."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boa
import pytest
from boa.contracts.abi.abi_contract import ABIContractFactory
from eth_abi import encode

from benchmarks.anchors.solidity import ROOT, Compiled, compile_solidity

INTEGRATIONS = ROOT / "integrations" / "solidity"


@cache
def _compiled(path: Path) -> dict[str, Compiled]:
    return compile_solidity([path])


@pytest.fixture(scope="session")
def solidity() -> Callable[[Path], dict[str, Compiled]]:
    """Compiles a file once a session; its contracts by name."""
    return _compiled


@pytest.fixture(scope="session")
def vyper() -> Callable[[str], Any]:
    """Compiles `contracts/<name>.vy`; `.deploy(...)` makes an instance."""
    return cache(lambda name: boa.load_partial(str(ROOT / "contracts" / f"{name}.vy")))


@pytest.fixture(scope="session")
def deploy_solidity(solidity: Callable[[Path], dict[str, Compiled]]) -> Callable[..., Any]:
    """`deploy_solidity(path, name, types, *arguments)`: an instance, called like one of ours."""

    def deploy(path: Path, name: str, types: list[str], *arguments: Any) -> Any:
        made = solidity(path)[name]
        address, _ = boa.env.deploy_code(bytecode=made.creation_code + encode(types, arguments))
        return ABIContractFactory(name, made.abi).at(address)

    return deploy


@pytest.fixture(scope="session")
def actor() -> Callable[[str], str]:
    """Makes an address for a role."""
    return lambda role: str(boa.env.generate_address(role))


@pytest.fixture(autouse=True)
def isolated_chain() -> Iterator[None]:
    """Undoes what a test did to the chain."""
    with boa.env.anchor():
        yield
