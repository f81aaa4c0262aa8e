"""Measure, print the table and keep it in benchmarks/results/gas.{json,md}: `python -m benchmarks.gas`."""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from benchmarks.anchors.solidity import ANCHORS, OPTIMIZER_RUNS, ROOT
from benchmarks.gas import governance, payments, registry, rewards, sizes, tokens, votes
from benchmarks.gas.bench import Bench, Row
from chain.deploy import git_commit
from chain.node import HARDFORK, DevNode, anvil_path

RESULTS = ROOT / "benchmarks" / "results"

_SUBJECTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "rewards": rewards.rows,
    "governance": governance.rows,
    "votes": votes.rows,
    "registry": registry.rows,
    "tokens": tokens.rows,
    "payments": payments.rows,
    "sizes": sizes.rows,
}


def main() -> int:
    """Measure what the command line names; 1 if a target is missed and no note says why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[[], *_SUBJECTS], help="by default all")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/gas.{json,md}")
    chosen = parser.parse_args()
    rows = [row for name in chosen.subjects or _SUBJECTS for row in _measured(name)]
    page = _page(rows)
    print(page)
    if chosen.keep:
        RESULTS.mkdir(parents=True, exist_ok=True)
        content = {"setting": _setting(), "rows": [{**asdict(row), "verdict": row.verdict} for row in rows]}
        (RESULTS / "gas.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        (RESULTS / "gas.md").write_text(page)
    missed = [row for row in rows if row.target is not None and row.verdict != "within"]
    unexplained = [row for row in missed if not row.note]
    held = sum(row.target is not None for row in rows) - len(missed)
    dear = [row.operation for row in rows if row.verdict == "dearer"]
    over = f"; over target: {', '.join(row.operation for row in missed)}" if missed else ""
    print(
        f"gas: {'failed' if unexplained else 'passed'}: {held} of {held + len(missed)} targets met{over}; "
        f"{len(dear)} operations dearer than an anchor"
    )
    return 1 if unexplained else 0


def _measured(name: str) -> Iterator[Row]:
    # a node for each subject: none inherits warm slots, times or nonces from another
    with DevNode.start(ROOT) as node:
        yield from _SUBJECTS[name](Bench(node))


def _page(rows: list[Row]) -> str:
    setting = _setting()
    versions = ", ".join(f"{name} {version}" for name, version in setting["versions"].items())
    return "\n".join(
        [
            "# Gas",
            "",
            f"`make gas` at commit `{setting['commit']}`: {versions}; hardfork {setting['hardfork']}, "
            f"{setting['machine']}.",
            "",
            "Whole transactions, as their receipts say; anchors were compiled and run in the same command.",
            "Where there is no target, the verdict compares with the cheapest anchor.",
            "",
            "| operation | anchors | ours | at most | verdict |",
            "|---|---|---:|---:|---|",
            *map(_line, rows),
            "",
            *sorted({f"{row.operation}: {row.note}.  " for row in rows if row.note}),
            "",
        ]
    )


def _line(row: Row) -> str:
    anchors = ", ".join(f"{name} {gas:,}" for name, gas in row.anchors.items()) or "–"
    ours, target = (f"{value:,}" if value is not None else "–" for value in (row.ours, row.target))
    return f"| {row.operation} | {anchors} | {ours} | {target} | {row.verdict} |"


def _setting() -> dict[str, Any]:
    locked = json.loads((ANCHORS / "package-lock.json").read_text())["packages"]
    packages = {
        "OpenZeppelin": "@openzeppelin/contracts",
        "OpenZeppelin (proxy)": "openzeppelin-4",
        "Solady": "solady",
        "EAS": "@ethereum-attestation-service/eas-contracts",
        "solc": "solc",
    }
    anvil = subprocess.run([str(anvil_path(ROOT)), "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "commit": git_commit(ROOT),
        "hardfork": HARDFORK,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {
            **{name: locked[f"node_modules/{package}"]["version"] for name, package in packages.items()},
            "solc runs": OPTIMIZER_RUNS,
            "snekmate": version("snekmate"),
            "vyper": version("vyper"),
            "anvil": anvil.split()[2],
        },
    }


if __name__ == "__main__":
    sys.exit(main())
