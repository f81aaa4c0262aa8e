"""Brownie artifacts of the Vyper contracts, made by the Vyper compiler itself.

Brownie 1.22 can run contracts of Vyper 0.4 but cannot compile them: it reads their source map per instruction where
Vyper writes it per byte, and finds no module outside the project. `ensure` compiles a contract as the `vyper` command
does (modules are looked up beside the file, in the project, on the Python path) and writes the artifact that Brownie
would have written, so that Brownie finds it fresh. The same files are where everything else reads ABIs from.

Vyper takes seconds to import, so it is imported only when something is stale.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chain.errors import ArtifactMissing

EVM_VERSION = "prague"
CONTRACTS_FOLDER = "contracts"
ARTIFACTS_FOLDER = "build/contracts"

# Rises with every change of what this module writes, so that older artifacts count as stale.
_FORMAT = "openledger-artifact/1"
_MODULES_FOLDER = "modules"
_DEV_COMMENT = re.compile(r"#\s*(dev:.*?)\s*$")


def ensure_all(root: Path) -> list[Path]:
    """Bring the artifact of every Vyper file under `root`/contracts up to date; their paths, by name of the source."""
    return [ensure(path, root) for path in sorted((root / CONTRACTS_FOLDER).rglob("*.vy"))]


def ensure(path: Path, root: Path) -> Path:
    """Bring the artifact of one Vyper file up to date; its path.

    Raises:
        ArtifactMissing: there is no such source.
        vyper.exceptions.VyperException: it does not compile.
    """
    target = artifact_path(path.stem, root)
    if not is_fresh(target, root):
        if not path.is_file():
            folder = root / CONTRACTS_FOLDER
            raise ArtifactMissing(f"no source {path}; expected a Vyper file under {folder}; check the name")
        _write(target, artifact(path, root))
    return target


def artifact_path(name: str, root: Path) -> Path:
    """Where the artifact of the contract `name` lies."""
    return root / ARTIFACTS_FOLDER / f"{name}.json"


def is_fresh(target: Path, root: Path) -> bool:
    """Whether an artifact was made by this compiler from the very files that lie here now, imports included."""
    try:
        old = json.loads(target.read_bytes())
        return (
            bool(old["format"] == _FORMAT)
            and old["compiler"] == _compiler()
            and all(_sha256(root / name) == digest for name, digest in old["inputs"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def artifact(path: Path, root: Path) -> dict[str, Any]:
    """Compile one Vyper file into Brownie's artifact; a file under contracts/modules gets one without bytecode."""
    # seconds of import time, needed only here
    from vyper.cli.vyper_compile import get_search_paths
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.phases import CompilerData
    from vyper.compiler.settings import Settings

    path, root = path.resolve(), root.resolve()
    bundle = FilesystemInputBundle(get_search_paths([str(root)]))
    file = bundle.load_file(path)
    data = CompilerData(file, bundle, Settings(evm_version=EVM_VERSION))
    _ = data.annotated_vyper_module  # a module is checked too, though nothing is generated for it
    source = file.source_code.encode()
    inputs = {path, *(Path(item.resolved_path) for item in data.resolved_imports.compiler_inputs)}
    return {
        **_EMPTY,
        "allSourcePaths": {"0": _relative(path, root)},
        **({} if _is_module(path, root) else _generated(data, path.stem, root)),
        "compiler": _compiler(),
        "contractName": path.stem,
        "format": _FORMAT,
        "inputs": {_relative(item, root): _sha256(item) for item in sorted(inputs) if item.is_file()},
        "language": "Vyper",
        "offset": [0, len(file.source_code)],
        "sha1": hashlib.sha1(source).hexdigest(),
        "source": file.source_code,
        "sourcePath": _relative(path, root),
        "type": "contract",
    }


# The keys without which Brownie throws an artifact away. It uses `ast`, `opcodes` and the two maps for Solidity only.
_EMPTY: dict[str, Any] = {
    "abi": [],
    "ast": [],
    "bytecode": "",
    "bytecodeSha1": "",
    "coverageMap": {"statements": {}, "branches": {}},
    "dependencies": [],
    "deployedBytecode": "",
    "deployedSourceMap": "",
    "natspec": {},
    "opcodes": "",
    "pcMap": {},
    "sourceMap": "",
}


def _generated(data: Any, name: str, root: Path) -> dict[str, Any]:
    from vyper.compiler.output import build_abi_output, build_devdoc, build_userdoc
    from vyper.ir import compile_ir

    code, maps = compile_ir.assembly_to_evm(data.assembly_runtime, compiler_metadata=None)
    assert data.bytecode_runtime.startswith(code), "the map must be of the code that is deployed"
    source_map = _SourceMap(name, Path(data.file_input.resolved_path), root, code=code, maps=maps)
    source_map.pcs["0"].setdefault("path", "0")
    source_map.pcs["0"].setdefault("offset", [0, len(data.source_code)])
    bytecode = data.bytecode.hex()
    return {
        "abi": build_abi_output(data),
        "allSourcePaths": source_map.paths,
        "bytecode": bytecode,
        "bytecodeSha1": hashlib.sha1(bytecode.encode()).hexdigest(),
        "coverageMap": {"statements": source_map.statements, "branches": source_map.branches},
        "deployedBytecode": data.bytecode_runtime.hex(),
        "natspec": _natspec(build_devdoc(data), build_userdoc(data)),
        "pcMap": source_map.pcs,
    }


class _SourceMap:
    """What the source says at each program counter, in Brownie's terms, with one path index for each module."""

    def __init__(self, name: str, path: Path, root: Path, *, code: bytes, maps: dict[str, Any]) -> None:
        self.paths = {"0": _relative(path, root)}
        self.statements: dict[str, dict[str, dict[int, list[Any]]]] = {}
        self.branches: dict[str, dict[str, dict[int, list[Any]]]] = {}
        self.pcs: dict[str, dict[str, Any]] = {}
        self._name = name
        self._root = root
        self._errors: dict[int, str] = maps["error_map"]
        self._shared = _shared_reverts(code)
        self._count = 0
        self._seen: set[tuple[str, str, int]] = set()
        self._walk(code, maps["pc_raw_ast_map"], maps["pc_jump_map"])

    def _walk(self, code: bytes, nodes: dict[int, Any], jumps: dict[int, str]) -> None:
        node, pushed = None, None
        for pc, op, operand in _instructions(code):
            # Vyper names a node where it begins; what follows is part of it up to the next jump destination
            node = nodes.get(pc, None if op == "JUMPDEST" else node)
            entry: dict[str, Any] = {"op": op}
            if operand is not None:
                entry["value"] = hex(operand)
            if jumps.get(pc, "-") != "-":
                entry["jump"] = jumps[pc]
            if pc in self._shared:
                # tells Brownie to look for the place at the jump that led here
                entry["optimizer_revert"] = True
            elif node is not None:
                self._locate(entry, node, pc, is_check=op == "JUMPI" and pushed in self._shared)
            elif op == "JUMPI" and pc in self._errors:
                entry.update(path="0", offset=[0, 0], dev=self._errors[pc])
            self.pcs[str(pc)] = entry
            pushed = operand

    def _locate(self, entry: dict[str, Any], node: Any, pc: int, *, is_check: bool) -> None:
        module = Path(node.module_node.resolved_path)
        path = self._path_index(module)
        function = _function(node)
        # the getter of a public variable has no place of its own
        variable = getattr(function, "_original_node", None)
        entry.update(path=path, offset=_offset(variable or node))
        if function is None:
            return
        owner = self._name if path == "0" else module.stem
        entry["fn"] = f"{owner}.{function.name}"
        if variable is not None:
            return
        statement = _statement(node)
        if statement is not None:
            if self._is_first("statement", path, statement):
                entry["statement"] = self._number(self.statements, path, entry["fn"], _offset(statement))
            if entry["op"] == "JUMPI":
                self._branch(entry, statement, path)
        if entry["op"] == "REVERT" or is_check:
            dev = _dev_comment(statement or node) or _compiler_check(self._errors.get(pc))
            entry.update({"dev": dev} if dev else {})

    def _branch(self, entry: dict[str, Any], statement: Any, path: str) -> None:
        kind = type(statement).__name__
        if kind not in ("If", "Assert") or not self._is_first("branch", path, statement):
            return
        spot = statement.test if kind == "If" else statement
        entry["branch"] = self._number(self.branches, path, entry["fn"], [*_offset(spot), kind == "Assert"])

    def _is_first(self, kind: str, path: str, statement: Any) -> bool:
        key = (kind, path, statement.node_id)
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def _number(self, table: dict[str, dict[str, dict[int, list[Any]]]], path: str, fn: str, spot: list[Any]) -> int:
        self._count += 1
        table.setdefault(path, {}).setdefault(fn, {})[self._count] = spot
        return self._count

    def _path_index(self, path: Path) -> str:
        name = _relative(path, self._root)
        known = next((key for key, value in self.paths.items() if value == name), None)
        if known is None:
            known = str(len(self.paths))
            self.paths[known] = name
        return known


def _statement(node: Any) -> Any | None:
    """The statement of a function body that a node is part of."""
    from vyper import ast as vy_ast

    while node is not None and not isinstance(node, vy_ast.Stmt):
        node = node._parent
    return None if isinstance(node, vy_ast.FunctionDef) else node


def _function(node: Any) -> Any | None:
    from vyper import ast as vy_ast

    return node if isinstance(node, vy_ast.FunctionDef) else node.get_ancestor(vy_ast.FunctionDef)


def _offset(node: Any) -> list[int]:
    start, length, *_ = (int(part) for part in node.src.split(":"))
    return [start, start + length]


def _dev_comment(node: Any) -> str | None:
    """The `# dev: …` that ends the line of a statement, by which Brownie names a revert without a reason."""
    line = node.module_node.full_source_code[_offset(node)[1] :].partition("\n")[0]
    match = _DEV_COMMENT.search(line)
    return match.group(1) if match else None


def _compiler_check(message: str | None) -> str | None:
    """What the compiler calls a check of its own; an assert in the source speaks for itself."""
    return None if message is None or message.startswith("user ") else message


def _instructions(code: bytes) -> Iterator[tuple[int, str, int | None]]:
    """Counter, name and, for a PUSH, operand of each instruction."""
    names = _opcode_names()
    pc = 0
    while pc < len(code):
        size = code[pc] - 0x5F if 0x60 <= code[pc] <= 0x7F else 0  # PUSH1 to PUSH32
        operand = int.from_bytes(code[pc + 1 : pc + 1 + size], "big") if size else None
        yield pc, f"PUSH{size}" if size else names.get(code[pc], "INVALID"), operand
        pc += 1 + size


@cache
def _opcode_names() -> dict[int, str]:
    from vyper.evm.opcodes import get_opcodes

    return {opcode[0]: name for name, opcode in get_opcodes().items() if opcode[0] is not None}


def _shared_reverts(code: bytes) -> set[int]:
    """The counters of `JUMPDEST PUSH0 DUP1 REVERT`, where the failed checks of a contract meet."""
    tails = (b"\x5b\x5f\x80\xfd", b"\x5b\x5f\x5f\xfd")
    return {pc for at in range(len(code)) if code[at : at + 4] in tails for pc in range(at, at + 4)}


def _natspec(dev: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    methods: dict[str, dict[str, Any]] = {}
    for document in (dev, user):
        for name, texts in document.get("methods", {}).items():
            methods.setdefault(name, {}).update(texts)
    return {**user, **dev, "methods": methods}


def _is_module(path: Path, root: Path) -> bool:
    return _MODULES_FOLDER in path.relative_to(root).parts


def _compiler() -> dict[str, str]:
    return {"version": version("vyper"), "evm_version": EVM_VERSION}


def _write(target: Path, content: dict[str, Any]) -> None:
    # several processes may build at once: each writes its own file, and a reader never sees half of one
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as stream:
        json.dump(content, stream, sort_keys=True)
    os.replace(temporary, target)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _relative(path: Path, root: Path) -> str:
    """A path as the artifact names it: from the root if it lies there, else whole (snekmate in site-packages)."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
