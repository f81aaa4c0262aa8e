"""Write `integrations/solidity/interfaces/I*.sol` from the Vyper contracts: `python -m integrations.generate`.

The Vyper compiler says which functions and events a contract has and what their structs are called; its NatSpec notices
come along. `--check` writes nothing and fails where a file is not what the contracts say.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).resolve().parent / "solidity" / "interfaces"

_HEAD = """// SPDX-License-Identifier: Apache-2.0
// Written by `python -m integrations.generate` from contracts/{name}.vy: change that, not this.
pragma solidity >=0.8.20;
"""
_WIDTH = 120
# Solidity's keywords that Vyper allows as names
_RESERVED = frozenset(
    {"after", "alias", "auto", "byte", "case", "days", "default", "final", "hours", "in", "let", "match", "mutable"}
    | {"null", "of", "partial", "promise", "reference", "seconds", "sizeof", "static", "supports", "var", "weeks"}
)
_DYNAMIC = ("string", "bytes")
# what Vyper calls the keys of a public mapping
_GETTER_ARGUMENT = re.compile(r"arg\d+")


def main() -> int:
    """Write the interfaces, or compare them; 1 where `--check` found a difference."""
    stale = [path for path, text in interfaces().items() if not path.is_file() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        names = ", ".join(path.name for path in stale)
        advice = f"failed: stale are {names}; run `python -m integrations.generate`"
        print(f"interfaces: {advice if stale else 'passed'}")
        return 1 if stale else 0
    TARGET.mkdir(parents=True, exist_ok=True)
    for path, text in interfaces().items():
        path.write_text(text)
    print(f"interfaces: {len(stale)} written")
    return 0


def interfaces() -> dict[Path, str]:
    """The text of every interface, by its path."""
    return {TARGET / f"I{path.stem}.sol": interface(path) for path in sorted((ROOT / "contracts").glob("*.vy"))}


def interface(path: Path) -> str:
    """The Solidity interface of one Vyper contract."""
    # seconds of import time
    from vyper.cli.vyper_compile import get_search_paths
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.output import build_abi_output, build_userdoc
    from vyper.compiler.phases import CompilerData
    from vyper.compiler.settings import Settings

    bundle = FilesystemInputBundle(get_search_paths([str(ROOT)]))
    data = CompilerData(bundle.load_file(path), bundle, Settings(evm_version="prague"))
    module = data.annotated_vyper_module._metadata["type"]
    structs = dict(_structs(module.exposed_functions))
    abi = [entry for entry in build_abi_output(data) if entry["type"] in ("event", "function")]
    notices = {name: method["notice"] for name, method in build_userdoc(data).get("methods", {}).items()}
    used = _used_structs(abi, structs)
    parts = [
        *(_struct(name, components, structs) for name, components in sorted(used.items())),
        *(_event(entry, structs) for entry in abi if entry["type"] == "event"),
        *(_function(entry, structs, notices) for entry in abi if entry["type"] == "function"),
    ]
    body = "\n\n".join(textwrap.indent(part, "    ") for part in parts)
    return f"{_HEAD.format(name=path.stem)}\ninterface I{path.stem} {{\n{body}\n}}\n"


def _structs(functions: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """The members of each struct in a signature → its name, which the ABI does not tell."""
    waiting = [typ for function in functions for typ in (*function.argument_types, function.return_type)]
    while waiting:
        typ = waiting.pop()
        if type(typ).__name__ == "StructT":
            yield tuple(typ.member_types), typ.name
            waiting += typ.member_types.values()
        elif type(typ).__name__ == "TupleT":
            waiting += typ.member_types
        elif getattr(typ, "value_type", None) is not None:
            waiting.append(typ.value_type)


def _members(entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(component["name"] for component in entry["components"])


def _used_structs(abi: list[dict[str, Any]], structs: dict[tuple[str, ...], str]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    waiting = [item for entry in abi for item in (*entry["inputs"], *entry.get("outputs", ()))]
    while waiting:
        item = waiting.pop()
        if item["type"].startswith("tuple"):
            found[structs[_members(item)]] = item["components"]
            waiting += item["components"]
    return found


def _type(item: dict[str, Any], structs: dict[tuple[str, ...], str]) -> str:
    name: str = item["type"]
    return name.replace("tuple", structs[_members(item)]) if name.startswith("tuple") else name


def _name(item: dict[str, Any]) -> str:
    if _GETTER_ARGUMENT.fullmatch(item["name"]):
        return ""
    return f"{item['name']}_" if item["name"] in _RESERVED else item["name"]


def _variable(item: dict[str, Any], structs: dict[tuple[str, ...], str], place: str) -> str:
    kind = _type(item, structs)
    is_reference = kind in _DYNAMIC or kind.endswith("]") or item["type"].startswith("tuple")
    return " ".join(word for word in (kind, place if is_reference else "", _name(item)) if word)


def _struct(name: str, components: list[dict[str, Any]], structs: dict[tuple[str, ...], str]) -> str:
    fields = "\n".join(f"    {_type(item, structs)} {_name(item)};" for item in components)
    return f"struct {name} {{\n{fields}\n}}"


def _event(entry: dict[str, Any], structs: dict[tuple[str, ...], str]) -> str:
    fields = (
        f"{_type(item, structs)} {'indexed ' if item['indexed'] else ''}{_name(item)}" for item in entry["inputs"]
    )
    return _wrapped(f"event {entry['name']}", list(fields), ";")


def _function(entry: dict[str, Any], structs: dict[tuple[str, ...], str], notices: dict[str, str]) -> str:
    arguments = [_variable(item, structs, "calldata") for item in entry["inputs"]]
    returned = ", ".join(_variable(item, structs, "memory") for item in entry["outputs"])
    mutability = "" if entry["stateMutability"] == "nonpayable" else f" {entry['stateMutability']}"
    end = f" external{mutability}{f' returns ({returned})' if returned else ''};"
    notice = next((text for name, text in notices.items() if name.startswith(f"{entry['name']}(")), "")
    lines = textwrap.wrap(" ".join(notice.split()), _WIDTH - 8)
    return "\n".join([*(f"/// {line}" for line in lines), _wrapped(f"function {entry['name']}", arguments, end)])


def _wrapped(head: str, items: list[str], end: str) -> str:
    line = f"{head}({', '.join(items)}){end}"
    if len(line) <= _WIDTH - 4:
        return line
    if not items:
        return line.replace(" returns ", "\n    returns ")
    return "\n".join([f"{head}(", *(f"    {item}," for item in items[:-1]), f"    {items[-1]}", f"){end}"])


if __name__ == "__main__":
    sys.exit(main())
