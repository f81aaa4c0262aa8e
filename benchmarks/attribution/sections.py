"""The report's sections on accuracy, each a function of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attribution_oracle.evaluation import bootstrap, evaluate, metrics
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples
from attribution_oracle.evaluation.correlation import pearson
from attribution_oracle.evaluation.evaluate import Row
from attribution_oracle.evaluation.methods import Table
from benchmarks.attribution.bank import SEEN_SEEDS
from benchmarks.attribution.run import SINGLE_SEEDS, Goal, Run, Section, interval, numbers

OURS = "path"
ANCHOR = "kronfluence EK-FAC"


def one_model(run: Run) -> Section:
    """LDS of every method on one adapter."""
    seen = {row.method: row for row in _alone(run, SEEN_SEEDS)}
    unseen = {row.method: row for row in _alone(run, SINGLE_SEEDS)}
    first = {row.method: row for row in _alone(run, SINGLE_SEEDS[:1])}
    rows = sorted((first | unseen).values(), key=lambda row: -row.values["LDS"].value)
    lines = [
        "| method | LDS, unseen seeds | LDS, seen seeds | contributor LDS, unseen seeds | less kronfluence | CPU-s |",
        "|---|---|---|---|---|---:|",
    ]
    data = []
    for row in rows:
        # a method that ran on one adapter is set against kronfluence on that adapter
        anchor = (unseen if row.method in unseen else first)[ANCHOR]
        gap = row.values["LDS"] - anchor.values["LDS"]
        with_seen = seen.get(row.method)
        cells = [
            row.method + ("" if row.method in unseen else f" (adapter {SINGLE_SEEDS[0]} alone)"),
            interval(row.values["LDS"]),
            interval(with_seen.values["LDS"]) if with_seen else "–",
            interval(row.values["contributor LDS"]),
            "" if row.method == ANCHOR else interval(gap, "+"),
            f"{row.cpu_seconds:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
        data.append({"method": row.method, "adapters": 1, "cpu_seconds": round(row.cpu_seconds, 2),
                     "unseen": {name: numbers(value) for name, value in row.values.items()},
                     "seen": {name: numbers(value) for name, value in with_seen.values.items()} if with_seen else None,
                     "less_kronfluence": numbers(gap)})  # fmt: skip
    lines += ["", _ceiling_line(run), "", _kept_back_line(run)]
    gap = unseen[OURS].values["LDS"] - unseen[ANCHOR].values["LDS"]
    goal = Goal("LDS of one model, less kronfluence's", "0.658 seen, 0.632 unseen on another bank", 0.02, gap.value,
                note=f"paired {interval(gap, '+')}")  # fmt: skip
    return Section("One adapter", lines, {"rows": data, "ceilings": evaluate.ceilings(run.bank)}, [goal])


def several_models(run: Run) -> Section:
    """LDS of several adapters together: the seed-averaged counterfactual."""
    anchor = {row.method: row for row in _alone(run, SINGLE_SEEDS)}[ANCHOR]
    top = evaluate.ceilings(run.bank)["LDS"]
    lines = ["| method | adapters | LDS | of the ceiling | contributor LDS | less kronfluence, one model | CPU-s |",
             "|---|---:|---|---:|---|---|---:|"]  # fmt: skip
    data = []
    best: dict[tuple[str, int], Estimate] = {}
    groups = run.groups()
    methods = list(dict.fromkeys(table.method for table in groups))
    rows = [*_alone(run, SINGLE_SEEDS, methods), *evaluate.lds_rows(run.bank, groups)]
    for row in sorted(rows, key=lambda row: (methods.index(row.method), row.adapters)):
        gap = row.values["LDS"] - anchor.values["LDS"]
        best[row.method, row.adapters] = row.values["LDS"]
        lines.append(
            f"| {row.method} | {row.adapters} | {interval(row.values['LDS'])} | {row.values['LDS'].value / top:.0%} | "
            f"{interval(row.values['contributor LDS'])} | {interval(gap, '+')} | {row.cpu_seconds:.1f} |"
        )
        data.append({"method": row.method, "adapters": row.adapters, "cpu_seconds": round(row.cpu_seconds, 2),
                     **{name: numbers(value) for name, value in row.values.items()},
                     "less_kronfluence": numbers(gap)})  # fmt: skip
    ours = best[OURS, 4]
    gap = ours - anchor.values["LDS"]
    goals = [
        Goal("LDS of 4 models, less kronfluence's one", "0.738 seen on another bank", 0.08, gap.value,
             note=f"paired {interval(gap, '+')}"),
        Goal("LDS of 4 models, lower end of that interval", "–", 0.0, gap.low),
        Goal("LDS of 4 models, part of the ceiling", "0.738 of 0.849", 0.87, ours.value / top,
             note=f"LDS {interval(ours)}"),
    ]  # fmt: skip
    return Section("Several adapters together", lines, data, goals)


def one_contributor_removed(run: Run) -> Section:
    """Leave one contributor out: of the served adapter, and of the seed average."""
    lines = ["| method | counterfactual | Spearman a query | Pearson, pairs | Pearson, owners of queries | CPU-s |",
             "|---|---|---|---|---:|---:|"]  # fmt: skip
    data = []
    for method in run.methods(SEEN_SEEDS):
        tables = run.of(method, SEEN_SEEDS)
        row = evaluate.loo_rows(run.bank, tables, served=True)[0]
        groups = float(np.mean([_grouped(run, table.scores, table.seeds[0]) for table in tables]))
        _removal(lines, data, method, f"served adapter ({_listed(SEEN_SEEDS)})", row, groups)
    for table in run.groups():
        (row,) = evaluate.loo_rows(run.bank, [table], served=False)
        groups = _grouped(run, table.scores, None)
        what = f"{table.method}, {len(table.seeds)} adapters"
        _removal(lines, data, what, "seed average", row, groups)
    return Section("One contributor removed, with another order of batches", lines, data)


def provenance(run: Run) -> Section:
    """Does the owner of a planted fact come first? Needs no retraining and separates hardly anything."""
    lines = ["| method | top-1 | top-3 | mean reciprocal rank |", "|---|---|---|---|"]
    data = []
    tables = [table for method in run.methods(SINGLE_SEEDS) for table in run.of(method, SINGLE_SEEDS)]
    for row in evaluate.provenance_rows(run.bank, tables, tag="planted"):
        if row.adapters > 1:
            continue
        lines.append(f"| {row.method} | {' | '.join(interval(value) for value in row.values.values())} |")
        data.append({"method": row.method, **{name: numbers(value) for name, value in row.values.items()}})
    return Section("Planted facts: does their owner come first?", lines, data)


def _alone(run: Run, seeds: Sequence[int], methods: Sequence[str] | None = None) -> list[Row]:
    tables: list[Table] = [
        table for method in methods or run.methods(seeds) for table in run.of(method, seeds)
    ]  # fmt: skip
    return [row for row in evaluate.lds_rows(run.bank, tables) if row.adapters == 1]


def _grouped(run: Run, scores: np.ndarray, seed: int | None) -> float:
    """Pearson over pairs of an owner of queries (the mean over them) and a removed contributor."""
    predicted, effects = evaluate.predicted_effects(run.bank, scores), evaluate.effects_of(run.bank, seed)
    owners = np.array([run.bank.contributors.index(row.contributor or "") for row in run.bank.queries])
    left, right = (metrics.grouped(table, owners).reshape(1, -1) for table in (predicted, effects))
    return float(pearson(left, right)[0])


def _removal(lines: list[str], data: list[dict[str, object]], method: str, what: str, row: Row, groups: float) -> None:
    spearman, pairs = (row.values[name] for name in ("Spearman", "Pearson"))
    lines.append(f"| {method} | {what} | {interval(spearman)} | {interval(pairs)} | {groups:.3f} | "
                 f"{row.cpu_seconds:.1f} |")  # fmt: skip
    data.append({"method": method, "counterfactual": what, "Spearman": numbers(spearman), "Pearson": numbers(pairs),
                 "Pearson_groups": round(groups, 5)})  # fmt: skip


def _ceiling_line(run: Run) -> str:
    found = evaluate.ceilings(run.bank)
    agreement = metrics.seed_agreement(run.bank.group("half").losses)
    return (
        f"A perfect predictor of the mean over two retrain seeds would reach {found['LDS']:.3f} "
        f"(contributor LDS {found['contributor LDS']:.3f}): retraining the same rows with another seed "
        f"agrees with itself to {agreement:.3f}."
    )


def _kept_back_line(run: Run) -> str:
    """The settings of `path` were chosen on the first subsets and the queries of even place (explore.py)."""
    half = run.bank.group("half")
    rest, odd = slice(len(half.masks) // 2, None), slice(1, None, 2)
    masks, losses = half.masks[rest], half.losses[:, rest, odd]
    resamples = Resamples.draw(n_query=losses.shape[2], n_subset=len(masks))
    ours, theirs = (
        bootstrap.average([bootstrap.lds(t.scores[odd], masks, losses, resamples) for t in run.of(name, SINGLE_SEEDS)])
        for name in (OURS, ANCHOR)
    )
    return (
        f"On the {len(masks)} subsets and {losses.shape[2]} queries on which no setting was chosen: {OURS} "
        f"{interval(ours)}, {ANCHOR} {interval(theirs)}, paired {interval(ours - theirs, '+')}."
    )


def _listed(seeds: Sequence[int]) -> str:
    return " and ".join(map(str, seeds))
