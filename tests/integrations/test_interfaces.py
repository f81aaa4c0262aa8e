"""The Solidity interfaces say what the Vyper contracts do: same selectors, same events, and they compile."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector

from benchmarks.anchors.solidity import ROOT, Compiled
from chain.artifacts import ensure
from integrations.generate import interfaces

NAMES = sorted(path.stem for path in (ROOT / "contracts").glob("*.vy"))


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    return interfaces()


def identifiers(abi: list[dict[str, Any]]) -> set[str]:
    functions = {function_abi_to_4byte_selector(entry).hex() for entry in abi if entry["type"] == "function"}
    return functions | {event_abi_to_log_topic(entry).hex() for entry in abi if entry["type"] == "event"}


def mutabilities(abi: list[dict[str, Any]]) -> dict[str, str]:
    functions = [entry for entry in abi if entry["type"] == "function"]
    return {function_abi_to_4byte_selector(entry).hex(): entry["stateMutability"] for entry in functions}


def test_interfaces__committed__are_what_the_contracts_say(generated: dict[Path, str]) -> None:
    stale = [path.name for path, text in generated.items() if not path.is_file() or path.read_text() != text]
    assert not stale, "run `python -m integrations.generate`"


def test_interfaces__committed__are_of_contracts_that_exist(generated: dict[Path, str]) -> None:
    folder = next(iter(generated)).parent
    assert sorted(folder.glob("*.sol")) == sorted(generated)


@pytest.mark.parametrize("name", NAMES)
def test_interface__compiled__has_the_selectors_and_events_of_the_contract(
    name: str, solidity: Callable[[Path], dict[str, Compiled]]
) -> None:
    interface = solidity(ROOT / "integrations" / "solidity" / "interfaces" / f"I{name}.sol")[f"I{name}"].abi
    contract = json.loads(ensure(ROOT / "contracts" / f"{name}.vy", ROOT).read_bytes())["abi"]
    assert identifiers(interface) == identifiers(contract)
    assert mutabilities(interface) == mutabilities(contract)
