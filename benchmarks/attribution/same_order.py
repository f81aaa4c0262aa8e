"""What the served adapter itself would say without one contributor: retrained with its seed and its order of batches.

    python -m benchmarks.attribution.same_order       retrains 4 x 33 adapters (about 8 CPU-minutes), writes FILE

The bank's group `without` draws a new order for the rows that are left: another question, because another order alone
moves a loss as far as a contributor does. Here a contributor's rows leave their places in the batches empty, and all
other rows stay where they were.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.attribution.bank import FULL_SEEDS, Bank, load_bank
from benchmarks.attribution.tiny import row_losses, train_adapters

FILE = Path(__file__).with_name("same_order.npz")
_STACK = 11


def effects(path: Path = FILE) -> NDArray[np.float32]:
    """Nats that each query lost when a contributor was left out: `(seed, query, contributor)`, seeds of FULL_SEEDS."""
    losses: NDArray[np.float32] = np.load(path)["losses"]
    return (losses[:, 1:] - losses[:, :1]).transpose(0, 2, 1)


def retrain(bank: Bank, seed: int, *, contributors: range | None = None, root: float = 0.0) -> NDArray[np.float32]:
    """Query losses `(1 + n, n_query)`: of the served adapter, then without each of `contributors` (default: all)."""
    chosen = contributors or range(len(bank.corpus.contributors))
    kept = [np.ones(len(bank.corpus.owners)), *(bank.corpus.owners != owner for owner in chosen)]
    weights = torch.from_numpy(np.stack(kept).astype(np.float32))
    rows, queries = (torch.from_numpy(part.astype(np.int64)) for part in (bank.corpus.train, bank.corpus.queries))
    found = []
    for stack in weights.split(_STACK):
        subsets, seeds = [np.arange(len(rows))] * len(stack), [seed] * len(stack)
        recipe = (bank.base, bank.shape, bank.recipe)
        adapters = train_adapters(*recipe, rows, subsets, seeds, weights=stack, root=root)
        found.append(row_losses(bank.base, bank.shape, bank.recipe, queries, adapters).numpy())
    return np.concatenate(found)


def build(path: Path = FILE) -> None:
    """Retrain with every seed of the bank's full adapters, and write the file."""
    torch.set_num_threads(1)
    bank = load_bank()
    losses = []
    for seed in FULL_SEEDS:
        losses.append(retrain(bank, seed))
        print(f"seed {seed}: {len(losses[-1])} adapters", flush=True)
    np.savez_compressed(path, losses=np.stack(losses))


if __name__ == "__main__":
    build()
