"""What a run of the benchmark measures with: our tables, the peers' tables, and what a section hands back."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attribution_oracle.evaluation.bank import RetrainBank, load_bank
from attribution_oracle.evaluation.bootstrap import Estimate
from attribution_oracle.evaluation.methods import Table, group_table, known_methods, score_tables
from benchmarks.attribution.bank import FOLDER, SEEN_SEEDS, UNSEEN_SEEDS
from benchmarks.attribution.peers import run_peer
from chain.deploy import git_commit

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"

# what stands for "one model": two unseen seeds, averaged, because one seed moves a score by up to 0.07
SINGLE_SEEDS = UNSEEN_SEEDS[:2]
# dattri takes a minute and a half for one adapter, so it is run on one
GROUPS = (2, 4)
TOGETHER = ("path", "path-hashed", "ekfac-cosine", "ekfac", "ekfac-span", "grad-dot")
PEER_SEEDS = {
    "bergson": (*SEEN_SEEDS, *SINGLE_SEEDS),
    "kronfluence": (*SEEN_SEEDS, *SINGLE_SEEDS),
    "dattri": SINGLE_SEEDS[:1],
}


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that was asked for: `ours` at least (or at most) `goal`; `anchor` says where it comes from."""

    what: str
    anchor: str
    goal: float
    ours: float
    at_most: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.ours <= self.goal if self.at_most else self.ours >= self.goal


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: Markdown lines, the numbers behind them, and what was asked of them."""

    title: str
    lines: list[str]
    data: Any
    goals: list[Goal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """Tables of our methods and of the peers on the shipped bank, by adapter."""

    bank: RetrainBank
    tables: Sequence[Table]
    peer_seconds: Mapping[str, float]

    def of(self, method: str, seeds: Sequence[int]) -> list[Table]:
        """A method's tables on single adapters, in the order of the seeds; KeyError where one was not run."""
        found = {(table.method, table.seeds): table for table in self.tables}
        return [found[method, (seed,)] for seed in seeds]

    def methods(self, seeds: Sequence[int]) -> list[str]:
        """The methods that ran on each of these adapters alone, peers first."""
        names = dict.fromkeys(table.method for table in self.tables)
        ran = {(table.method, table.seeds) for table in self.tables}
        return [method for method in names if all((method, (seed,)) in ran for seed in seeds)]

    def groups(self) -> list[Table]:
        """The tables of several adapters."""
        return [table for table in self.tables if len(table.seeds) > 1]


def measure_all(say: Callable[[str], None], folder: Path = FOLDER) -> Run:
    """Every method on every adapter. The peers run beside ours, one process at a time: two cores are enough."""
    bank = load_bank(folder)
    with ThreadPoolExecutor(1) as beside:
        peers = {peer: beside.submit(run_peer, peer, folder, seeds) for peer, seeds in PEER_SEEDS.items()}
        ours = []
        for table in our_tables(bank):
            say(f"{table.method}, adapter {table.seeds}: {table.cpu_seconds:.1f} CPU-s")
            ours.append(table)
        theirs, seconds = [], {}
        for peer, future in peers.items():
            done = future.result()
            seconds |= {f"{peer}: {what}": taken for what, taken in done.cpu_seconds.items()}
            for (name, seed), scored in sorted(done.tables.items()):
                say(f"{name}, adapter {seed}: {scored.cpu_seconds:.1f} CPU-s")
                theirs.append(Table(name, (seed,), scored.scores, scored.cpu_seconds))
    return Run(bank, [*theirs, *ours], seconds)


def our_tables(bank: RetrainBank) -> Iterator[Table]:
    """All methods on two unseen and the seen adapters; some on groups of unseen ones."""
    alone: list[Table] = []
    rest = [name for name in TOGETHER if name != "path"]
    for chosen, seeds in ((known_methods(), (*SINGLE_SEEDS, *SEEN_SEEDS)), (rest, UNSEEN_SEEDS[2:])):
        for table in score_tables(bank, chosen, seeds):
            alone.append(table)
            yield table
    for name in TOGETHER:
        for count in GROUPS:
            table = group_table(bank, name, UNSEEN_SEEDS[:count], alone)
            if table:
                yield table


def setting(bank: RetrainBank) -> dict[str, Any]:
    """Where and with what the numbers were measured."""
    here = machine()
    peers = {line.partition("==")[0]: line.partition("==")[2] for line in _pinned() if "==" in line}
    return {
        "commit": git_commit(ROOT),
        "machine": here["machine"],
        "versions": here["versions"] | {name: peers[name] for name in ("bergson", "kronfluence", "dattri")},
        "bank": bank.digest,
    }


def machine() -> dict[str, Any]:
    """The machine in words, and the versions of what computes on it."""
    packages = ("torch", "transformers", "peft", "numpy")
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in packages},
    }


def interval(value: Estimate, sign: str = "") -> str:
    """An estimate as the report writes it."""
    return f"{value.value:{sign}.3f} [{value.low:{sign}.3f}, {value.high:{sign}.3f}]"


def numbers(value: Estimate) -> dict[str, float]:
    """An estimate as JSON."""
    return {"value": round(value.value, 5), "low": round(value.low, 5), "high": round(value.high, 5)}


def _pinned() -> list[str]:
    return (Path(__file__).parent / "peers" / "requirements.txt").read_text().splitlines()


def _processor() -> str:
    found = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    names = [line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("Model name")]
    return names[0] if names else platform.processor() or "processor unknown"
