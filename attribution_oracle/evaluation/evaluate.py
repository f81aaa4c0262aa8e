"""Methods measured on a bank: one row for each method, with 95 % intervals on shared resamples.

A method has a row for each adapter alone, averaged over the adapters, and one for each table of several adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from attribution_oracle.errors import BankInvalid
from attribution_oracle.evaluation import bootstrap, metrics
from attribution_oracle.evaluation.bank import RetrainBank
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples
from attribution_oracle.evaluation.correlation import Floats
from attribution_oracle.evaluation.methods import Table

Values = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Row:
    """What one method reached: estimates by metric; `adapters` is how many served it at once."""

    method: str
    adapters: int
    values: Values
    cpu_seconds: float


def lds_rows(bank: RetrainBank, tables: Sequence[Table]) -> list[Row]:
    """The linear datamodeling score on random halves, and on halves of the contributors where the bank has them."""
    groups = {"LDS": bank.group("half")}
    if "contributors" in bank.groups:
        groups["contributor LDS"] = bank.group("contributors")
    resamples = {
        metric: Resamples.draw(n_query=len(bank.queries), n_subset=len(group.masks)) for metric, group in groups.items()
    }

    def values(scores: Floats, _seed: int | None) -> Values:
        return {
            metric: bootstrap.lds(scores, group.masks, group.losses, resamples[metric])
            for metric, group in groups.items()
        }

    return _rows(tables, values)


def ceilings(bank: RetrainBank) -> dict[str, float]:
    """What a perfect predictor would reach in each column of `lds_rows`."""
    names = {"LDS": "half", "contributor LDS": "contributors"}
    return {metric: metrics.ceiling(bank.groups[name].losses) for metric, name in names.items() if name in bank.groups}


def effects_of(bank: RetrainBank, seed: int | None = None) -> Floats:
    """Measured effects `(n_query, n_removed)` of leaving one contributor out: of one retrain seed, or averaged."""
    without, full = bank.group("without"), bank.group("full")
    if without.seeds != full.seeds:
        raise BankInvalid(f"groups without and full have seeds {without.seeds} and {full.seeds}; expected the same")
    if seed is None:
        return metrics.removal_effects(without.losses, full.losses[:, 0])
    if seed not in without.seeds:
        known = ", ".join(map(str, without.seeds))
        raise BankInvalid(f"nobody was left out with seed {seed}; expected one of {known}; or leave out --served")
    place = without.seeds.index(seed)
    return metrics.removal_effects(without.losses[place : place + 1], full.losses[place : place + 1, 0])


def predicted_effects(bank: RetrainBank, scores: Floats) -> Floats:
    """Scores summed over the rows of each contributor that the bank left out, `(n_query, n_removed)`."""
    totals = metrics.contributor_scores(scores, bank.owners, len(bank.contributors))
    return totals[:, [bank.contributors.index(name) for name in bank.group("without").left_out]]


def loo_rows(bank: RetrainBank, tables: Sequence[Table], *, served: bool) -> list[Row]:
    """Leave one contributor out: with `served`, of the very adapter that was measured, else of the seed average.

    With `served` every adapter has effects of its own, so tables of several adapters are left out.
    """
    if served:
        tables = [table for table in tables if len(table.seeds) == 1]
    removed = len(bank.group("without").left_out)
    resamples = Resamples.draw(n_query=len(bank.queries), n_subset=removed)
    averaged = None if served else effects_of(bank)

    def values(scores: Floats, seed: int | None) -> Values:
        predicted = predicted_effects(bank, scores)
        effects = effects_of(bank, seed) if averaged is None else averaged
        return {
            "Spearman": bootstrap.removal_spearman(predicted, effects, resamples),
            "Pearson": bootstrap.removal_pearson(predicted, effects, resamples),
        }

    return _rows(tables, values)


def provenance_rows(bank: RetrainBank, tables: Sequence[Table], *, tag: str = "") -> list[Row]:
    """How often the owner of a query comes first, of queries that have an owner (and the tag, where one is given)."""
    asked = [
        place
        for place, row in enumerate(bank.queries)
        if row.contributor is not None and (not tag or tag in row.tags)
    ]  # fmt: skip
    if not asked:
        raise BankInvalid(f'no query of {bank.folder} has a contributor and the tag "{tag}"; expected some; drop --tag')
    owners = np.array([bank.contributors.index(bank.queries[place].contributor or "") for place in asked])
    resamples = Resamples.draw(n_query=len(asked), n_subset=1)

    def values(scores: Floats, _seed: int | None) -> Values:
        totals = metrics.contributor_scores(scores[asked], bank.owners, len(bank.contributors))
        rates = metrics.query_hit_rates(totals, owners)
        names = ("top-1", "top-3", "reciprocal rank")
        return {name: bootstrap.mean(rates[:, place], resamples) for place, name in enumerate(names)}

    return _rows(tables, values)


def differences(rows: Sequence[Row]) -> list[Values]:
    """Each row less the first, paired: on the same resamples."""
    return [{metric: value - rows[0].values[metric] for metric, value in row.values.items()} for row in rows]


def _rows(tables: Sequence[Table], values: Callable[[Floats, int | None], Values]) -> list[Row]:
    rows = []
    for method in dict.fromkeys(table.method for table in tables):
        own = [table for table in tables if table.method == method]
        alone = [table for table in own if len(table.seeds) == 1]
        each = [values(table.scores, table.seeds[0]) for table in alone]
        if each:
            mean = {metric: bootstrap.average([one[metric] for one in each]) for metric in each[0]}
            rows.append(Row(method, 1, mean, sum(table.cpu_seconds for table in alone) / len(alone)))
        rows += [
            Row(method, len(table.seeds), values(table.scores, None), table.cpu_seconds)
            for table in own
            if len(table.seeds) > 1
        ]
    return rows
