"""The report's section on the served adapter: what this very model would say without one contributor.

Truth: the adapter trained again with its own seed and order of batches, a contributor's rows left out of them
(same_order.py). Methods that know the training itself (SOURCE-Adam, metagradient) stand beside those that do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import torch

from attribution_oracle.evaluation import bootstrap
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples
from attribution_oracle.evaluation.correlation import Floats, pearson
from attribution_oracle.evaluation.metrics import slope
from attribution_oracle.influence.metagradient import metagradient, secant
from benchmarks.attribution import served_adapter
from benchmarks.attribution.bank import SEEN_SEEDS, Bank, load_bank
from benchmarks.attribution.run import Goal, Run, Section, interval, numbers
from benchmarks.attribution.same_order import effects
from benchmarks.attribution.sections import ANCHOR, OURS

LINEAR = "linear retraining"
WITH_TRAINING = (LINEAR, "SOURCE-Adam", "SOURCE-Adam, secant")
SHOWN = (ANCHOR, "bergson grad-dot", "ekfac", "ekfac-cosine", OURS, "bm25", "random")


def served_adapter_removed(run: Run) -> Section:
    """Spearman and Pearson between predicted and measured effects, means over the served seeds."""
    bank = load_bank()
    truth = {seed: effects()[seed].astype(np.float64) for seed in SEEN_SEEDS}
    resamples = Resamples.draw(n_query=len(bank.corpus.queries), n_subset=len(bank.corpus.contributors))
    tables = {(name, seed): run.of(name, (seed,))[0] for name in SHOWN for seed in SEEN_SEEDS}
    predicted = {key: (table.scores, table.cpu_seconds) for key, table in tables.items()}
    for seed in SEEN_SEEDS:
        predicted |= {(name, seed): found for name, found in with_training(seed).items()}
    lines = ["| method | Spearman a query | Pearson, pairs | Pearson, four groups of queries | slope | CPU-s |",
             "|---|---|---|---:|---:|---:|"]  # fmt: skip
    data, best = [], {}
    for name in (*SHOWN, *WITH_TRAINING):
        people = {seed: served_adapter.by_contributor(bank, predicted[name, seed][0]) for seed in SEEN_SEEDS}
        spearman, pairs = (
            bootstrap.average([measure(people[seed], truth[seed], resamples) for seed in SEEN_SEEDS])
            for measure in (bootstrap.removal_spearman, bootstrap.removal_pearson)
        )
        groups = float(np.mean([_over_groups(bank, people[seed], truth[seed]) for seed in SEEN_SEEDS]))
        # the others have units of their own
        steep = float(np.mean([slope(people[seed], truth[seed]) for seed in SEEN_SEEDS]))
        slope_cell = f"{steep:.2f}" if name in WITH_TRAINING else ""
        seconds = float(np.mean([predicted[name, seed][1] for seed in SEEN_SEEDS]))
        best[name] = (spearman, pairs, groups)
        lines.append(
            f"| {name} | {interval(spearman)} | {interval(pairs)} | {groups:.3f} | {slope_cell} | {seconds:.1f} |"
        )
        data.append(_entry(name, spearman, pairs, groups, seconds))
    found, steep, seconds = _metagradient(bank, SEEN_SEEDS[0], truth[SEEN_SEEDS[0]])
    name = f"metagradient (seed {SEEN_SEEDS[0]}, the four groups alone)"
    lines.append(f"| {name} | – | – | {found:.3f} | {steep:.2f} | {seconds:.1f} |")
    data.append({"method": "metagradient", "Pearson_groups": round(found, 5), "cpu_seconds": round(seconds, 2)})
    first = max(best, key=lambda name: best[name][0].value)
    closest = max(best, key=lambda name: best[name][2])
    together = {"metagradient": found, closest: best[closest][2]}
    nearest = max(together, key=lambda name: together[name])
    goals = [
        Goal("one contributor removed, served seed: Spearman", "SOURCE-Adam 0.53 on another bank", 0.55,
             best[first][0].value, note=f"{first}, {interval(best[first][0])}"),
        Goal("one contributor removed, served seed: Pearson, four groups", "MAGIC 0.917 on another bank", 0.94,
             together[nearest], note=nearest),
    ]  # fmt: skip
    return Section("The served adapter without one contributor", lines, data, goals)


@cache
def with_training(seed: int) -> dict[str, tuple[Floats, float]]:
    """The tables of methods that know the training of a served adapter, and their CPU-seconds."""
    started = time.process_time()
    methods = served_adapter.served_methods(load_bank(), seed)
    prepared = time.process_time() - started
    return {name: _timed(methods[name], prepared) for name in WITH_TRAINING}


def _timed(compute: Callable[[], Floats], prepared: float) -> tuple[Floats, float]:
    started = time.process_time()
    scores = compute()
    return scores, prepared + time.process_time() - started


def _metagradient(bank: Bank, seed: int, truth: Floats) -> tuple[float, float, float]:
    """Pearson and slope over groups and contributors of the metagradients of four groups, and CPU-seconds of all."""
    groups = served_adapter.query_groups(bank)
    _, (trajectory,) = served_adapter.recorded(bank, seed)
    started = time.process_time()
    replayed = served_adapter.replayable(bank, trajectory, served_adapter.ROOT)
    objective = secant(replayed, served_adapter.group_objective(bank, groups))
    with torch.enable_grad():
        found = metagradient(replayed, objective, len(bank.corpus.train))
    seconds = time.process_time() - started
    people = served_adapter.by_contributor(bank, found.scores.double().numpy())
    actual = np.stack([weights @ truth for weights in groups])
    return _flat(people, actual), slope(people, actual), seconds


def _over_groups(bank: Bank, predicted: Floats, actual: Floats) -> float:
    groups = np.stack(served_adapter.query_groups(bank))
    return _flat(groups @ predicted, groups @ actual)


def _flat(left: Floats, right: Floats) -> float:
    return float(pearson(left.reshape(1, -1), right.reshape(1, -1))[0])


def _entry(name: str, spearman: Estimate, pairs: Estimate, groups: float, seconds: float) -> dict[str, object]:
    values = {"Spearman": numbers(spearman), "Pearson": numbers(pairs), "Pearson_groups": round(groups, 5)}
    return {"method": name, **values, "cpu_seconds": round(seconds, 2)}
