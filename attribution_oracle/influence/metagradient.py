"""The exact derivative of what an adapter says with respect to the weight of each training example: the audit mode.

Formulas (Ilyas & Engstrom 2025, section 3; reverse mode through AdamW as in Engstrom et al. 2025), for the recorded
batches `S_t` and rates `eta_t`, weights `w` that are one in the served training, and k = t + 1 steps done:
    g     = grad sum over i in S_t of w_i term_i(theta);   g <- g min(1, clip / (|g| + 1e-6))       when clipped
    m'    = b1 m + (1 - b1) g,     v' = b2 v + (1 - b2) g^2
    theta'= (1 - eta_t decay) theta - eta_t mhat / (sqrt(vhat + root) + eps),  mhat = m' / (1 - b1^k), vhat likewise
and backwards, with z* the derivative of the objective by z, and h* the derivative by the gradient before clipping:
    m'*  += -eta_t theta'* / ((1 - b1^k) q),           q = sqrt(vhat + root) + eps
    v'*  += eta_t mhat theta'* / (2 (1 - b2^k) q^2 sqrt(vhat + root))
    g*    = (1 - b1) m'* + 2 (1 - b2) g v'*;           m* = b1 m'*,  v* = b2 v'*
    theta*= (1 - eta_t decay) theta'* + H h*,          w_i* += h* . grad term_i
`H h*` and all `w_i*` come from one second derivative of `h* . gradient`. A score is `-w_i*`.

LoRA starts with B = 0, so the gradient of A, and with it v, is near zero in the first steps: there AdamW divides by
almost nothing, and the derivative, exact as it is, tells nothing of a change of finite size. `root` smooths it; it
belongs to the replayed training, which then is not the served one to the last bit. docs/adr/0013-served-adapter.md has
how far it is from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attribution_oracle.influence.path import gauss_legendre
from attribution_oracle.influence.trajectory import AdamW

Terms = Callable[[Tensor, Tensor], Tensor]
Objective = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Run:
    """A training to be replayed: from `start` `(P,)`, one step for each of `batches` (positions) at its rate.

    `terms(parameters, positions)` are the parts `(len(positions),)` of a step's loss, one an example: their sum is what
    the step descends on, so a mean over the batch is already divided out. They must be twice differentiable (attention
    written out, not fused) and the same at every call (no dropout).
    """

    terms: Terms
    start: Tensor
    batches: Sequence[Tensor]
    rates: Sequence[float]
    optimizer: AdamW


def secant(run: Run, objective: Objective, *, points: int = 2) -> Objective:
    """The objective made linear, with its mean gradient between the run's start and where it is asked for.

    Who taught a fact alone takes all of it away again: a change too far for the gradient at the end of training, where
    the fact is known and its loss flat. docs/adr/0013-served-adapter.md has the figures with and without.
    """

    def linear(parameters: Tensor) -> Tensor:
        total = torch.zeros(())
        for place, weight in gauss_legendre(points):
            at = torch.lerp(run.start, parameters.detach(), place).requires_grad_()
            total = total + weight * _each_gradient(objective(at), at)
        return total @ parameters

    return linear


@dataclass(frozen=True, slots=True)
class State:
    """What AdamW knows before a step: parameters and both moments, `(P,)` each."""

    parameters: Tensor
    first: Tensor
    second: Tensor


@dataclass(frozen=True, slots=True)
class Metagradient:
    """Scores `(n_objective, n_train)`, positive where the example lowered the objective; the replay's end `(P,)`."""

    scores: Tensor
    parameters: Tensor


def replay(run: Run, weights: Tensor) -> Tensor:
    """The parameters `(P,)` that the training ends at with `weights` `(n_train,)` on its examples."""
    state = _fresh(run)
    for step in range(len(run.batches)):
        state = _advance(run, state, step, weights)
    return state.parameters


def metagradient(run: Run, objective: Objective, n_train: int, *, spacing: int | None = None) -> Metagradient:
    """Minus the derivative of `objective(parameters)` `(n_objective,)` by the weight of each of `n_train` examples.

    Every `spacing`-th state is kept and those between are computed again: memory is `3 P (steps / spacing + spacing)`
    numbers, least at the default, the root of the number of steps; time is one more training. `spacing=1` keeps all.
    """
    steps = len(run.batches)
    spacing = spacing or math.isqrt(steps - 1) + 1
    weights = run.start.new_ones(n_train)
    kept, state = [], _fresh(run)
    for step in range(steps):
        if step % spacing == 0:
            kept.append(state)
        state = _advance(run, state, step, weights)
    end = state.parameters.clone().requires_grad_()
    values = objective(end)
    adjoint = _Adjoint(_each_gradient(values, end), n_train)
    for place in reversed(range(len(kept))):
        span = range(place * spacing, min((place + 1) * spacing, steps))
        states = [kept.pop()]
        for step in span[:-1]:
            states.append(_advance(run, states[-1], step, weights))
        for step in reversed(span):
            adjoint.retreat(run, states.pop(), step)
    return Metagradient(-adjoint.weights, state.parameters)


class _Adjoint:
    """Derivatives of the objectives by parameters and moments `(n_objective, P)` and by the examples' weights."""

    def __init__(self, parameters: Tensor, n_train: int) -> None:
        self.parameters, self.first, self.second = (
            parameters,
            torch.zeros_like(parameters),
            torch.zeros_like(parameters),
        )
        self.weights = parameters.new_zeros(len(parameters), n_train)

    def retreat(self, run: Run, state: State, step: int) -> None:
        """Goes from after `step` to before it; `state` is the one before."""
        chosen, constants, rate = run.batches[step], run.optimizer, run.rates[step]
        at = state.parameters.clone().requires_grad_()
        weight = at.new_ones(len(chosen)).requires_grad_()
        (gradient,) = torch.autograd.grad((run.terms(at, chosen) * weight).sum(), at, create_graph=True)
        by_gradient = self._through_optimizer(constants, state, _clipped(gradient.detach(), constants), step, rate)
        by_gradient = _through_clipping(by_gradient, gradient.detach(), constants)
        self.parameters = self.parameters * (1 - rate * constants.weight_decay)
        for row, direction in enumerate(by_gradient):
            last = row == len(by_gradient) - 1
            by_parameters, by_weight = torch.autograd.grad(gradient, (at, weight), direction, retain_graph=not last)
            self.parameters[row] += by_parameters
            self.weights[row].index_add_(0, chosen, by_weight)

    def _through_optimizer(self, constants: AdamW, state: State, gradient: Tensor, step: int, rate: float) -> Tensor:
        (beta1, beta2), (correct1, correct2) = constants.betas, _corrections(constants, step)
        after = _moments(constants, state, gradient)
        deviation = (after.second / correct2 + constants.root).sqrt()
        divisor = deviation + constants.epsilon
        self.first -= rate / correct1 / divisor * self.parameters
        # a coordinate that no gradient has reached yet stands still: there mean and deviation are both zero
        slope = torch.where(deviation > 0, after.first / correct1 / (2 * deviation * divisor.square()), 0.0)
        self.second += rate / correct2 * slope * self.parameters
        by_gradient = (1 - beta1) * self.first + 2 * (1 - beta2) * gradient * self.second
        self.first *= beta1
        self.second *= beta2
        return by_gradient


def _fresh(run: Run) -> State:
    start = run.start.detach()
    return State(start, torch.zeros_like(start), torch.zeros_like(start))


def _advance(run: Run, state: State, step: int, weights: Tensor) -> State:
    constants, rate, chosen = run.optimizer, run.rates[step], run.batches[step]
    at = state.parameters.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((run.terms(at, chosen) * weights[chosen]).sum(), at)
    after = _moments(constants, state, _clipped(gradient, constants))
    correct1, correct2 = _corrections(constants, step)
    divisor = (after.second / correct2 + constants.root).sqrt() + constants.epsilon
    moved = state.parameters * (1 - rate * constants.weight_decay) - rate * (after.first / correct1) / divisor
    return State(moved, after.first, after.second)


def _moments(constants: AdamW, state: State, gradient: Tensor) -> State:
    beta1, beta2 = constants.betas
    first = beta1 * state.first + (1 - beta1) * gradient
    return State(state.parameters, first, beta2 * state.second + (1 - beta2) * gradient.square())


def _corrections(constants: AdamW, step: int) -> tuple[float, float]:
    return 1 - constants.betas[0] ** (step + 1), 1 - constants.betas[1] ** (step + 1)


def _clipped(gradient: Tensor, constants: AdamW) -> Tensor:
    return gradient * _factor(gradient, constants)


def _factor(gradient: Tensor, constants: AdamW) -> float:
    # torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm
    return 1.0 if constants.clip is None else min(1.0, constants.clip / (float(gradient.norm()) + 1e-6))


def _through_clipping(by_clipped: Tensor, gradient: Tensor, constants: AdamW) -> Tensor:
    factor = _factor(gradient, constants)
    if factor == 1.0:
        return by_clipped
    norm = gradient.norm()
    along = by_clipped @ gradient / (norm * (norm + 1e-6))
    raw: Tensor = factor * (by_clipped - along[:, None] * gradient)
    return raw


def _each_gradient(values: Tensor, parameters: Tensor) -> Tensor:
    rows = [torch.autograd.grad(value, parameters, retain_graph=True)[0] for value in values]
    return torch.stack(rows)
