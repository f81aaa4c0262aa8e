"""What training again without some examples would make of an adapter, without training again: its own counterfactual.

The recorded training is gone through once more, for all groups of examples side by side. At step t, with the batch S of
n predictions and the parameters theta = (A, B, ...) as they were, a group c has its adapter at theta + z, z = 0 at the
start. Of the examples i of S that are not in c, with what passes each adapted weight at theta (x the input of A, g the
gradient of B's output):
    grad_A = 1/n  sum of ((B + dB)^T g_i) x_i^T  +  (H z)_A
    grad_B = 1/n  sum of g_i ((A + dA) x_i)^T    +  (H z)_B
    H z    = 1/N  sum of <F_i, z> F_i            over the train examples i that are not in c
    z     <- (1 - rate decay) z - (AdamW of grad - AdamW of the whole batch's gradient at theta)
F_i is the gradient row of an example with labels drawn from the model, at a checkpoint in the middle of each part of
the training, of several draws another one each step; N is the number of predictions of the train set.

So the order of batches, the chain rule of B A, momentum and AdamW's divisor are those of a training without c, however
far it goes from the recorded one. What is linear is how x and g follow z: by Gauss and Newton, averaged over the train
set, because the sixteen rows of a batch overstate curvature (docs/adr/0016). Nothing is damped, nothing is tuned.
Then the adapter is moved by z and asked: an effect is exact in the query.

Scale, for G groups, n train examples and steps of b tokens: `2 G P n` multiplications a step for H, and
`2 G b rank (n_in + n_out)` for each weight; the model itself runs once forward and back a step for `groups_at_a_time`
groups. Memory: `4 P (steps + draws n + 6 G)` bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.gradients import (
    LoraMatrix,
    evaluating,
    lora_matrices,
    sampled_gradients,
    single_thread,
    stream_flows,
)
from attribution_oracle.influence.heads import Example, head_of
from attribution_oracle.influence.path import AdaptedWeight, adapted_weights, of_weight
from attribution_oracle.influence.trajectory import AdamW, Trajectory, middle_steps, spans


@dataclass(frozen=True, slots=True)
class RetrainingSpec:
    """Checkpoints at which labels are drawn, how often for each prediction, and groups gone through together."""

    checkpoints: int = 3
    draws: int = 4
    groups_at_a_time: int = 64
    batch_size: int = 8
    seed: int = 0


def displacements(
    model: Any, train: Sequence[Example], trajectory: Trajectory, groups: Tensor, spec: RetrainingSpec
) -> Tensor:
    """What to add to the adapter's parameters, `(n_group, P)`, to have it without each group of train examples.

    `groups` `(n_group, n_train)` is true where an example belongs to the group; an example's place in its batch stays
    empty. The model is left as it was. ValueError for a trajectory without the parameters of every step.
    """
    if len(trajectory.path) != trajectory.steps:
        raise ValueError(
            f"the trajectory has the parameters of {len(trajectory.path)} of {trajectory.steps} steps; expected those "
            "before every step; record the training again, with its path"
        )
    with single_thread():
        recorded = _Recorded.of(model, train, trajectory)
        walks = [_Walk(recorded, part) for part in torch.split(groups.bool(), spec.groups_at_a_time)]
        middles = middle_steps(trajectory.steps, min(spec.checkpoints, trajectory.steps))
        for number, part in enumerate(spans(middles, trajectory.steps)):
            # far apart, so that no draw of one seed repeats one of another
            seeds = [spec.seed + (number * spec.draws + draw) * 2**32 for draw in range(spec.draws)]
            sampled = recorded.sampled_rows(middles[number], seeds, spec.batch_size)
            for walk in walks:
                walk.go(part, sampled)
        return torch.cat([walk.moved[1:] for walk in walks])


def effects(model: Any, queries: Sequence[Example], displaced: Tensor, *, batch_size: int = 8) -> Tensor:
    """Nats that each query's loss gains by each displacement `(n_group, P)` of the adapter: `(n_query, n_group)`."""
    matrices = lora_matrices(model)
    here = torch.cat([matrix.module.weight.detach().flatten() for matrix in matrices])
    places = [here, *(here + displaced.to(here.device))]
    before, *after = (_losses_at(model, matrices, queries, place, batch_size) for place in places)
    return torch.stack(after, dim=1) - before[:, None]


@contextmanager
def parameters_at(matrices: Sequence[LoraMatrix], parameters: Tensor) -> Iterator[None]:
    """Inside the block the LoRA matrices hold `parameters` `(P,)`. Undone to the bit."""
    kept = [matrix.module.weight.detach().clone() for matrix in matrices]
    try:
        with torch.no_grad():
            for matrix in matrices:
                matrix.module.weight.copy_(parameters[matrix.start : matrix.stop].view(matrix.shape))
        yield
    finally:
        with torch.no_grad():
            for matrix, weight in zip(matrices, kept, strict=True):
                matrix.module.weight.copy_(weight)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A recorded training, with what is the same for all groups."""

    model: Any
    train: Sequence[Example]
    trajectory: Trajectory
    matrices: list[LoraMatrix]
    weights: list[AdaptedWeight]
    predictions: list[int]

    @staticmethod
    def of(model: Any, train: Sequence[Example], trajectory: Trajectory) -> _Recorded:
        matrices = lora_matrices(model)
        predictions = head_of(model, train).counts(train)
        return _Recorded(model, train, trajectory, matrices, adapted_weights(matrices), predictions)

    @property
    def device(self) -> torch.device:
        return self.matrices[0].module.weight.device

    def sampled_rows(self, step: int, seeds: Sequence[int], batch_size: int) -> Tensor:
        """The gradient rows `(draws, n_train, P)` of labels that the model draws before a step."""
        with parameters_at(self.matrices, self.trajectory.path[step]):
            return sampled_gradients(self.model, self.train, seeds=seeds, batch_size=batch_size)


class _Walk:
    """The recorded training gone through without each group `(n_group, n_train)`; `moved` `(1 + n_group, P)` is z.

    The recorded training itself is the first row: what it does in a step is what the others are set against.
    """

    def __init__(self, recorded: _Recorded, groups: Tensor) -> None:
        self._recorded = recorded
        self._kept = ~torch.cat([groups.new_zeros(1, groups.shape[1]), groups]).to(recorded.device)
        self.moved = torch.zeros(len(self._kept), recorded.matrices[-1].stop, device=recorded.device)
        self._optimizer = _Optimizer(recorded.trajectory.optimizer, self.moved)

    def go(self, part: range, sampled: Tensor) -> None:
        """Takes the steps of a part; `sampled` are its rows `(draws, n_train, P)`."""
        for step in part:
            gradient = self._gradient(step)
            if step:
                # one draw a step: momentum averages them, for a part of what all together would take
                gradient += self._pull(sampled[step % len(sampled)])
            self.moved = self._optimizer.apart(self.moved, gradient, step, self._recorded.trajectory.rates[step])

    def _gradient(self, step: int) -> Tensor:
        """The gradient of a step's batch by the displaced matrices, `(1 + n_group, P)`."""
        recorded = self._recorded
        chosen, matrices = recorded.trajectory.batches[step].tolist(), recorded.matrices
        parameters, total = recorded.trajectory.path[step].to(recorded.device), torch.zeros_like(self.moved)
        at = parameters + self.moved
        batch = [recorded.train[position] for position in chosen]
        with parameters_at(matrices, parameters):
            for flows in stream_flows(recorded.model, matrices, batch, batch_size=len(batch), seed=None):
                stays = self._kept[:, [chosen[position] for position in flows.positions]]
                for weight in recorded.weights:
                    flow = of_weight(flows.true, weight)
                    mask = stays.repeat_interleave(flow.inputs.shape[1], dim=1)[..., None]
                    inputs, gradients = flow.inputs.flatten(0, 1), flow.gradients.flatten(0, 1)
                    a, b = matrices[weight.a], matrices[weight.b]
                    through_a = (inputs @ _part(at, a).mT) * mask
                    through_b = (gradients @ _part(at, b)) * mask
                    _part(total, a).add_(through_b.mT @ inputs)
                    _part(total, b).add_((through_a.mT @ gradients).mT)
        return total.div_(sum(recorded.predictions[position] for position in chosen))

    def _pull(self, rows: Tensor) -> Tensor:
        """`H z` of every row `z`, by the rows `(n_train, P)` of one draw."""
        along = (self.moved @ rows.T) * self._kept
        return (along @ rows).div_(sum(self._recorded.predictions))


class _Optimizer:
    """AdamW of many trainings at once, the first of them the recorded one."""

    def __init__(self, constants: AdamW, like: Tensor) -> None:
        self._constants = constants
        self._first, self._second = torch.zeros_like(like), torch.zeros_like(like)

    def apart(self, moved: Tensor, gradient: Tensor, step: int, rate: float) -> Tensor:
        """How far each training is from the recorded one after a step."""
        constants = self._constants
        if constants.clip is not None:
            # torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm
            gradient = gradient * (constants.clip / (gradient.norm(dim=1, keepdim=True) + 1e-6)).clamp_max(1.0)
        beta1, beta2 = constants.betas
        self._first.lerp_(gradient, 1 - beta1)
        self._second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        divisor = (self._second / (1 - beta2 ** (step + 1)) + constants.root).sqrt_().add_(constants.epsilon)
        pushed = self._first / divisor * (rate / (1 - beta1 ** (step + 1)))
        return moved * (1 - rate * constants.weight_decay) - (pushed - pushed[:1])


def _losses_at(
    model: Any, matrices: Sequence[LoraMatrix], queries: Sequence[Example], parameters: Tensor, batch_size: int
) -> Tensor:
    head, found = head_of(model, queries), torch.empty(len(queries))
    with single_thread(), evaluating(model), torch.no_grad(), parameters_at(matrices, parameters):
        for positions in head.batches(queries, batch_size):
            found[positions] = head.losses([queries[position] for position in positions]).cpu()
    return found


def _part(rows: Tensor, matrix: LoraMatrix) -> Tensor:
    """A matrix's part of rows `(m, P)`, as a view `(m, n_out, n_in)`."""
    return rows[:, matrix.start : matrix.stop].view(len(rows), *matrix.shape)
