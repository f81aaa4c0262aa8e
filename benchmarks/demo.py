"""The demo's figures, kept: `make bench` runs it, and this writes benchmarks/results/demo.{json,md} from its outcome.

Beside each hit rate of the influence stand its anchors of the same run: BM25, sentence vectors, chance.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from chain.deploy import git_commit
from openledger.units import in_open, percent

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Keep the outcome named on the command line, by default the one of the last `make demo`."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "reports" / "demo" / "report.json"
    outcome = {"commit": git_commit(ROOT), **json.loads(source.read_text(encoding="utf-8"))}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "demo.json").write_text(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n")
    page = "\n".join(_page(outcome))
    (RESULTS / "demo.md").write_text(page)
    print(page)


def _page(outcome: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in outcome["versions"].items())
    return [
        "# Figures of the demo",
        "",
        f"`make bench` at commit `{outcome['commit']}`: {versions}.",
        "",
        "## Does the credit find the source?",
        "",
        "| method | first | among the first three | questions |",
        "|---|---|---|---|",
        *(_hit_rate(rate) for rate in outcome["hit_rates"]),
        "",
        "## Who earned",
        "",
        "| contributor | role | influence | paid (OPEN) |",
        "|---|---|---|---|",
        *(
            f"| {row['name']} | {row['role']} | {percent(row['influence_ppm'])} | {in_open(int(row['paid_wei']))} |"
            for row in outcome["contributors"]
        ),
        "",
        f"Of the contributors' pool {_paid_part(outcome):.0%} was paid out; "
        f"the copies got {_copied_part(outcome):.1%} of what was.",
        "",
        "## How sure is the credit?",
        "",
        f"The same answers on {outcome['spread']['seeds']} adapters that differ in the seed of their training; the "
        "first is the served one, which pays.",
        "",
        "| contributor | paid (OPEN) | mean over seeds | standard deviation |",
        "|---|---|---|---|",
        *(_spread_line(line) for line in outcome["spread"]["lines"]),
        "",
        "## What it took",
        "",
        "| stage | wall (s) | CPU (s) | peak memory of all processes (MiB) |",
        "|---|---|---|---|",
        *(_stage(stage) for stage in (*outcome["stages"], _all(outcome["stages"]))),
        "",
    ]


def _hit_rate(rate: dict[str, Any]) -> str:
    parts = (f"{rate[place]:.3g} ({rate[place] / rate['questions']:.0%})" for place in ("first", "first_three"))
    return f"| {rate['method']} | {' | '.join(parts)} | {rate['questions']} |"


def _spread_line(line: dict[str, Any]) -> str:
    by_seed = [int(amount) for amount in line["by_seed_wei"]]
    amounts = by_seed[0], sum(by_seed) // len(by_seed), int(line["deviation_wei"])
    return f"| {line['name']} | {' | '.join(map(in_open, amounts))} |"


def _stage(stage: dict[str, Any]) -> str:
    return (
        f"| {stage['name']} | {stage['wall_seconds']:.1f} | {stage['cpu_seconds']:.1f} | {stage['peak_rss_mib']:,.0f} |"
    )


def _all(stages: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = {key: sum(stage[key] for stage in stages) for key in ("wall_seconds", "cpu_seconds")}
    return {"name": "all", **seconds, "peak_rss_mib": max(stage["peak_rss_mib"] for stage in stages)}


def _paid_part(outcome: dict[str, Any]) -> float:
    books = outcome["balance"]
    paid, left = int(books["contributors_wei"]), int(books["remainder_wei"])
    return paid / (paid + left)


def _copied_part(outcome: dict[str, Any]) -> float:
    copied = sum(int(row["paid_wei"]) for row in outcome["contributors"] if row["role"] == "copier")
    return copied / int(outcome["balance"]["contributors_wei"])


if __name__ == "__main__":
    main()
