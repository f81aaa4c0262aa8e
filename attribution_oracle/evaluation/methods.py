"""The methods of influence by name, and their tables of scores on the adapters of a bank.

An adapter is measured once, whatever the number of methods; what a measurement cost is charged to each that reads it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from attribution_oracle.errors import MethodUnknown
from attribution_oracle.evaluation.bank import RetrainBank
from attribution_oracle.evaluation.correlation import Floats
from attribution_oracle.evaluation.models import adapter_model
from attribution_oracle.influence.measurement import Measurement, measure

if TYPE_CHECKING:
    from attribution_oracle.influence.methods import Method

BATCH = 64


@dataclass(frozen=True, slots=True)
class Table:
    """Scores `(n_query, n_train)` of a method on the adapters of `seeds`, and the CPU-seconds of all that they took."""

    method: str
    seeds: tuple[int, ...]
    scores: Floats
    cpu_seconds: float


@dataclass
class Measured:
    """The measurements of a case, made at the first use; `seconds` is what they cost, `reads` how often they served."""

    models: Sequence[Any]
    bank: RetrainBank
    seconds: float = 0.0
    reads: int = 0
    found: list[Measurement] = field(default_factory=list)

    def __call__(self) -> list[Measurement]:
        self.reads += 1
        if not self.found:
            started = time.process_time()
            train, queries = self.bank.train, self.bank.queries
            self.found = [measure(model, train, queries, batch_size=BATCH) for model in self.models]
            self.seconds = time.process_time() - started
        return self.found


def known_methods() -> Mapping[str, Method]:
    """Every method by name."""
    from attribution_oracle.influence.methods import METHODS

    return METHODS


def check_names(names: Iterable[str]) -> None:
    """Raises MethodUnknown, with the names that exist, where one does not."""
    known = known_methods()
    for name in names:
        if name not in known:
            raise MethodUnknown(f'no method is called "{name}"; expected one of {", ".join(sorted(known))}')


def score_tables(bank: RetrainBank, names: Sequence[str], seeds: Sequence[int]) -> Iterator[Table]:
    """The table of every method on every adapter alone, adapter by adapter."""
    check_names(names)
    for seed in seeds:
        bank.adapter_folder(seed)
    for seed in seeds:
        models = [adapter_model(bank, seed)]
        measured = Measured(models, bank)
        for name in names:
            yield _table(bank, name, (seed,), models, measured)


def group_table(bank: RetrainBank, name: str, seeds: Sequence[int], alone: Sequence[Table]) -> Table | None:
    """A method on the adapters of all `seeds` at once; None where it reads no adapter.

    Tables of gradients are put together from those of each adapter in `alone`. What averages rows over adapters is
    measured on all of them anew.
    """
    from attribution_oracle.influence.ensemble import ensemble

    if known_methods()[name].needs != "adapters":
        return None
    if known_methods()[name].averages_rows:
        models = [adapter_model(bank, seed) for seed in seeds]
        return _table(bank, name, tuple(seeds), models, Measured(models, bank))
    known = {table.seeds: table for table in alone if table.method == name}
    tables = [known[seed,] for seed in seeds]
    scores = ensemble([torch.from_numpy(table.scores) for table in tables]).double().numpy()
    return Table(name, tuple(seeds), scores, sum(table.cpu_seconds for table in tables))


def _table(bank: RetrainBank, name: str, seeds: tuple[int, ...], models: Sequence[Any], measured: Measured) -> Table:
    from attribution_oracle.influence.methods import Case

    class Shared(Case):
        measurements = property(lambda _self: measured())

    owners = [bank.contributors.index(row.contributor) if row.contributor else -1 for row in bank.queries]
    case = Shared(models, bank.train, bank.queries, bank.owners.tolist(), owners, batch_size=BATCH)
    known, reads = measured.seconds, measured.reads
    started = time.process_time()
    scores = known_methods()[name].scores(case).double().numpy()
    taken = time.process_time() - started
    if reads and measured.reads > reads:
        taken += known
    return Table(name, seeds, scores, taken)
