"""Lines and branches of the Vyper contracts that the contract tests run: `python -m tests.vyper_coverage`.

boa.coverage names lines, but it takes the order of lines for the order of jumps and so invents branches; this reads the
jumps themselves. A line is a statement of a function, covered once an instruction of it ran. A branch is one way out of
the jump of an `if`, a conditional expression or an `assert`, found in the bytecode and named by its place in the
source: an assert whose failure no test provokes is a branch that is missing. What the compiler checks on its own
account (overflows, bounds, types) is not counted. What no run can show is named in `UNCOUNTED`, with the reason, and
printed below the table; an entry that is seen to run after all, or fits nothing any more, fails the run.

As a pytest plugin (`-p tests.vyper_coverage`) it keeps what each process saw under build/coverage; the command runs
pytest with it, merges, prints a table and a verdict.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "contracts"
FOLDER = ROOT / "build" / "coverage"

MIN_LINES = 1.0
MIN_BRANCHES = 0.98

_JUMPI, _JUMPDEST = 0x57, 0x5B
_PUSH1, _PUSH32 = 0x60, 0x7F


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A line, or one way out of a jump in it, that no run can show; named by its text, since lines move."""

    file: str
    text: str
    why: str
    # number of the jump and way out, as in FileCoverage; None for the line itself
    jump: tuple[int, int] | None = None


UNCOUNTED = (
    Uncounted(
        "contracts/ModelRegistry.vy",
        'assert dataset_root not in seen, "model_registry: dataset root named twice"',
        "the compiler's own bound on the length of `seen`, to which the loop adds no more than it has roots",
        jump=(0, 1),
    ),
    Uncounted(
        "contracts/modules/proposer_suffix.vy",
        'if slice(ending, 0, 12) != "#proposer=0x":',
        "the compiler's own bound on the slice; its one user, OpenGovernor, passes an ending of all 52 characters",
        jump=(0, 1),
    ),
    Uncounted(
        "contracts/modules/review_draws.vy",
        "round: review_rounds.Round = empty(review_rounds.Round)",
        "the compiler's map gives no line the instructions that write these zeros; the next line, which always follows "
        "them, is counted",
    ),
)

# pairs of program counters that ran one after the other, by compiled contract and whether it was its constructor
_steps: dict[tuple[int, bool], set[tuple[int, int]]] = defaultdict(set)
_compiled: dict[int, Any] = {}


@dataclass(slots=True)
class FileCoverage:
    """What one source file has, and what of it ran; a branch is (line, column, number of the jump, way out)."""

    lines: set[int] = field(default_factory=set)
    lines_run: set[int] = field(default_factory=set)
    branches: set[tuple[int, int, int, int]] = field(default_factory=set)
    branches_run: set[tuple[int, int, int, int]] = field(default_factory=set)

    def add(self, other: "FileCoverage") -> None:
        """Count what another process or another contract saw of the same file."""
        self.lines |= other.lines
        self.lines_run |= other.lines_run
        self.branches |= other.branches
        self.branches_run |= other.branches_run

    @property
    def missing_lines(self) -> list[int]:
        """Lines on which no statement ran."""
        return sorted(self.lines - self.lines_run)

    @property
    def missing_branches(self) -> list[int]:
        """Lines of the branches that were not taken, once for each."""
        return sorted(line for line, *_ in self.branches - self.branches_run)


def main() -> int:
    """Run the contract tests and report; 1 if a test failed or too little ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="a folder for coverage.{json,md}")
    parser.add_argument("--only", nargs="*", default=[], help="report on these contracts and modules alone")
    parser.add_argument("tests", nargs="*", default=["tests/contracts"])
    chosen = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", "-p", "no:pytest-brownie", "-p", "tests.vyper_coverage", "-q"]
    workers = ["-n", str(chosen.workers)] if chosen.workers > 1 else []
    status = subprocess.run([*command, *workers, *chosen.tests], cwd=ROOT, check=False).returncode
    found = {name: part for name, part in _merged().items() if not chosen.only or Path(name).stem in chosen.only}
    left_out, stale = leave_out(UNCOUNTED, found)
    page = _page(found, left_out)
    print(page)
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        (chosen.keep / "coverage.md").write_text(f"# Coverage of the contracts\n\n{page}")
        (chosen.keep / "coverage.json").write_text(json.dumps(_figures(found), indent=1) + "\n")
    return _verdict(found, tests_passed=status == 0, stale=stale)


def leave_out(entries: Iterable[Uncounted], files: dict[str, FileCoverage]) -> tuple[list[str], list[str]]:
    """Take the entries out of what is counted: a sentence for each that was there, and one for each that is wrong."""
    left_out, stale = [], []
    for entry in entries:
        if entry.file not in files:
            continue
        part, line = files[entry.file], _line_of(entry)
        all_: set[Any] = part.lines if entry.jump is None else part.branches
        run: set[Any] = part.lines_run if entry.jump is None else part.branches_run
        own = {place for place in all_ if line and (line, entry.jump) == _line_and_jump(place)}
        name = entry.file.removeprefix("contracts/")
        if len(own) != 1:
            stale.append(f"{name}: `{entry.text}` fits {len(own)} places, not one: correct or drop the entry")
        elif own & run:
            stale.append(f"{name}:{line}: runs after all: drop the entry")
        else:
            all_ -= own
            what = "the line" if entry.jump is None else "one branch"
            left_out.append(f"{name}:{line}, {what}: {entry.why}.")
    return left_out, stale


def _line_of(entry: Uncounted) -> int | None:
    """Where its text is a whole line; None if that is nowhere or in several places."""
    lines = (ROOT / entry.file).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, start=1) if line.strip() == entry.text]
    return found[0] if len(found) == 1 else None


def _line_and_jump(place: int | tuple[int, int, int, int]) -> tuple[int, tuple[int, int] | None]:
    return (place, None) if isinstance(place, int) else (place[0], place[2:])


def pytest_configure() -> None:
    """Let titanoboa hand every computation to us."""
    from boa.environment import Env  # type: ignore[import-untyped]

    Env._coverage_enabled = True
    Env._trace_computation = _record


def pytest_sessionfinish() -> None:
    """Keep what this process saw."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files: dict[str, FileCoverage] = defaultdict(FileCoverage)
    for key, data in _compiled.items():
        for is_constructor in (True, False):
            for name, part in _of_contract(data, _steps[key, is_constructor], is_constructor).items():
                files[name].add(part)
    content = {
        name: [sorted(part.lines), sorted(part.lines_run), sorted(part.branches), sorted(part.branches_run)]
        for name, part in files.items()
    }
    (FOLDER / f"{os.getpid()}.json").write_text(json.dumps(content))


def _record(env: Any, computation: Any, contract: Any = None) -> None:
    if contract is None:
        # a test may call an address with bytes of its own, and boa then names no contract
        contract = env._lookup_contract_fast(computation.msg.code_address)
    data = getattr(contract, "compiler_data", None)
    if data is not None:
        trace = computation.code._trace
        is_constructor = bool(computation.msg.is_create)
        # what boa compiles for `eval` and for calls of internal functions is other code than what is deployed
        if is_constructor or bytes(computation.msg.code).startswith(data.bytecode_runtime):
            _compiled.setdefault(id(data), data)
            _steps[id(data), is_constructor].update(itertools.pairwise(trace))
    for child in computation.children:
        if child.msg.code_address != b"":
            _record(env, child)


def _of_contract(data: Any, steps: set[tuple[int, int]], is_constructor: bool) -> dict[str, FileCoverage]:
    from vyper.ir import compile_ir

    assembly = data.assembly if is_constructor else data.assembly_runtime
    code, maps = compile_ir.assembly_to_evm(assembly, compiler_metadata=None)
    # a constructor's code has the runtime's behind it, which it never runs
    end = len(code) - len(data.bytecode_runtime) if is_constructor else len(code)
    ran = {pc for step in steps for pc in step}
    followers: dict[int, set[int]] = defaultdict(set)
    for pc, after in steps:
        followers[pc].add(after)
    files: dict[str, FileCoverage] = defaultdict(FileCoverage)
    jumps: dict[tuple[str, int, int], int] = defaultdict(int)
    for pc, opcode, node in _instructions(code, maps["pc_raw_ast_map"], end):
        statement = _statement(node)
        name = _name(node)
        # the getter of a public variable has no line of its own
        if statement is None or name is None or statement.lineno is None:
            continue
        files[name].lines.add(statement.lineno)
        if pc in ran:
            files[name].lines_run.add(statement.lineno)
        check = maps["error_map"].get(pc, "user")
        if opcode != _JUMPI or not check.startswith("user") or not _is_condition(node, statement):
            continue
        place = (name, statement.lineno, statement.col_offset)
        number = jumps[place]
        jumps[place] += 1
        for way in (0, 1):
            branch = (statement.lineno, statement.col_offset, number, way)
            files[name].branches.add(branch)
            if any((after == pc + 1) == (way == 0) for after in followers.get(pc, ())):
                files[name].branches_run.add(branch)
    return files


def _instructions(code: bytes, nodes: dict[int, Any], end: int) -> Iterator[tuple[int, int, Any]]:
    """Counter, opcode and node of each instruction; a node holds on until the next one or a jump's destination."""
    pc, node = 0, None
    while pc < end:
        opcode = code[pc]
        node = nodes.get(pc, None if opcode == _JUMPDEST else node)
        if node is not None:
            yield pc, opcode, node
        pc += 1 + (opcode - _PUSH1 + 1 if _PUSH1 <= opcode <= _PUSH32 else 0)


def _statement(node: Any) -> Any | None:
    """The statement of a function body that a node is part of."""
    from vyper import ast as vy_ast

    while node is not None and not isinstance(node, vy_ast.Stmt):
        node = node._parent
    if node is None or isinstance(node, vy_ast.FunctionDef) or node.get_ancestor(vy_ast.FunctionDef) is None:
        return None
    return node


def _is_condition(node: Any, statement: Any) -> bool:
    from vyper import ast as vy_ast

    if isinstance(statement, vy_ast.If | vy_ast.Assert):
        return True
    return isinstance(node, vy_ast.IfExp) or node.get_ancestor(vy_ast.IfExp) is not None


def _name(node: Any) -> str | None:
    path = Path(node.module_node.resolved_path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(CONTRACTS) else None


def _merged() -> dict[str, FileCoverage]:
    files: dict[str, FileCoverage] = {}
    for path in sorted(CONTRACTS.rglob("*.vy")):
        part = FileCoverage(lines=set(_function_lines(path)))
        files[path.relative_to(ROOT).as_posix()] = part
    for kept in sorted(FOLDER.glob("*.json")):
        for name, (lines, lines_run, branches, branches_run) in json.loads(kept.read_text()).items():
            seen = FileCoverage(set(lines), set(lines_run), set(map(tuple, branches)), set(map(tuple, branches_run)))
            files.setdefault(name, FileCoverage()).add(seen)
    return files


def _function_lines(path: Path) -> Iterator[int]:
    """The first line of each function's body, so that a function which is in no contract counts as missing."""
    from vyper import ast as vy_ast
    from vyper.ast.parse import parse_to_ast

    tree = parse_to_ast(path.read_text(encoding="utf-8"))
    for function in tree.get_children(vy_ast.FunctionDef):
        first = function.body[0]
        if not isinstance(first, vy_ast.Pass):
            yield first.lineno


def _page(files: dict[str, FileCoverage], left_out: list[str]) -> str:
    head = [
        "| file | lines | run | branches | run | missing lines | missing branches at |",
        "|---|--:|--:|--:|--:|---|---|",
    ]
    rows = [
        f"| {name.removeprefix('contracts/')} | {len(part.lines)} | {_percent(part.lines_run, part.lines)} "
        f"| {len(part.branches)} | {_percent(part.branches_run, part.branches)} "
        f"| {_listed(part.missing_lines)} | {_listed(part.missing_branches)} |"
        for name, part in files.items()
    ]
    notes = ["", "Not counted:", "", *(f"- {note}" for note in left_out)] if left_out else []
    return "\n".join([*head, *rows, *notes, ""])


def _figures(files: dict[str, FileCoverage]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "lines": len(part.lines),
            "branches": len(part.branches),
            "missing_lines": part.missing_lines,
            "missing_branches": part.missing_branches,
        }
        for name, part in files.items()
    }


def _verdict(files: dict[str, FileCoverage], *, tests_passed: bool, stale: list[str]) -> int:
    lines, lines_missing = _sums((part.lines, part.lines_run) for part in files.values())
    branches, branches_missing = _sums((part.branches, part.branches_run) for part in files.values())
    # each file is held to the bounds, so that a large one does not hide a small one
    short = [
        name.removeprefix("contracts/")
        for name, part in files.items()
        if part.missing_lines or len(part.missing_branches) > (1 - MIN_BRANCHES) * len(part.branches)
    ]
    is_good = tests_passed and not short and not stale and lines > 0
    reasons = ([] if tests_passed else ["tests failed"]) + ([f"below the bounds: {', '.join(short)}"] if short else [])
    reasons += [f"wrong in UNCOUNTED: {fault}" for fault in stale]
    print(
        f"coverage: {'passed' if is_good else 'failed'}: {_share(lines, lines_missing)} of {lines:,} lines, "
        f"{_share(branches, branches_missing)} of {branches:,} branches; bounds for each file {MIN_LINES:.0%} and "
        f"{MIN_BRANCHES:.0%}" + "".join(f"; {reason}" for reason in reasons)
    )
    return 0 if is_good else 1


def _sums(pairs: Iterable[tuple[set[Any], set[Any]]]) -> tuple[int, int]:
    counted = [(len(all_), len(all_ - run)) for all_, run in pairs]
    return sum(all_ for all_, _ in counted), sum(missing for _, missing in counted)


def _share(total: int, missing: int) -> str:
    return f"{(total - missing) / total:.2%}" if total else "none"


def _percent(run: set[Any], total: set[Any]) -> str:
    return _share(len(total), len(total - run)) if total else "–"


def _listed(lines: list[int]) -> str:
    return ", ".join(map(str, lines)) or "–"


if __name__ == "__main__":
    sys.exit(main())
