"""The demo's figures, kept: `make bench` runs it and writes benchmarks/results/demo.{json,md}.

Beside each hit rate of the influence stand its anchors of the same run: BM25, sentence vectors, chance.
"""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from chain.deploy import git_commit
from openledger.demo.outcome import Outcome
from openledger.demo.run import run_demo
from openledger.units import in_open, percent

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Run the demo once and write what came out."""
    outcome = run_demo(ROOT / ".openledger" / "benchmark", ROOT / "reports" / "demo" / "report.html", Console())
    commit = git_commit(ROOT)
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {"commit": commit, **outcome.as_json()}
    (RESULTS / "demo.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    (RESULTS / "demo.md").write_text(_page(outcome, commit))


def _page(outcome: Outcome, commit: str) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in outcome.versions.items())
    lines = [
        "# Figures of the demo",
        "",
        f"`make bench` at commit `{commit}`: {versions}.",
        "",
        "## Does the credit find the source?",
        "",
        "| method | first | among the first three | questions |",
        "|---|---|---|---|",
        *(
            f"| {rate.method} | {rate.first:.3g} ({rate.first / rate.questions:.0%}) "
            f"| {rate.first_three:.3g} ({rate.first_three / rate.questions:.0%}) | {rate.questions} |"
            for rate in outcome.hit_rates
        ),
        "",
        "## Who earned",
        "",
        "| contributor | role | influence | paid (OPEN) |",
        "|---|---|---|---|",
        *(
            f"| {row.name} | {row.role} | {percent(row.influence_ppm)} | {in_open(row.paid_wei)} |"
            for row in outcome.contributors
        ),
        "",
        "## What it took",
        "",
        "| stage | wall (s) | CPU (s) | peak memory of all processes (MiB) |",
        "|---|---|---|---|",
        *(
            f"| {stage.name} | {stage.wall_seconds:.1f} | {stage.cpu_seconds:.1f} | {stage.peak_rss_mib:,.0f} |"
            for stage in outcome.stages
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
