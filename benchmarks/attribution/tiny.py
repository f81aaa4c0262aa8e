"""A small LLaMA-shaped model in plain torch, and many LoRA adapters of it trained side by side.

Retraining is what a bank costs, and a small model leaves a core idle most of the time: adapters are stacked along a
first axis `m`, and every matrix product serves all of them. The base is shared and frozen. The arithmetic is that of
`transformers.LlamaForCausalLM` with `peft` LoRA on all seven linear maps of a layer (tests compare both).

    y = x W^T + (alpha / r) (x A^T) B^T         A (m, r, in) seeded, B (m, out, r) zero at first
    AdamW without weight decay, linear warm-up and decay; the loss of a batch is the mean over its tokens
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from attribution_oracle.influence.trajectory import AdamW, Checkpoint, Trajectory

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Shape:
    """The base's sizes; `names` gives its adapted linear maps in order."""

    layers: int = 2
    width: int = 128
    hidden: int = 384
    heads: int = 4
    vocabulary: int = 1_024
    epsilon: float = 1e-6
    theta: float = 10_000.0

    def names(self) -> list[str]:
        return [f"model.layers.{k}.{_block(name)}.{name}" for k in range(self.layers) for name in LINEARS]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an adapter is trained."""

    rank: int = 4
    alpha: int = 8
    learning_rate: float = 4e-3
    betas: tuple[float, float] = (0.9, 0.99)
    epsilon: float = 1e-8
    train_epochs: int = 3
    batch_size: int = 16
    warmup_steps: int = 5


@dataclass(frozen=True, slots=True)
class Adapters:
    """Stacked LoRA matrices by name of the linear map: `a[name]` `(m, r, in)`, `b[name]` `(m, out, r)`."""

    a: dict[str, Tensor]
    b: dict[str, Tensor]

    def parameters(self) -> list[Tensor]:
        return [*self.a.values(), *self.b.values()]


@dataclass(frozen=True, slots=True)
class Step:
    """What a stack is before its step `number` (from 0): `batches` `(m, batch)` and `rate` are those about to be used.

    Adapters and second moments `(m, P)` are the trainer's own storage: copy what is to be kept.
    """

    number: int
    rate: float
    batches: Tensor
    adapters: Adapters
    second: Adapters


Watch = Callable[[Step], None]


def flatten(shape: Shape, adapters: Adapters) -> Tensor:
    """Adapters as vectors `(m, P)` in the column order of gradient rows: by name, A before B."""
    pairs = ((adapters.a[name], adapters.b[name]) for name in sorted(shape.names()))
    return torch.cat([side.flatten(1) for pair in pairs for side in pair], dim=1)


def unflatten(base: Weights, shape: Shape, recipe: Recipe, vectors: Tensor) -> Adapters:
    """The adapters of vectors `(m, P)`; the reverse of `flatten`, and differentiable."""
    a: dict[str, Tensor] = {}
    b: dict[str, Tensor] = {}
    start = 0
    for name in sorted(shape.names()):
        n_out, n_in = base[f"{name}.weight"].shape
        for side, size in ((a, (recipe.rank, n_in)), (b, (n_out, recipe.rank))):
            stop = start + size[0] * size[1]
            side[name] = vectors[:, start:stop].unflatten(1, size)
            start = stop
    return Adapters(a, b)


def seeded_adapters(base: Weights, shape: Shape, recipe: Recipe, seeds: Sequence[int]) -> Adapters:
    """Adapters before training: A by Kaiming's uniform rule (as peft) from each seed, B zero."""
    a: dict[str, list[Tensor]] = {name: [] for name in shape.names()}
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        for name in shape.names():
            n_in = base[f"{name}.weight"].shape[1]
            a[name].append((torch.rand(recipe.rank, n_in, generator=generator) * 2 - 1) / n_in**0.5)
    b = {n: torch.zeros(len(seeds), base[f"{n}.weight"].shape[0], recipe.rank) for n in shape.names()}
    return Adapters({name: torch.stack(parts) for name, parts in a.items()}, b)


def token_losses(
    base: Weights, shape: Shape, rows: Tensor, adapters: Adapters | None = None, *, scale: float
) -> Tensor:
    """Losses of every next token: rows `(m, n, time)` give `(m, n, time - 1)`."""
    hidden = base["model.embed_tokens.weight"][rows]
    cosines, sines = _rotations(shape, rows.shape[-1])
    for k in range(shape.layers):
        prefix = f"model.layers.{k}"
        normed = _normed(hidden, base[f"{prefix}.input_layernorm.weight"], shape)
        hidden = hidden + _attention(base, shape, f"{prefix}.self_attn", normed, adapters, scale, cosines, sines)
        normed = _normed(hidden, base[f"{prefix}.post_attention_layernorm.weight"], shape)
        hidden = hidden + _mlp(base, f"{prefix}.mlp", normed, adapters, scale)
    hidden = _normed(hidden, base["model.norm.weight"], shape)
    logits = hidden[..., :-1, :] @ base["lm_head.weight"].T
    losses = functional.cross_entropy(logits.flatten(0, -2), rows[..., 1:].flatten(), reduction="none")
    return losses.view(*rows.shape[:-1], rows.shape[-1] - 1)


def train_adapters(
    base: Weights,
    shape: Shape,
    recipe: Recipe,
    rows: Tensor,
    subsets: Sequence[NDArray[np.int64]],
    seeds: Sequence[int],
    *,
    weights: Tensor | None = None,
    root: float = 0.0,
    watch: Watch = lambda _: None,
) -> Adapters:
    """One adapter for each (subset of rows, seed); the seed decides its first A and its order of batches.

    All subsets must have the same size: the adapters take their steps together. `weights` `(m, n_rows)` multiply the
    losses of single rows; a row of weight zero leaves its place in the batch empty, and the order of all others as it
    was. `root` is added to the second moment before its root is taken.
    """
    adapters = seeded_adapters(base, shape, recipe, seeds)
    orders = [_order(subset, seed, recipe) for subset, seed in zip(subsets, seeds, strict=True)]
    steps = len(orders[0])
    parameters = [parameter.requires_grad_() for parameter in adapters.parameters()]
    first = [torch.zeros_like(parameter) for parameter in parameters]
    second = [torch.zeros_like(parameter) for parameter in parameters]
    for step in range(steps):
        batch = torch.stack([rows[order[step]] for order in orders])
        rate = recipe.learning_rate * _schedule(step, steps, recipe.warmup_steps)
        chosen = torch.stack([order[step] for order in orders])
        watch(Step(step, rate, chosen, adapters, _as_adapters(adapters, second)))
        losses = token_losses(base, shape, batch, adapters, scale=recipe.alpha / recipe.rank)
        if weights is not None:
            losses = losses * weights.gather(1, chosen)[..., None]
        gradients = torch.autograd.grad(losses.mean(dim=(1, 2)).sum(), parameters)
        with torch.no_grad():
            for parameter, gradient, mean, square in zip(parameters, gradients, first, second, strict=True):
                _adamw(parameter, gradient, mean, square, step=step, rate=rate, recipe=recipe, root=root)
    for parameter in parameters:
        parameter.requires_grad_(False)
    return adapters


def record(
    base: Weights, shape: Shape, recipe: Recipe, rows: Tensor, seeds: Sequence[int], at: Sequence[int]
) -> tuple[Adapters, list[Trajectory]]:
    """Adapters of all rows, and the trajectory of each, with its path; second moments are kept at the steps `at`."""
    path: list[Tensor] = []
    rates: list[float] = []
    batches: list[Tensor] = []
    kept: list[tuple[int, Tensor, Tensor]] = []

    def watch(step: Step) -> None:
        path.append(flatten(shape, step.adapters).detach().clone())
        rates.append(step.rate)
        batches.append(step.batches)
        if step.number in at:
            kept.append((step.number, path[-1], flatten(shape, step.second).detach().clone()))

    everything = [np.arange(len(rows))] * len(seeds)
    adapters = train_adapters(base, shape, recipe, rows, everything, seeds, watch=watch)
    optimizer = AdamW(betas=recipe.betas, epsilon=recipe.epsilon)
    found = []
    for place in range(len(seeds)):
        checkpoints = tuple(Checkpoint(number, *(part[place] for part in parts)) for number, *parts in kept)
        order = tuple(batch[place] for batch in batches)
        walked = tuple(parameters[place] for parameters in path)
        found.append(Trajectory(walked[0], checkpoints, tuple(rates), order, optimizer, walked))
    return adapters, found


def row_losses(base: Weights, shape: Shape, recipe: Recipe, rows: Tensor, adapters: Adapters) -> Tensor:
    """Summed losses of rows `(n, time)` under every adapter: `(m, n)`."""
    count = next(iter(adapters.a.values())).shape[0]
    with torch.inference_mode():
        stacked = rows.expand(count, *rows.shape)
        return token_losses(base, shape, stacked, adapters, scale=recipe.alpha / recipe.rank).sum(2)


def _order(subset: NDArray[np.int64], seed: int, recipe: Recipe) -> list[Tensor]:
    """Batches of row positions over all train epochs; what does not fill a batch is left out of that epoch."""
    draw = np.random.default_rng([seed, 7])
    batches: list[Tensor] = []
    for _ in range(recipe.train_epochs):
        shuffled = torch.from_numpy(draw.permutation(subset))
        batches += list(shuffled.split(recipe.batch_size))[: len(subset) // recipe.batch_size]
    return batches


def _schedule(step: int, steps: int, warmup_steps: int) -> float:
    return min((step + 1) / warmup_steps, 1.0) * (1 - step / steps)


def _as_adapters(adapters: Adapters, tensors: Sequence[Tensor]) -> Adapters:
    """Tensors in the order of `parameters()`, by name."""
    count = len(adapters.a)
    return Adapters(
        dict(zip(adapters.a, tensors[:count], strict=True)), dict(zip(adapters.b, tensors[count:], strict=True))
    )


def _adamw(
    parameter: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    *,
    step: int,
    rate: float,
    recipe: Recipe,
    root: float,
) -> None:
    beta1, beta2 = recipe.betas
    mean.lerp_(gradient, 1 - beta1)
    square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    corrected = (square / (1 - beta2 ** (step + 1)) + root).sqrt_().add_(recipe.epsilon)
    parameter.addcdiv_(mean, corrected, value=-rate / (1 - beta1 ** (step + 1)))


def _linear(base: Weights, name: str, x: Tensor, adapters: Adapters | None, scale: float) -> Tensor:
    y = x @ base[f"{name}.weight"].T
    if adapters is None:
        return y
    flat = x.flatten(1, 2)
    low = torch.bmm(flat, adapters.a[name].mT)
    return y + scale * torch.bmm(low, adapters.b[name].mT).view_as(y)


def _attention(
    base: Weights,
    shape: Shape,
    prefix: str,
    x: Tensor,
    adapters: Adapters | None,
    scale: float,
    cosines: Tensor,
    sines: Tensor,
) -> Tensor:
    size = shape.width // shape.heads

    def heads(name: str) -> Tensor:
        y = _linear(base, f"{prefix}.{name}", x, adapters, scale)
        return y.view(*y.shape[:-1], shape.heads, size).transpose(-3, -2)

    queries, keys, values = heads("q_proj"), heads("k_proj"), heads("v_proj")
    queries, keys = _rotate(queries, cosines, sines), _rotate(keys, cosines, sines)
    weights = queries @ keys.mT / size**0.5
    time = x.shape[-2]
    mask = torch.full((time, time), float("-inf")).triu(1)
    mixed = (weights + mask).softmax(-1) @ values
    return _linear(base, f"{prefix}.o_proj", mixed.transpose(-3, -2).flatten(-2), adapters, scale)


def _mlp(base: Weights, prefix: str, x: Tensor, adapters: Adapters | None, scale: float) -> Tensor:
    gate = functional.silu(_linear(base, f"{prefix}.gate_proj", x, adapters, scale))
    return _linear(
        base, f"{prefix}.down_proj", gate * _linear(base, f"{prefix}.up_proj", x, adapters, scale), adapters, scale
    )


def _normed(x: Tensor, weight: Tensor, shape: Shape) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + shape.epsilon) * weight


def _rotations(shape: Shape, time: int) -> tuple[Tensor, Tensor]:
    size = shape.width // shape.heads
    frequencies = shape.theta ** (-torch.arange(0, size, 2) / size)
    angles = torch.outer(torch.arange(time), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return x * cosines + torch.cat([-right, left], dim=-1) * sines


def _block(name: str) -> str:
    return "self_attn" if name in ("q_proj", "k_proj", "v_proj", "o_proj") else "mlp"
