"""What the peers' processes share: the bank's adapter with its LoRA matrices trainable, CPU-seconds, the result file.

A peer runs as `python -m benchmarks.attribution.peers.NAME_peer BANK SEEDS OUT.npz` in a process of its own, whose
PYTHONPATH adds the folder that `make peers` fills: their dependencies never meet the project's environment.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribution_oracle.evaluation.bank import BankRow, RetrainBank, load_bank
from attribution_oracle.evaluation.models import adapter_model

BATCH = 64


class Peer:
    """One adapter and the rows; `keep` stores a table of scores with the CPU-seconds it took."""

    def __init__(self, bank: RetrainBank, seed: int, kept: dict[str, Any], seconds: dict[str, float]) -> None:
        self._seed, self._scores, self._seconds = seed, kept, seconds
        self.model = adapter_model(bank, seed)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_("lora_" in name)
        self.train, self.queries = _ids(bank.train), _ids(bank.queries)

    def keep(self, name: str, compute: Callable[[], Tensor], *, before: float = 0.0) -> None:
        """Runs a method and keeps its `(n_query, n_train)` scores, positive for what lowered the query's loss.

        `before` are CPU-seconds that were spent for it already.
        """
        started = time.process_time()
        scores = compute()
        self._seconds[f"{name}|{self._seed}"] = before + time.process_time() - started
        self._scores[f"{name}|{self._seed}"] = scores.detach().double().numpy()

    def clock(self, name: str, compute: Callable[[], object]) -> None:
        """Keeps the least CPU-seconds of three runs of something that makes no table; on the first adapter only."""
        if name in self._seconds:
            return
        taken = []
        for _ in range(3):
            started = time.process_time()
            compute()
            taken.append(time.process_time() - started)
        self._seconds[name] = min(taken)


def run(compute: Callable[[Peer], None]) -> None:
    """The main function of a peer's process."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    os.environ.setdefault("TQDM_DISABLE", "1")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder, seeds, out = sys.argv[1:]
    bank, kept, seconds = load_bank(Path(folder)), {}, {}
    for seed in seeds.split(","):
        compute(Peer(bank, int(seed), kept, seconds))
    np.savez(out, seconds=json.dumps(seconds), **kept)


def token_losses(logits: Tensor, ids: Tensor) -> Tensor:
    """The losses of every next token, `(n, time - 1)`."""
    flat = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return flat.view(len(ids), -1)


def _ids(rows: tuple[BankRow, ...]) -> Tensor:
    # one length and every token but the first held to account, so that no peer's padding or masks enter
    if {(len(row.input_ids), row.completion_start) for row in rows} != {(len(rows[0].input_ids), 1)}:
        raise ValueError("rows have different lengths or completions; expected the shipped bank's; run ours alone")
    return torch.tensor([row.input_ids for row in rows])
