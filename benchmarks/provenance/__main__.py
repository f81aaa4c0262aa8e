"""Do scores foretell what the demo's answers lose when a contributor was never there? On the real model, by retraining.

    python -m benchmarks.provenance [--keep]       trains 3 adapters and scores them, about 15 CPU-minutes; with --keep
                                                   writes benchmarks/results/provenance.{md,json}

Truth is removals.json (truth.py): the mean over three training seeds of what each answer lost. Tables are of the
adapters of those seeds, values are means over them; linear retraining is the served adapter's own question, so it is
also set against the effects of its own seed, which were trained in another order (two seeds: it takes minutes).
"r": Pearson over all pairs of answer and contribution. "ranks": Spearman over contributions, mean over answers.
"shares": Pearson after each answer's line is divided by its sum of sizes, which is what is paid.
First, first three: how often the contribution comes there that a question was drawn from.
Payouts: what the rules would pay, as parts; half the sum of differences to what effects would pay, and between seeds.
Intervals are 95 %, over answers and contributions at once; differences are paired.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from attribution_oracle.evaluation import bootstrap
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples
from attribution_oracle.evaluation.correlation import pearson, spearman
from attribution_oracle.influence.ekfac import fit_whitening, whiten
from attribution_oracle.influence.engine import ScoringSpec, index_of, query_rows, score, train_index
from attribution_oracle.influence.measurement import Measurement, measure
from attribution_oracle.influence.novelty import unit_rows
from attribution_oracle.influence.quantize import quantize
from attribution_oracle.influence.retraining import RetrainingSpec, displacements, effects
from attribution_oracle.influence.trajectory import Trajectory
from attribution_oracle.recording import Recorder
from benchmarks.attribution.run import interval, machine, numbers
from benchmarks.provenance.compare import Table, apart, best_text, bm25, by_size, hit_rate, payouts
from benchmarks.provenance.truth import SEEDS, Truth, base_model, demo_examples, demo_spec, encoded, load_truth, train
from chain.deploy import git_commit
from openledger.demo.provenance import sentence_score
from openledger.setting_up import cache_folder
from trainer.base_model import load_tokenizer

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAID, BEFORE, LINEAR, TEXT = "as paid", "EK-FAC of LoRA rows, as paid before", "linear retraining", "BM25, best text"
LINEAR_SEEDS = SEEDS[:2]
# the rules by which LoRA rows were paid until docs/adr/0017
RULES_BEFORE = replace(ScoringSpec(), damping="0.1", near_duplicate_cosine="0.4", share_floor=2**32 // 20)


@dataclass(frozen=True, slots=True)
class Scored:
    """A method's tables, one a seed (one in all where no adapter is read), its share floor and CPU-seconds."""

    tables: list[Table]
    floor: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="write the results")
    keep = parser.parse_args().keep
    torch.set_num_threads(1)
    truth = load_truth()
    found = measured(truth)
    lines, data = report(truth, found)
    where = {"commit": git_commit(ROOT), **machine()}
    page = "\n".join(["# Against retraining, on the demo's model", "", *_opening(where, truth), "", *lines, ""])
    print(page)
    if keep:
        (RESULTS / "provenance.md").write_text(page, encoding="utf-8")
        document = {"setting": where, **data}
        (RESULTS / "provenance.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def measured(truth: Truth) -> dict[str, Scored]:
    """Every method's tables."""
    base = base_model()
    tokenizer, examples = load_tokenizer(base), demo_examples()
    rows, asked = encoded(examples, tokenizer), encoded(truth.queries, tokenizer)
    owners = [example.contribution_id for example in examples]
    by_seed: dict[str, list[tuple[Table, float]]] = {}
    for seed in SEEDS:
        recorder = Recorder()
        with TemporaryDirectory() as work:
            model, _ = train(base, seed, Path(work) / "adapter", watch=recorder)
        trajectory = recorder.trajectory(demo_spec(seed))
        measurement, shared = _timed(lambda: measure(model, rows, asked, batch_size=8))  # noqa: B023
        methods: dict[str, Callable[[], Table]] = {
            PAID: lambda: _as_paid(model, rows, asked, owners),  # noqa: B023
            BEFORE: lambda: _as_paid_before(measurement, owners),  # noqa: B023
            "gradient cosine": lambda: _cosines(measurement, owners),  # noqa: B023
        }
        if seed in LINEAR_SEEDS:
            methods[LINEAR] = lambda: _linear(model, rows, asked, owners, trajectory, seed)  # noqa: B023
        for name, method in methods.items():
            table, seconds = _timed(method)
            with_gradients = name in (BEFORE, "gradient cosine")
            by_seed.setdefault(name, []).append((table, seconds + shared * with_gradients))
            print(f"seed {seed}, {name}: {seconds:.0f} CPU-s", flush=True)
    floors = {PAID: _floor(ScoringSpec()), BEFORE: _floor(RULES_BEFORE)}
    found = {
        name: Scored([t for t, _ in pairs], floors.get(name, 0.0), float(np.mean([s for _, s in pairs])))
        for name, pairs in by_seed.items()
    }
    texts = [f"{example.prompt} {example.response}" for example in examples]
    queries = [f"{query.prompt} {query.response}" for query in truth.queries]
    sentence = sentence_score(cache_folder())
    for name, by_text in (
        (TEXT, lambda: bm25(texts, queries)),
        ("sentence vectors, best text", lambda: np.stack([sentence(query, texts) for query in queries])),
    ):
        table, seconds = _timed(by_text)
        columns = [owner - 1 for owner in owners]
        found[name] = Scored([best_text(table, columns, count=max(owners))], 0.0, seconds)
    return found


def report(truth: Truth, found: dict[str, Scored]) -> tuple[list[str], dict[str, Any]]:
    """The tables in Markdown, and the numbers behind them."""
    average = truth.effects.mean(0)
    resamples = Resamples.draw(n_query=average.shape[0], n_subset=average.shape[1])
    values = {name: _values(scored, average, resamples) for name, scored in found.items()}
    lines = [
        "| method | r | shares | ranks | first | first three | CPU-s |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    data: list[dict[str, Any]] = []
    for name, scored in found.items():
        one = values[name]
        hits = [float(np.mean([hit_rate(t, truth.topics, first=k) for t in scored.tables])) for k in (1, 3)]
        ranks = float(np.mean([spearman(table, average).mean() for table in scored.tables]))
        lines.append(f"| {name} | {interval(one['r'])} | {interval(one['shares'])} | {ranks:.3f} | {hits[0]:.2f} | "
                     f"{hits[1]:.2f} | {scored.seconds:.1f} |")  # fmt: skip
        data.append({"method": name, **{key: numbers(value) for key, value in one.items()}, "ranks": round(ranks, 4),
                     "first": round(hits[0], 4), "first_three": round(hits[1], 4),
                     "cpu_seconds": round(scored.seconds, 1)})  # fmt: skip
    lines += ["", *_differences(values), "", *_ceilings(truth), "", *_own_seed(truth, found), ""]
    paid, paid_data = _payouts(truth, found)
    return [*lines, *paid], {"methods": data, "payouts": paid_data}


def _values(scored: Scored, truth: Table, resamples: Resamples) -> dict[str, Estimate]:
    return {
        "r": bootstrap.average([bootstrap.removal_pearson(table, truth, resamples) for table in scored.tables]),
        "shares": bootstrap.average(
            [bootstrap.removal_pearson(by_size(table), by_size(truth), resamples) for table in scored.tables]
        ),
    }


def _differences(values: dict[str, dict[str, Estimate]]) -> list[str]:
    said = []
    for other in (BEFORE, TEXT):
        gaps = {key: values[PAID][key] - values[other][key] for key in ("r", "shares")}
        said.append(f"{PAID}, less {other}: r {interval(gaps['r'], '+')}, shares {interval(gaps['shares'], '+')}.")
    return said


def _ceilings(truth: Truth) -> list[str]:
    """What the effects of one seed tell of the mean of the two others."""
    pairs = [(one, np.delete(truth.effects, seed, axis=0).mean(0)) for seed, one in enumerate(truth.effects)]
    r, ranks = (float(np.mean([measure(one, rest) for one, rest in pairs])) for measure in (_pooled, _ranks))
    shares = float(np.mean([_pooled(by_size(one), by_size(rest)) for one, rest in pairs]))
    return [
        f"Retraining with one seed agrees with the mean of the two others to r {r:.3f}, shares {shares:.3f}, ranks "
        f"{ranks:.3f}."
    ]


def _own_seed(truth: Truth, found: dict[str, Scored]) -> list[str]:
    said = []
    for name in (LINEAR, PAID, BEFORE):
        own = [(table, truth.effects[seed]) for seed, table in enumerate(found[name].tables)]
        r, ranks = (float(np.mean([measure(*pair) for pair in own])) for measure in (_pooled, _ranks))
        said.append(f"Against the effects of its own seed, {name}: r {r:.3f}, ranks {ranks:.3f}.")
    return said


def _payouts(truth: Truth, found: dict[str, Scored]) -> tuple[list[str], list[dict[str, Any]]]:
    expected = payouts(truth.effects.mean(0), floor=0.0)
    lines = ["| method | part of payouts that retraining would give to others | part that moves with the seed |",
             "|---|---:|---:|"]  # fmt: skip
    data: list[dict[str, Any]] = []
    rows = {**{name: (s.tables, s.floor) for name, s in found.items()}, "retraining": (list(truth.effects), 0.0)}
    for name, (tables, floor) in rows.items():
        paid = [payouts(table, floor=floor) for table in tables]
        away = float(np.mean([apart(one, expected) for one in paid]))
        moves = [apart(left, right) for left, right in combinations(paid, 2)]
        moved = f"{np.mean(moves):.3f}" if moves else "–"
        lines.append(f"| {name} | {'' if name == 'retraining' else f'{away:.3f}'} | {moved} |")
        data.append({"method": name, "away": round(away, 4), "moves": round(float(np.mean(moves)), 4) if moves else 0})
    return lines, data


def _as_paid(model: Any, rows: Any, asked: Any, owners: list[int]) -> Table:
    spec = ScoringSpec()
    index = train_index(model, rows, owners, spec)
    return score(index, query_rows(index, model, asked)) / 2**spec.score_unit_bits


def _as_paid_before(found: Measurement, owners: list[int]) -> Table:
    whitening = fit_whitening(list(found.bases), found.sampled.flatten(0, 1), damping=float(RULES_BEFORE.damping))
    index = index_of(whiten(whitening, found.train.clone()), whitening, owners, RULES_BEFORE)
    queries = quantize(unit_rows(whiten(whitening, found.queries.clone())))
    return score(index, queries) / 2**RULES_BEFORE.score_unit_bits


def _cosines(found: Measurement, owners: list[int]) -> Table:
    cosines = unit_rows(found.queries.clone()) @ unit_rows(found.train.clone()).T
    return (cosines @ _groups(owners).float().T).double().numpy()


def _linear(model: Any, rows: Any, asked: Any, owners: list[int], trajectory: Trajectory, seed: int) -> Table:
    moved = displacements(model, rows, trajectory, _groups(owners), RetrainingSpec(seed=seed))
    return effects(model, asked, moved).double().numpy()


def _groups(owners: list[int]) -> torch.Tensor:
    return torch.tensor([[owner == key for owner in owners] for key in sorted(set(owners))])


def _floor(spec: ScoringSpec) -> float:
    return spec.share_floor / 2**spec.score_unit_bits


def _pooled(left: Table, right: Table) -> float:
    return float(pearson(left.reshape(1, -1), right.reshape(1, -1))[0])


def _ranks(left: Table, right: Table) -> float:
    return float(spearman(left, right).mean())


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def _opening(where: dict[str, Any], truth: Truth) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in where["versions"].items())
    count = sum(topic is not None for topic in truth.topics)
    return [
        f"`python -m benchmarks.provenance` at commit `{where['commit']}`: {versions}; {where['machine']}.",
        "",
        f"SmolLM2-135M-Instruct, {len(demo_examples())} examples of six contributions, {len(truth.queries)} answers "
        f"({count} to a question that a contribution covers), three training seeds; every contribution left out once a "
        "seed. Means over the adapters of three seeds; intervals are 95 %, over answers and contributions at once.",
    ]


if __name__ == "__main__":
    main()
