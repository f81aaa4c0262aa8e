"""The training of a registered adapter, done again from its manifest and its snapshots.

It shows whether the adapter is what its manifest says, to the byte, and leaves what questions about this very adapter
need: where it started, and of every step the parameters, the rate and the examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attribution_oracle.errors import SourceLied
from attribution_oracle.sources import AdapterSource
from trainer.adapter_file import read_adapter
from trainer.errors import InvalidManifest
from trainer.lora import ReportProgress, TrainedAdapter, TrainStep, Watch, train_adapter
from trainer.spec import TrainSpec

if TYPE_CHECKING:
    from torch import Tensor

    from attribution_oracle.influence.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Recorded:
    """A training that was done again, and the sha-256 (32 bytes) of the weights file that came of it."""

    trajectory: Trajectory
    weights_digest: bytes


class Recorder:
    """Watches a training (`trainer.lora.Watch`), and has its trajectory when it is over."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, Tensor, Tensor]] = []

    def __call__(self, step: TrainStep) -> None:
        import torch

        # the column order of gradient rows (`gradients.lora_matrices`): by name
        parameters = [step.parameters[name].detach().float().flatten().cpu() for name in sorted(step.parameters)]
        self._steps.append((step.rate, torch.tensor(step.rows), torch.cat(parameters)))

    def trajectory(self, spec: TrainSpec) -> Trajectory:
        """What was seen; AdamW's other constants are torch's defaults, which the trainer keeps."""
        from attribution_oracle.influence.trajectory import AdamW, Trajectory

        rates, batches, path = zip(*self._steps, strict=True)
        optimizer = AdamW(weight_decay=spec.weight_decay, clip=spec.max_gradient_norm)
        return Trajectory(path[0], (), rates, batches, optimizer, path)


def record(source: AdapterSource, *, work: Path, progress: ReportProgress = lambda _: None) -> Recorded:
    """Train an adapter again, with as many threads as its manifest says, into the folder `work`.

    Raises SourceLied for a manifest whose training no job has, trainer.errors.TrainerError for what training raises.
    """
    recorder = Recorder()
    trained = _train(source, work, progress, watch=recorder)
    return Recorded(recorder.trajectory(_spec(source)), trained.weights_sha256)


def train_without(
    source: AdapterSource, contribution_id: int, *, work: Path, progress: ReportProgress = lambda _: None
) -> dict[str, Tensor]:
    """The tensors of the adapter as it would be without a contribution, whose places in the batches stay empty.

    They have the names of the adapter's file. Raises as `record` does.
    """
    places = [place for place, example in enumerate(source.examples) if example.contribution_id == contribution_id]
    trained = _train(source, work, progress, left_out=places)
    tensors, _ = read_adapter(work, expected_digest=trained.weights_sha256)
    return tensors


def _train(
    source: AdapterSource,
    work: Path,
    progress: ReportProgress,
    *,
    watch: Watch = lambda _: None,
    left_out: Sequence[int] = (),
) -> TrainedAdapter:
    spec, threads = _spec(source), source.manifest.training.threads
    return train_adapter(
        source.base.path, source.examples, spec, work, progress, threads=threads, watch=watch, left_out=left_out
    )


def _spec(source: AdapterSource) -> TrainSpec:
    try:
        return source.manifest.spec()
    except InvalidManifest as error:
        raise SourceLied(f"adapter {source.fact.adapter_id}: {error}") from error
