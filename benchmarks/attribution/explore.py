"""The table of docs/adr/0012-influence-methods.md: every method of the registry on the shipped bank, with intervals.

    python -m benchmarks.attribution.explore [METHOD ...]       about 6 CPU-minutes for all; one thread

Choices were made on the first half of the half-subsets and the queries of even place ("chosen on"); "kept back" is the
other half of the subsets with all queries. One adapter: the mean over seeds 0 (also a retrain seed), 10 and 11 (not).
"gain" is the paired difference to EK-FAC on one adapter; seconds of a method whose measurement another made before it
leave that out (EK-FAC, which comes first, has it). "removal": Spearman over the left-out contributors and Pearson over
all pairs, effects averaged over seeds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attribution_oracle.evaluation.bank import load_bank
from attribution_oracle.evaluation.bootstrap import Estimate, Resamples, average, lds
from attribution_oracle.evaluation.correlation import pearson, spearman
from attribution_oracle.evaluation.evaluate import effects_of, predicted_effects
from attribution_oracle.evaluation.metrics import ceiling, query_lds
from attribution_oracle.evaluation.models import adapter_model
from attribution_oracle.influence.methods import METHODS, Case
from benchmarks.attribution.bank import FOLDER

BATCH = 64
SINGLE = (0, 10, 11)
GROUPS = {"1": [(seed,) for seed in SINGLE], "2": [(10, 11), (12, 13)], "4": [(10, 11, 12, 13)]}
ENSEMBLES = ("path", "ekfac", "ekfac-cosine", "ekfac-span")
ANCHOR = "ekfac"
RESULT = Path(__file__).parents[1] / "results" / "methods.json"


def main(names: list[str]) -> None:
    """Prints the table and writes it to benchmarks/results/methods.json."""
    torch.set_num_threads(1)
    bank = load_bank(FOLDER)
    half = bank.group("half")
    resamples = Resamples.draw(n_query=len(bank.queries), n_subset=len(half.masks))
    found: dict[tuple[str, str], Estimate] = {}
    rows: list[dict[str, Any]] = []
    for count, groups in GROUPS.items():
        cases = [_case(bank, seeds) for seeds in groups]
        for name in (name for name in names if count == "1" or name in ENSEMBLES):
            started = time.process_time()
            tables = [METHODS[name].scores(case).double().numpy() for case in cases]
            seconds = (time.process_time() - started) / len(tables)
            found[name, count] = average([lds(table, half.masks, half.losses, resamples) for table in tables])
            difference = found[name, count] - found[ANCHOR, "1"] if (ANCHOR, "1") in found else None
            rows.append(_row(bank, name, count, tables, found[name, count], difference, seconds))
            print(_line(rows[-1]), flush=True)
        del cases
    _write(rows, {"ceiling": round(ceiling(half.losses), 3), "bank": bank.digest, "batch_size": BATCH})


def _write(rows: list[dict[str, Any]], notes: dict[str, Any]) -> None:
    """Rows of methods that were not asked for stay, where they are of the same bank and the method still exists."""
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {"bank": "", "rows": []}
    merged = {(row["method"], row["adapters"]): row for row in known["rows"]
              if known["bank"] == notes["bank"] and row["method"] in METHODS}  # fmt: skip
    merged |= {(row["method"], row["adapters"]): row for row in rows}
    RESULT.write_text(json.dumps(notes | {"rows": list(merged.values())}, indent=1) + "\n")


def _case(bank: Any, seeds: tuple[int, ...]) -> Case:
    owners = {row.contributor: place for place, row in enumerate(bank.train)}
    return Case(
        models=[adapter_model(bank, seed) for seed in seeds],
        train=bank.train,
        queries=bank.queries,
        train_owners=[owners[row.contributor] for row in bank.train],
        query_owners=[owners.get(row.contributor, -1) for row in bank.queries],
        batch_size=BATCH,
        seed=seeds[0],
    )


def _row(
    bank: Any, name: str, adapters: str, tables: list[Any], whole: Estimate, difference: Estimate | None, seconds: float
) -> dict[str, Any]:
    half, people = bank.group("half"), bank.group("contributors")
    middle = len(half.masks) // 2
    parts = {"chosen_on": (slice(0, middle), slice(None, None, 2)), "kept_back": (slice(middle, None), slice(None))}
    split = {
        part: np.mean([query_lds(t[q], half.masks[s], half.losses[:, s][:, :, q]).mean() for t in tables])
        for part, (s, q) in parts.items()
    }
    effects = effects_of(bank)
    foretold = [predicted_effects(bank, table) for table in tables]
    measures = {
        **split,
        "lds": whole.value,
        "low": whole.low,
        "high": whole.high,
        "contributors": np.mean([query_lds(t, people.masks, people.losses).mean() for t in tables]),
        "removal_spearman": np.mean([spearman(p, effects).mean() for p in foretold]),
        "removal_pearson": np.mean([pearson(p.reshape(1, -1), effects.reshape(1, -1))[0] for p in foretold]),
        "cpu_seconds": seconds,
    }
    if difference is not None:
        measures |= {"gain": difference.value, "gain_low": difference.low, "gain_high": difference.high}
    by_seed = [round(float(query_lds(t, half.masks, half.losses).mean()), 3) for t in tables]
    return {"method": name, "adapters": adapters, "by_seed": by_seed} | {
        key: round(float(value), 3) for key, value in measures.items()
    }


def _line(row: dict[str, Any]) -> str:
    keys = [key for key in row if key not in ("method", "adapters", "by_seed")]
    return f"{row['method']:18s} {row['adapters']} {row['by_seed']} " + " ".join(f"{k} {row[k]:.3f}" for k in keys)


if __name__ == "__main__":
    ordered = sorted(METHODS, key=lambda name: name != ANCHOR)
    main([name for name in ordered if name in sys.argv[1:] or len(sys.argv) == 1])
