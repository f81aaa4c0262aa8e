"""The report's sections on speed: building gradient rows, and asking for scores of stored ones."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.attribution.build_speed import TARGET, measure_build
from benchmarks.attribution.run import Goal, Run, Section
from benchmarks.attribution.store_speed import measure_query


def index_build(run: Run) -> Section:
    """Rows of gradients beside a plain pass, ours and bergson's, each beside a plain pass in its own process."""
    found = measure_build(rounds=5)
    model = found["models"][0]
    rates = model["examples_per_cpu_second"]
    index, plain = (
        run.peer_seconds[f"bergson: {what}"] for what in ("index of the train rows", "plain forward and backward pass")
    )
    count = len(run.bank.train)
    lines = [
        "| what | examples a CPU-second | over a plain pass |",
        "|---|---:|---:|",
        f"| plain forward and backward pass | {rates['plain']:.0f} | 1 |",
        f"| ours: rows of the true labels | {rates['rows']:.0f} | {model['rows_over_plain']:.2f} |",
        f"| ours: rows of true and sampled labels, and factors | {rates['both']:.0f} | "
        f"{2 * model['both_over_two_plain']:.2f} |",
        f"| one backward pass an example | {rates['loop']:.0f} | {rates['plain'] / rates['loop']:.2f} |",
        f"| bergson, in memory (beside {count / plain:.0f} of a plain pass in its process) | {count / index:.0f} | "
        f"{index / plain:.2f} |",
    ]
    goal = Goal(
        "index build over a plain pass",
        f"bergson {index / plain:.2f} in this run",
        TARGET,
        model["rows_over_plain"],
        at_most=True,
        note=f"rounds from {model['rows_over_plain_range'][0]:.2f} to {model['rows_over_plain_range'][1]:.2f}",
    )
    return Section("Building the index", lines, {**found, "bergson": {"index": index, "plain": plain}}, [goal])


def query(run: Run) -> Section:
    """80 queries on stored rows, beside a bare matrix product and beside kronfluence, which keeps no rows."""
    with TemporaryDirectory() as folder:
        found = measure_query(Path(folder))
    theirs = run.peer_seconds["kronfluence: scores with the factors there"]
    lines = [
        "| 80 queries × 768 rows × 20,480 columns | CPU-s |",
        "|---|---:|",
        f"| ours, integer scores of stored rows | {found['scores_cpu_s']:.3f} |",
        f"| a bare float32 matrix product | {found['bare_float32_cpu_s']:.3f} |",
        f"| kronfluence, factors already there | {theirs:.1f} |",
    ]
    goals = [
        Goal("query of stored rows, CPU-s", "kronfluence 3.7", 0.05, found["scores_cpu_s"], at_most=True),
        Goal("query of stored rows, speed over a bare product", "–", 0.8, found["scores_share_of_bare"]),
    ]
    return Section("Asking stored rows", lines, {**found, "kronfluence_cpu_s": theirs}, goals)
