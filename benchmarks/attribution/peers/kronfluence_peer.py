"""kronfluence: EK-FAC influence (Grosse et al. 2023) with its own factors, at its own and at our damping."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from typing import Any

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from kronfluence.utils.dataset import DataLoaderKwargs
from torch import Tensor
from torch.utils.data import Dataset

from benchmarks.attribution.peers.worker import BATCH, Peer, run, token_losses

# None is its heuristic, 0.1 of each matrix's mean eigenvalue; its default of 1e-8 is hardly any damping at all
DAMPING = {"kronfluence EK-FAC": None, "kronfluence EK-FAC, its default damping": 1e-8}


class Rows(Dataset[Tensor]):
    """Token rows."""

    def __init__(self, ids: Tensor) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: int) -> Tensor:
        return self._ids[index]


class NextToken(Task):
    """The loss that the adapter was trained on: a sum over the tokens of a row."""

    def __init__(self, model: Any) -> None:
        ends = (".lora_A.default", ".lora_B.default")
        self._modules = [name for name, _ in model.named_modules() if name.endswith(ends)]

    def compute_train_loss(self, batch: Tensor, model: Any, sample: bool = False) -> Tensor:
        logits = model(input_ids=batch).logits
        if not sample:
            return token_losses(logits, batch).sum()
        flat = logits[:, :-1].flatten(0, 1)
        with torch.no_grad():
            drawn = torch.multinomial(torch.softmax(flat, dim=-1), 1)[:, 0]
        return torch.nn.functional.cross_entropy(flat, drawn, reduction="sum")

    def compute_measurement(self, batch: Tensor, model: Any) -> Tensor:
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self) -> list[str]:
        return self._modules


def compute(peer: Peer) -> None:
    task = NextToken(peer.model)
    train, queries = Rows(peer.train), Rows(peer.queries)
    with tempfile.TemporaryDirectory() as folder:
        analyzer = Analyzer(
            "peer", prepare_model(peer.model, task), task, cpu=True, output_dir=folder, disable_tqdm=True
        )
        analyzer.set_dataloader_kwargs(DataLoaderKwargs(num_workers=0))

        started = time.process_time()
        analyzer.fit_all_factors("factors", train, per_device_batch_size=BATCH, factor_args=FactorArguments())
        fitted = time.process_time() - started

        def scores(name: str) -> Tensor:
            analyzer.compute_pairwise_scores(
                name.replace(" ", "-"), "factors", queries, train, per_device_query_batch_size=len(queries),
                per_device_train_batch_size=BATCH, score_args=ScoreArguments(damping_factor=DAMPING[name]),
                overwrite_output_dir=True,
            )  # fmt: skip
            # gradients of both losses agree where training lowers the query's: its scores have our sign
            found: Tensor = analyzer.load_pairwise_scores(name.replace(" ", "-"))["all_modules"]
            return found

        for name in DAMPING:
            peer.keep(name, partial(scores, name), before=fitted)
        peer.clock("scores with the factors there", partial(scores, name))


if __name__ == "__main__":
    run(compute)
