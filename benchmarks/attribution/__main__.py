"""Measure, print the report, and with --keep write benchmarks/results/attribution.{md,json} and docs/attribution/*.svg.

python -m benchmarks.attribution [--keep]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from typing import Any

import torch

from benchmarks.attribution.plots import draw_all
from benchmarks.attribution.run import RESULTS, ROOT, Goal, Run, Section, measure_all, setting
from benchmarks.attribution.sections import one_contributor_removed, one_model, provenance, several_models
from benchmarks.attribution.served_section import served_adapter_removed
from benchmarks.attribution.speed import index_build, query

PLOTS = ROOT / "docs" / "attribution"
# the report, in its order: a section is a function of a run, and is added by its name
SECTIONS = (
    one_model,
    several_models,
    served_adapter_removed,
    one_contributor_removed,
    provenance,
    index_build,
    query,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the results and the plots")
    keep = parser.parse_args().keep
    torch.set_num_threads(1)
    # of transformers about itself
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    started = time.perf_counter()
    run = measure_all(lambda text: print(text, flush=True))
    sections = {section.__name__: section(run) for section in SECTIONS}
    where = {**setting(run.bank), "wall_seconds": round(time.perf_counter() - started)}
    page = _page(where, list(sections.values()))
    print(page)
    if keep:
        _keep(run, where, sections, page)


def _keep(run: Run, where: dict[str, Any], sections: dict[str, Section], page: str) -> None:
    data = {name: section.data for name, section in sections.items()}
    goals = [_goal_data(goal) for section in sections.values() for goal in section.goals]
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"setting": where, "goals": goals, **data}
    (RESULTS / "attribution.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    (RESULTS / "attribution.md").write_text(page)
    for path in draw_all(run, data, PLOTS):
        print(path.relative_to(ROOT))


def _page(where: dict[str, Any], sections: list[Section]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    goals = [goal for section in sections for goal in section.goals]
    lines = [
        "# Data attribution",
        "",
        f"`make bench-attribution` at commit `{where['commit']}`, bank `{where['bank'][:12]}`, in "
        f"{where['wall_seconds']} s: {versions}; {where['machine']}.",
        "",
        "Intervals are 95 %, bootstrapped over queries and subsets at once; differences are paired.",
        "Unseen seeds are adapters whose seed no retrained adapter has; CPU-seconds are of one thread, with gradients.",
        "",
        "| number | anchor | asked | ours | met | |",
        "|---|---|---:|---:|---|---|",
        *map(_goal_line, goals),
        "",
    ]
    for section in sections:
        lines += [f"## {section.title}", "", *section.lines, ""]
    return "\n".join(lines)


def _goal_line(goal: Goal) -> str:
    asked = f"{'≤' if goal.at_most else '≥'} {goal.goal:g}"
    return (
        f"| {goal.what} | {goal.anchor} | {asked} | {goal.ours:.3f} | {'yes' if goal.is_met else 'no'} | {goal.note} |"
    )


def _goal_data(goal: Goal) -> dict[str, Any]:
    return {"what": goal.what, "anchor": goal.anchor, "goal": goal.goal, "ours": goal.ours, "is_met": goal.is_met}


if __name__ == "__main__":
    main()
