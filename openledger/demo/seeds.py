"""How sure is the credit? The same answers measured on adapters that other seeds would have made of the same texts.

Training draws an initialisation and an order of batches, and another draw makes another adapter. What is paid is what
the served adapter says; beside it stands here what each of its sisters would have paid for the very same answers.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attribution_oracle.policy import scoring
from attribution_oracle.rewards import Answer, epoch_payouts, shares_ppm
from openledger.demo.outcome import Spread, SpreadLine
from openledger.setting_up import share_cores
from trainer.examples import Encoded, Example, encode
from trainer.spec import TrainSpec

SISTERS = 2


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given, and its part of the contributors' pool."""

    prompt: str
    answer: str
    pool_wei: int


def measure_sisters(
    base: Path, examples: Sequence[Example], answers: Sequence[Given], spec: TrainSpec, *, work: Path
) -> list[dict[int, int]]:
    """What each of `SISTERS` adapters would have paid to every contribution, in wei; they are made side by side."""
    share_cores()
    with ProcessPoolExecutor(SISTERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        specs = [spec.model_copy(update={"seed": spec.seed + place}) for place in range(1, SISTERS + 1)]
        jobs = [pool.submit(_sister, base, list(examples), list(answers), each, work) for each in specs]
        return [job.result() for job in jobs]


def spread_of(paid: Mapping[int, int], sisters: Sequence[Mapping[int, int]], owners: Mapping[int, str]) -> Spread:
    """What was paid beside what sisters would have paid, by contributor; `paid` and the others are by contribution."""
    tables = [paid, *sisters]
    lines = []
    for name in dict.fromkeys(owners.values()):
        mine = [key for key, owner in owners.items() if owner == name]
        lines.append(_line(name, [sum(table.get(key, 0) for key in mine) for table in tables]))
    return Spread(seeds=len(tables), lines=tuple(lines))


def with_remainder(spread: Spread, *, pool_wei: int) -> Spread:
    """The same with a last line for what no contributor gets of the pool."""
    sums = [sum(line.by_seed_wei[place] for line in spread.lines) for place in range(spread.seeds)]
    return Spread(spread.seeds, (*spread.lines, _line("unattributed", [pool_wei - total for total in sums])))


def _line(name: str, by_seed_wei: Sequence[int]) -> SpreadLine:
    # of few seeds: the sample's standard deviation, which estimates that of all seeds
    deviation = float(np.std([float(amount) for amount in by_seed_wei], ddof=1)) if len(by_seed_wei) > 1 else 0.0
    return SpreadLine(name, tuple(by_seed_wei), round(deviation))


def payouts_by(
    base: Path,
    adapter: Path,
    *,
    weights_sha256: bytes,
    examples: Sequence[Example],
    answers: Sequence[Given],
    max_tokens: int,
) -> dict[int, int]:
    """What an adapter of these examples pays to every contribution for these answers, in wei."""
    from attribution_oracle.influence.engine import query_rows, score, train_index
    from trainer.base_model import load_tokenizer
    from trainer.serving import load_adapter

    model, tokenizer = load_adapter(base, adapter, expected_digest=weights_sha256), load_tokenizer(base)

    def encoded(given: Sequence[Example]) -> list[Encoded]:
        return [encode(each, tokenizer, max_tokens) for each in given]

    index = train_index(model, encoded(examples), [each.contribution_id for each in examples], scoring())
    given = [Example(contribution_id=0, ordinal=0, prompt=each.prompt, response=each.answer) for each in answers]
    table = score(index, query_rows(index, model, encoded(given)))
    lines = (dict(zip(index.contribution_ids, map(int, line), strict=True)) for line in table)
    shares = (shares_ppm(line, floor=scoring().share_floor) for line in lines)
    pools = (answer.pool_wei for answer in answers)
    return epoch_payouts(Answer(pool, share) for pool, share in zip(pools, shares, strict=True)).payouts


def _sister(base: Path, examples: list[Example], answers: list[Given], spec: TrainSpec, work: Path) -> dict[int, int]:
    """Train one sister and pay by it. Runs in a process of its own, whose memory ends with it."""
    from trainer.lora import train_adapter

    folder = work / f"seed-{spec.seed}"
    trained = train_adapter(base, examples, spec, folder, threads=1)
    return payouts_by(
        base,
        folder,
        weights_sha256=trained.weights_sha256,
        examples=examples,
        answers=answers,
        max_tokens=spec.max_tokens,
    )
