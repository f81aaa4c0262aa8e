"""bergson: plain gradient products from its in-memory index."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from bergson.collector.collector import CollectorComputer
from bergson.collector.in_memory_collector import InMemoryCollector
from bergson.config.config import IndexConfig
from bergson.gradients import GradientProcessor
from bergson.utils.peft import detect_peft_modules
from datasets import Dataset
from datasets.table import InMemoryTable
from torch import Tensor

from benchmarks.attribution.peers.worker import BATCH, Peer, run


def gradients(peer: Peer, ids: Tensor, run_path: Path) -> dict[str, Tensor]:
    """Its per-example gradients by module, of the loss summed over a row's tokens; `run_path` must not exist yet."""
    # without this folder it fails after the whole pass
    Path(f"{run_path}.part").mkdir(parents=True)
    config = IndexConfig(run_path=str(run_path), projection_dim=0, loss_reduction="sum", precision="fp32")
    table = InMemoryTable.from_pydict({"input_ids": ids.tolist(), "labels": ids.tolist()})
    # a fingerprint of our own: the library's is a pickle of the table, which dill cannot make of every pyarrow
    data = Dataset(table, fingerprint=run_path.name)
    base = peer.model.base_model
    collector = InMemoryCollector(
        model=base,
        data=data,
        cfg=config,
        processor=GradientProcessor(projection_dim=None),
        target_modules=detect_peft_modules(base),
    )
    batches = [list(range(k, min(k + BATCH, len(ids)))) for k in range(0, len(ids), BATCH)]
    CollectorComputer(peer.model, data, collector=collector, batches=batches, cfg=config).run_with_collector_hooks()
    return collector.gradients


def compute(peer: Peer) -> None:
    def grad_dot() -> Tensor:
        with tempfile.TemporaryDirectory() as folder:
            train = gradients(peer, peer.train, Path(folder) / "train")
            queries = gradients(peer, peer.queries, Path(folder) / "queries")
        return torch.stack([queries[name].float() @ train[name].float().T for name in sorted(train)]).sum(0)

    def index() -> None:
        with tempfile.TemporaryDirectory() as folder:
            gradients(peer, peer.train, Path(folder) / "train")

    def plain() -> None:
        for ids in peer.train.split(BATCH):
            peer.model.zero_grad()
            peer.model(input_ids=ids, labels=ids).loss.backward()

    peer.keep("bergson grad-dot", grad_dot)
    peer.clock("index of the train rows", index)
    peer.clock("plain forward and backward pass", plain)


if __name__ == "__main__":
    run(compute)
