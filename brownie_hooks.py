"""Brownie imports this file whenever it loads the project, before it compiles or connects.

It gives Brownie what a clean checkout needs: artifacts of Vyper 0.4 contracts (chain/artifacts.py), a development
network that starts the pinned anvil, and repairs to faults of Brownie 1.22.2. Delete a part when Brownie no longer
needs it.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from brownie._config import CONFIG

from chain.artifacts import ensure
from chain.node import DEV_ACCOUNT_COUNT, DEV_MNEMONIC, GAS_LIMIT, HARDFORK, anvil_path, free_port

ROOT = Path(__file__).resolve().parent
_ASK_TIMES, _ASK_SECONDS = 40, 0.05


def brownie_load_source(path: Path, source: str) -> str:
    """Called for every source; its artifact is made here, so that Brownie finds it and never compiles by itself."""
    if path.suffix == ".vy":
        ensure(path, ROOT)
    return source


def _use_pinned_anvil() -> None:
    """Let `development` start the project's anvil on a free port: on a taken one Brownie joins whatever runs there."""
    # Brownie picks its backend by what the command starts with, so the binary is found through PATH
    os.environ["PATH"] = os.pathsep.join([str(anvil_path(ROOT).parent), os.environ.get("PATH", os.defpath)])
    CONFIG.networks["development"] = {
        "name": "anvil of package.json",
        "id": "development",
        "cmd": "anvil",
        "host": "http://127.0.0.1",
        "timeout": 60,
        "cmd_settings": {
            "port": free_port(),
            "evm_version": HARDFORK,
            "gas_limit": GAS_LIMIT,
            "base_fee": 0,
            # without it there are no `dev:` reverts, no tracebacks and no coverage
            "steps_tracing": True,
            "accounts": DEV_ACCOUNT_COUNT,
            "mnemonic": DEV_MNEMONIC,
        },
    }


def _mend_test_tools() -> None:
    """Run three of Brownie's modules from their own Python source.

    The wheel ships them compiled, with type declarations that their data does not meet: `brownie test --coverage` and
    the `state_machine` fixture end in a TypeError. The .py files that lie beside the compiled ones are right.
    """
    fixtures: Any = sys.modules.get("brownie.test.fixtures")
    if fixtures is None:  # only `brownie test` loads it, and only tests need this
        return
    from brownie.test import coverage, output, stateful

    evaluated = _interpreted(coverage, _coverage_eval=coverage._coverage_eval)
    coverage.get_merged_coverage_eval = evaluated.get_merged_coverage_eval
    report = _interpreted(output)
    output._build_coverage_output = report._build_coverage_output
    output._save_coverage_report = report._save_coverage_report
    machine = _interpreted(stateful)
    fixtures.state_machine = machine.state_machine
    fixtures._BrownieStateMachine = machine._BrownieStateMachine


def _interpreted(module: ModuleType, **shared: object) -> Any:
    """A copy of a module from its .py file, with some of its state shared."""
    assert module.__file__ is not None
    path = Path(module.__file__).parent / f"{module.__name__.rpartition('.')[2]}.py"
    twin = ModuleType(f"{module.__name__}_interpreted")
    exec(compile(path.read_text(), str(path), "exec"), twin.__dict__)
    twin.__dict__.update(shared)
    return twin


def _ask_again_for_transactions() -> None:
    """Let Brownie ask again for a transaction, or its receipt, that is not there.

    Anvil counts the sender's nonce a moment before it can show the transaction: with traces, and a transaction that
    does much, long enough for Brownie to ask in between and to call the transaction dropped.
    """
    from brownie.network import web3
    from web3.exceptions import TransactionNotFound

    def patient(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def ask_again(transaction_hash: Any) -> Any:
            for _ in range(_ASK_TIMES):
                try:
                    return ask(transaction_hash)
                except TransactionNotFound:
                    time.sleep(_ASK_SECONDS)
            return ask(transaction_hash)

        return ask_again

    web3.eth.get_transaction = patient(web3.eth.get_transaction)
    web3.eth.get_transaction_receipt = patient(web3.eth.get_transaction_receipt)


class _DottedScripts(MetaPathFinder):
    """Finds scripts in a folder whose path has a dot in it, such as one of mktemp.

    Brownie imports a script by its whole path with dots for slashes, which then has a part too many. Asked last, this
    finder knows those names, and the names that lead to them.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = {".".join(path.with_suffix("").parts[1:]): path for path in folder.glob("*.py")}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._paths:
            return spec_from_file_location(fullname, self._paths[fullname])
        if any(name.startswith(f"{fullname}.") for name in self._paths):
            return ModuleSpec(fullname, None, is_package=True)
        return None


_use_pinned_anvil()
_mend_test_tools()
_ask_again_for_transactions()
if "." in str(ROOT):
    sys.meta_path.append(_DottedScripts(ROOT / "scripts"))
