"""How an adapter came to be: what its training has to leave behind for questions about this very adapter.

`source` needs the checkpoints and the rates, `metagradient` the start, the rates and the batches, `retraining` all but
the checkpoints, with the parameters before every step. Vectors `(P,)` are in the column order of gradient rows
(`gradients.lora_matrices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor


@dataclass(frozen=True, slots=True)
class AdamW:
    """The constants of the optimizer: `root` is added to the second moment before its root is taken (torch adds none).

    `clip` is the greatest norm of a step's gradient, None for any.
    """

    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    root: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The adapter after `step` steps: its parameters, and AdamW's second moments as stored (no bias correction)."""

    step: int
    parameters: Tensor
    second: Tensor


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One training: start, some checkpoints in order, and of every step its rate and the positions of its examples.

    `path` holds the parameters before every step, where they were recorded.
    """

    start: Tensor
    checkpoints: tuple[Checkpoint, ...]
    rates: tuple[float, ...]
    batches: tuple[Tensor, ...]
    optimizer: AdamW
    path: tuple[Tensor, ...] = ()

    def __post_init__(self) -> None:
        at = [checkpoint.step for checkpoint in self.checkpoints]
        if (
            len(self.rates) != len(self.batches)
            or at != sorted(set(at))
            or (at and not 0 < at[0] <= at[-1] <= self.steps)
        ):
            raise ValueError(
                f"{len(self.rates)} rates, {len(self.batches)} batches and checkpoints after {at} steps; expected as "
                "many rates as batches, and checkpoints in order within them; record the training again"
            )

    @property
    def steps(self) -> int:
        return len(self.rates)

    def rate_sums(self) -> list[float]:
        """The sum of rates of the steps that each checkpoint stands for: those nearer to it than to its neighbours."""
        at = [checkpoint.step for checkpoint in self.checkpoints]
        return [sum(self.rates[step] for step in part) for part in spans(at, self.steps)]

    def deviations(self) -> list[Tensor]:
        """What AdamW divided by at each checkpoint, `sqrt(v / (1 - b2^step) + root) + eps`, `(P,)`."""
        beta2, constants = self.optimizer.betas[1], self.optimizer
        return [
            (point.second / (1 - beta2**point.step) + constants.root).sqrt() + constants.epsilon
            for point in self.checkpoints
        ]


def spans(at: Sequence[int], steps: int) -> list[range]:
    """The steps of a training that each of the checkpoints `at` stands for: those nearer to it than to another."""
    edges = [0, *((left + right) // 2 for left, right in pairwise(at)), steps]
    return [range(start, stop) for start, stop in pairwise(edges)]


def middle_steps(steps: int, count: int) -> list[int]:
    """The steps in the middles of `count` equal parts of a training: where its checkpoints belong."""
    if not 0 < count <= steps:
        raise ValueError(f"{count} checkpoints of {steps} steps; expected between one and the number of steps")
    return [(2 * part + 1) * steps // (2 * count) for part in range(count)]
