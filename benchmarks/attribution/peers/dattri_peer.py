"""dattri: DataInf and TRAK on the adapter's LoRA matrices, through its functional interface."""

from __future__ import annotations

from typing import Any

import torch
from dattri.algorithm.influence_function import IFAttributorDataInf
from dattri.algorithm.trak import TRAKAttributor
from dattri.func.projection import random_project
from dattri.task import AttributionTask
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.attribution.peers.worker import BATCH, Peer, run, token_losses

# the best of 1, 10 and 100 on adapter 10: LDS 0.26, 0.34, 0.38
TRAK_DAMPING = 100
PROJECTION = {"proj_dim": 4_096, "proj_max_batch_size": 32, "proj_seed": 0, "device": "cpu"}


class Adapter(nn.Module):
    """The adapted model as a module whose only parameters are the LoRA matrices."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        # not a submodule: dattri would take the base's parameters for the adapter's
        self._model = [model]
        self._names = {name.replace(".", "/"): name for name, p in model.named_parameters() if p.requires_grad}
        for key, name in self._names.items():
            self.register_parameter(key, model.get_parameter(name))

    def logits(self, parameters: dict[str, Tensor], ids: Tensor) -> Tensor:
        named = {self._names[key]: value for key, value in parameters.items()}
        found: Tensor = torch.func.functional_call(self._model[0], named, (ids,)).logits
        return found


def loss_of(adapter: Adapter) -> Any:
    def loss(parameters: dict[str, Tensor], data: tuple[Tensor, ...]) -> Tensor:
        ids = data[0]
        ids = ids[None] if ids.dim() == 1 else ids
        return token_losses(adapter.logits(parameters, ids), ids).sum()

    return loss


def loaders(peer: Peer) -> tuple[Any, Any]:
    train, queries = (DataLoader(TensorDataset(ids), batch_size=BATCH) for ids in (peer.train, peer.queries))
    return train, queries


def compute(peer: Peer) -> None:
    adapter = Adapter(peer.model)
    loss = loss_of(adapter)
    task = AttributionTask(loss_func=loss, model=adapter, checkpoints=dict(adapter.named_parameters()))
    train, queries = loaders(peer)

    def datainf() -> Tensor:
        attributor = IFAttributorDataInf(task, device="cpu", regularization=None)
        with torch.no_grad():
            attributor.cache(train)
            return attributor.attribute(train, queries).T

    def trak() -> Tensor:
        damping = TRAK_DAMPING * _mean_eigenvalue(task, peer.train)
        attributor = TRAKAttributor(task, _probability(adapter), projector_kwargs=PROJECTION, regularization=damping)
        with torch.no_grad():
            attributor.cache(train)
            return attributor.attribute(queries).T

    peer.keep("dattri TRAK-4096", trak)
    peer.keep("dattri DataInf", datainf)


def _probability(adapter: Adapter) -> Any:
    """The mean probability of a row's tokens, as TRAK weighs its train rows."""

    def probability(parameters: dict[str, Tensor], data: tuple[Tensor, ...]) -> Tensor:
        ids = data[0][None]
        return torch.exp(-token_losses(adapter.logits(parameters, ids), ids).mean())

    return probability


def _mean_eigenvalue(task: Any, ids: Tensor) -> float:
    """The mean eigenvalue of TRAK's kernel, from the first batch: without damping of this size it inverts noise."""
    parameters, _ = task.get_param(ckpt_idx=0)
    with torch.no_grad():
        rows = task.get_grad_loss_func(in_dims=(None, 0))(parameters, (ids[:BATCH],))
        projected = random_project(rows, len(rows), **PROJECTION)(rows, ensemble_id=0)
    return float((projected**2).sum() / projected.shape[1] / rows.shape[1] * len(ids) / len(rows))


if __name__ == "__main__":
    run(compute)
