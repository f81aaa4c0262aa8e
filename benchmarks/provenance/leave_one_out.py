"""Prints how well scores foretell what happens to the answers when a contribution was never there.

    PYTHONPATH=. python benchmarks/provenance/leave_one_out.py --adapter DIR --examples FILE.jsonl --spec FILE.json

For each contribution an adapter is trained without it, by the recipe `--spec` (a TrainSpec). Its effect on an answer is
the rise of the loss on that answer. Rises are compared with the scores of the adapter that was trained on everything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import compare
import numpy as np
import torch
from find_source import influence, shrunk, text_methods
from numpy.typing import NDArray
from setting import Setting, arguments, load, prepare

from trainer.lora import train_adapter
from trainer.spec import TrainSpec


def main() -> None:
    """Parses the arguments, runs and prints."""
    parser = arguments(__doc__)
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--embedder", type=Path)
    args = parser.parse_args()
    setting = prepare(args)
    paid, scores = influence(setting)
    scores |= text_methods(setting, args.embedder)
    tables = {"influence, as paid": paid}
    for name, table in scores.items():
        tables[name] = compare.positive_sums(table, setting.columns, count=len(setting.contribution_ids))
        tables[f"{name}, shrunk"] = shrunk(table, setting)
    rises = measure(setting, TrainSpec.model_validate_json(args.spec.read_text(encoding="utf-8")))
    print(f"\n{'method':28}{'Pearson':>9}{'Spearman':>10}{'top-1':>8}    {rises.size} answer-contribution pairs")
    for name, table in tables.items():
        top = compare.hit_rate(table[setting.covered], rises[setting.covered].argmax(axis=1).tolist(), first=1)
        print(f"{name:28}{correlation(table, rises):9.2f}{correlation(ranks(table), ranks(rises)):10.2f}{top:8.2f}")


def measure(setting: Setting, spec: TrainSpec) -> NDArray[np.float64]:
    """How much each answer's loss rises without each contribution, `(n_query, n_contribution)`, in nats."""
    before = losses(setting.model, setting)
    rises = []
    for contribution in setting.contribution_ids:
        kept = [example for example in setting.examples if example.contribution_id != contribution]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "adapter"
            train_adapter(setting.base, kept, spec, path, threads=1)
            rises.append(losses(load(setting.base, path), setting) - before)
        print(f"without contribution {contribution}: mean rise {rises[-1].mean():+.3f}", flush=True)
    return np.stack(rises, axis=1)


@torch.no_grad()
def losses(model: Any, setting: Setting) -> NDArray[np.float64]:
    """The summed loss of each answer under a model."""
    found = []
    for answer in setting.encoded([item.example for item in setting.asked]):
        ids = torch.tensor([answer.input_ids])
        logits = model(input_ids=ids).logits[0, answer.completion_start - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, answer.completion_start :], reduction="sum")
        found.append(loss.item())
    return np.array(found)


def correlation(left: Any, right: Any) -> float:
    """The mean over answers of the correlation between two rows; rows without spread count as zero."""
    rows = [
        np.corrcoef(a, b)[0, 1] if np.ptp(a) and np.ptp(b) else 0.0
        for a, b in zip(left.astype(float), right.astype(float), strict=True)
    ]
    return float(np.mean(rows))


def ranks(table: Any) -> NDArray[np.float64]:
    """Ranks within each row, equal values at their mean rank."""
    below = (table[:, :, None] > table[:, None, :]).sum(axis=2)
    equal = (table[:, :, None] == table[:, None, :]).sum(axis=2)
    mean: NDArray[np.float64] = below + (equal - 1) / 2
    return mean


if __name__ == "__main__":
    main()
