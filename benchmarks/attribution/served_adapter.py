"""The tables of docs/adr/0013 and 0016: which method foretells what the served adapter says without somebody.

    python -m benchmarks.attribution.served_adapter scores [SEED ...]         about 3 CPU-minutes a seed
    python -m benchmarks.attribution.served_adapter metagradient [SEED ...]   about 2 CPU-minutes a seed
    python -m benchmarks.attribution.served_adapter truth [SEED ...]          at once: how far the truths agree
    python -m benchmarks.attribution.served_adapter fresh SEED ...            about 5 CPU-minutes a seed: any other seed

Truth: `own` is the adapter retrained with its seed and order, without each of 32 contributors (same_order.py); `bank`
is with its seed and another order, without each of 12. "sp" is Spearman over the left-out contributors, the mean over
queries (n natural, p planted); "r" is Pearson over all pairs of query and contributor, "r p" over those of planted
queries, "r g" over four groups of queries (halves of the natural, halves of the planted ones), means of each; "sp g" is
Spearman over contributors, the mean over those groups; "slope" is measured nats over foretold ones.
"linear retraining" gives losses without each contributor, not scores of examples, and has no LDS.
CPU-seconds include what a line is the first to need (SOURCE-Adam: three measurements), but not the training.
`lds` is against the mean of two seeds of half-subsets, `lds own` against those of the adapter's own seed (0 and 1).
Checkpoints (3), draws (2) and places of the secant (2) were chosen with seeds 0 and 2 in sight; 1 and 3 were kept back.
Linear retraining was found on seed 0 and compared on 0 to 3; `fresh` retrains the truth of seeds that nobody saw.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attribution_oracle.evaluation.correlation import pearson, spearman
from attribution_oracle.evaluation.metrics import contributor_scores, query_lds, slope
from attribution_oracle.influence.ekfac import fit_whitening, whiten
from attribution_oracle.influence.measurement import Measurement, measure
from attribution_oracle.influence.metagradient import Run, metagradient, replay, secant
from attribution_oracle.influence.methods import METHODS, Case
from attribution_oracle.influence.retraining import RetrainingSpec, displacements
from attribution_oracle.influence.retraining import effects as moved_effects
from attribution_oracle.influence.secant import secant_gradients
from attribution_oracle.influence.source import Segment, segments, source
from attribution_oracle.influence.trajectory import AdamW, Trajectory, middle_steps
from benchmarks.attribution.bank import UNSEEN_SEEDS, WITHOUT, Bank, load_bank
from benchmarks.attribution.same_order import effects, retrain
from benchmarks.attribution.served import peft_model, rows_of, trained
from benchmarks.attribution.tiny import Adapters, record, token_losses, unflatten

Table = NDArray[np.float64]
STEPS, CHECKPOINTS, DRAWS, BATCH, ROOT = 144, 3, 2, 64, 1e-8


def scores(seeds: Sequence[int]) -> None:
    """Prints every method's line for each seed; seeds of unseen adapters make the ensembles."""
    bank = load_bank()
    others = trained(bank, UNSEEN_SEEDS)
    print("\n".join(_lines(bank, None, "4 unseen", seeds, _ensembles(bank, others))), flush=True)
    for seed in seeds:
        print("\n".join(_lines(bank, seed, f"seed {seed}", [seed], served_methods(bank, seed))), flush=True)


def metagradients(seeds: Sequence[int]) -> None:
    """Prints how metagradients of four groups of queries and of all foretell the removal of contributors, and costs."""
    bank = load_bank()
    weights = [*query_groups(bank), np.mean(query_groups(bank), axis=0)]
    count = len(bank.corpus.train)
    for seed in seeds:
        (_, (trajectory,)), once = _timed(lambda seed=seed: recorded(bank, seed))
        run, served = replayable(bank, trajectory, ROOT), replay(replayable(bank, trajectory, 0.0), torch.ones(count))
        _, one = _timed(lambda run=run: metagradient(run, group_objective(bank, weights[-1:]), count))
        end = group_objective(bank, weights)
        for name, objective in (("end", end), ("secant", secant(run, end))):
            found, five = _timed(lambda run=run, objective=objective: metagradient(run, objective, count))
            table = by_contributor(bank, found.scores.double().numpy())
            off = float((found.parameters - served).norm() / (served - run.start).norm())
            shifted = (bank.without_losses[seed] - bank.full_losses[seed]).T
            for order, columns, actual in (("own", range(32), effects()[seed]), ("other", WITHOUT, shifted)):
                print(
                    f"seed {seed} {name:6s} {order:5s} order: "
                    f"{_foretold(table[:, list(columns)], np.stack([w @ actual for w in weights]))}",
                    flush=True,
                )
        print(f"seed {seed}: replay off by {off:.3f}; one costs {one / once:.1f} trainings, five {five / once:.1f}")


def fresh(seeds: Sequence[int]) -> None:
    """Prints the lines of methods that know the training for seeds whose truth is not in same_order.npz."""
    bank = load_bank()
    for seed in seeds:
        losses = retrain(bank, seed).astype(np.float64)
        actual = (losses[1:] - losses[:1]).T
        methods = served_methods(bank, seed)
        for name in ("EK-FAC", "SOURCE-Adam", "SOURCE-Adam, secant", "linear retraining"):
            people = by_contributor(bank, methods[name]())
            print(f"{name:20s} own order, seed {seed}: {_agreement(bank, people, actual)}", flush=True)


def truths(seeds: Sequence[int]) -> None:
    """Prints what perfect knowledge of one question tells of another, and what a choice of seed can move."""
    bank, own = load_bank(), effects().astype(np.float64)
    for seed in seeds:
        shifted = (bank.without_losses[seed] - bank.full_losses[seed]).T.astype(np.float64)
        others = own[[other for other in range(len(own)) if other != seed]].mean(0)
        print(
            f"seed {seed}: effects in its own order foretell those in another: "
            f"{_agreement(bank, own[seed][:, WITHOUT], shifted)}; the mean over the other seeds foretells its own: "
            f"{_agreement(bank, others, own[seed])}"
        )
    gains = np.maximum(own, 0)
    shares = (gains / gains.sum(2, keepdims=True)).mean(1)
    best = shares.max(0) / shares.mean(0)
    print(
        f"share of a contributor, his best of four seeds over his mean: {np.median(best):.2f}, at most {best.max():.2f}"
    )


def _foretold(predicted: Table, actual: Table) -> str:
    scaled = [table / table.std(axis=1, keepdims=True) for table in (predicted[:4], actual[:4])]
    return (
        f"r {np.round(pearson(predicted, actual), 3)} sp {np.round(spearman(predicted, actual), 3)} "
        f"(four groups, all); four pooled: r {_pooled(predicted[:4], actual[:4]):.3f}, each group scaled "
        f"{_pooled(*scaled):.3f}"
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    return work(), time.process_time() - started


def served_methods(bank: Bank, seed: int) -> dict[str, Callable[[], Table]]:
    train, queries = rows_of(bank.corpus.train), rows_of(bank.corpus.queries)
    adapters, (trajectory,) = recorded(bank, seed)
    model = peft_model(bank, adapters, 0)
    tokens = len(train) * (len(train[0].input_ids) - 1)
    final = measure(model, train, queries, batch_size=BATCH, draws=DRAWS, seed=seed)
    secant = secant_gradients(model, queries, batch_size=BATCH)
    case = Case(models=[model], train=train, queries=queries, batch_size=BATCH, seed=seed)

    @cache
    def parts() -> list[Segment]:
        places = [unflatten(bank.base, bank.shape, bank.recipe, c.parameters[None]) for c in trajectory.checkpoints]
        found = [
            measure(peft_model(bank, place, 0), train, [], batch_size=BATCH, draws=DRAWS, seed=seed) for place in places
        ]
        return segments(trajectory, found)

    def retrained() -> Table:
        people = [bank.corpus.owners == owner for owner in range(len(bank.corpus.contributors))]
        spec = RetrainingSpec(batch_size=BATCH, seed=seed)
        moved = displacements(model, train, trajectory, torch.from_numpy(np.stack(people)), spec)
        return moved_effects(model, queries, moved, batch_size=BATCH).double().numpy()

    return {
        "grad-dot": lambda: (final.queries @ final.train.T).double().numpy(),
        "EK-FAC": lambda: _ekfac(final, final.queries),
        "EK-FAC, secant": lambda: _ekfac(final, secant),
        "path": lambda: METHODS["path"].scores(case).double().numpy(),
        "SOURCE-Adam": lambda: source(parts(), final.queries, n_tokens=tokens).double().numpy(),
        "SOURCE-Adam, secant": lambda: source(parts(), secant, n_tokens=tokens).double().numpy(),
        "linear retraining": retrained,
    }


def _ensembles(bank: Bank, adapters: Adapters) -> dict[str, Callable[[], Table]]:
    train, queries = rows_of(bank.corpus.train), rows_of(bank.corpus.queries)
    models = [peft_model(bank, adapters, place) for place in range(len(UNSEEN_SEEDS))]
    case = Case(models=models, train=train, queries=queries, batch_size=BATCH)
    return {name: lambda name=name: METHODS[name].scores(case).double().numpy() for name in ("ekfac", "path")}


def _lines(
    bank: Bank, own: int | None, name: str, seeds: Sequence[int], methods: dict[str, Callable[[], Table]]
) -> list[str]:
    found = []
    for method, scored in methods.items():
        started = time.process_time()
        table = scored()
        spent = time.process_time() - started
        is_by_example = table.shape[1] == len(bank.corpus.train)
        truths = [bank.half_losses, *([bank.half_losses[[own]]] if own in (0, 1) else [])]
        halves = [query_lds(table, bank.half_masks, truth).mean() for truth in truths if is_by_example]
        people = by_contributor(bank, table)
        for seed in seeds:
            shifted = (bank.without_losses[seed] - bank.full_losses[seed]).T
            found.append(
                f"{method:20s} {name:8s} lds {' own '.join(f'{value:.3f}' for value in halves)}"
                f" | own order, seed {seed}: {_agreement(bank, people, effects()[seed])}"
                f" | other order: {_agreement(bank, people[:, WITHOUT], shifted)} | {spent:.0f} CPU-s"
            )
    return found


def _agreement(bank: Bank, predicted: Table, actual: NDArray[np.float32]) -> str:
    planted, real = bank.corpus.is_planted, actual.astype(np.float64)
    ranks = spearman(predicted, real)
    grouped = [np.stack([weights @ table for weights in query_groups(bank)]) for table in (predicted, real)]
    return (
        f"sp {ranks.mean():.3f} (n {ranks[~planted].mean():.3f} p {ranks[planted].mean():.3f}) "
        f"r {_pooled(predicted, real):.3f} r p {_pooled(predicted[planted], real[planted]):.3f} "
        f"r g {_pooled(*grouped):.3f} sp g {spearman(*grouped).mean():.3f} slope {slope(predicted, real):.2f}"
    )


def _ekfac(found: Measurement, asked: torch.Tensor) -> Table:
    whitening = fit_whitening(list(found.bases), found.sampled.flatten(0, 1), damping=0.1)
    return (whiten(whitening, asked.clone()) @ whiten(whitening, found.train.clone()).T).double().numpy()


def recorded(bank: Bank, seed: int) -> tuple[Adapters, list[Trajectory]]:
    rows = torch.from_numpy(bank.corpus.train.astype(np.int64))
    return record(bank.base, bank.shape, bank.recipe, rows, [seed], middle_steps(STEPS, CHECKPOINTS))


def replayable(bank: Bank, trajectory: Trajectory, root: float) -> Run:
    rows = torch.from_numpy(bank.corpus.train.astype(np.int64))

    def terms(parameters: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        return _losses(bank, rows[positions], parameters).mean(1) / len(positions)

    optimizer = AdamW(betas=bank.recipe.betas, epsilon=bank.recipe.epsilon, root=root)
    return Run(terms, trajectory.start, trajectory.batches, trajectory.rates, optimizer)


def group_objective(bank: Bank, groups: Sequence[Table]) -> Callable[[torch.Tensor], torch.Tensor]:
    queries = torch.from_numpy(bank.corpus.queries.astype(np.int64))
    weights = torch.from_numpy(np.stack(groups)).float()
    return lambda parameters: weights @ _losses(bank, queries, parameters).sum(1)


def _losses(bank: Bank, rows: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
    adapters = unflatten(bank.base, bank.shape, bank.recipe, parameters[None])
    return token_losses(bank.base, bank.shape, rows[None], adapters, scale=bank.recipe.alpha / bank.recipe.rank)[0]


def query_groups(bank: Bank) -> list[Table]:
    """Weights of queries, each group's sum to one: natural ones of even and odd place, planted of each half."""
    natural, planted = (np.flatnonzero(bank.corpus.is_planted == kind) for kind in (False, True))
    half = len(planted) // 2
    members = [natural[::2], natural[1::2], planted[:half], planted[half:]]
    return [np.isin(np.arange(len(bank.corpus.queries)), chosen) / len(chosen) for chosen in members]


def by_contributor(bank: Bank, table: Table) -> Table:
    """Scores of examples added up; what is by contributor already stays."""
    if table.shape[1] == len(bank.corpus.contributors):
        return table
    return contributor_scores(table, bank.corpus.owners, len(bank.corpus.contributors))


def _pooled(left: Table, right: Table) -> float:
    return float(pearson(left.reshape(1, -1), right.reshape(1, -1))[0])


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"scores": scores, "metagradient": metagradients, "truth": truths, "fresh": fresh}[sys.argv[1]](
        [int(seed) for seed in sys.argv[2:]] or [0, 1, 2, 3]
    )
