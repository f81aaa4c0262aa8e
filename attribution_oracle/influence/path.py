"""Influence through the adapted weights, along the way from the base model to the adapter: the seed-averaged question.

A LoRA matrix sees of a weight's gradient only what its own random subspace lets through. Another seed would have drawn
another subspace, so what *any* adapter would learn is told by the gradient of the adapted weight `W` itself. It costs
nothing more: with `y = W x + s B A x` it is made of what passes `A` (its input) and `B` (its output's gradient),
    dloss/dW = sum over t of g[t] x[t]^T,     x = input of A,  g = dloss/d(output of B) / s          (out, in)
and `s` is one number a weight, which whitening removes.
Training on an example acts all the way from the base (B = 0) to the adapter, so rows are averaged along the way:
    row(z) = sum over k of w_k dloss(z)/dW at (A, u_k B),      u_k, w_k of Gauss and Legendre on [0, 1]
and over the adapters, where there are several: all of them have their gradients in the same space. EK-FAC whitens
(`ekfac`, labels sampled at every place), and `<query row, train row at length one>` is the score.

Scale: P is the size of the adapted weights, or `keep**2` a weight. Time: with K places, 2 K passes with two backward
passes each over the train rows, K over queries. Memory: `4 P` bytes a row, and nothing quadratic in the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribution_oracle.influence.ekfac import Basis, FactorSums, Whitening, damped
from attribution_oracle.influence.gradients import (
    Flow,
    LoraMatrix,
    lora_matrices,
    single_thread,
    stream_flows,
)
from attribution_oracle.influence.heads import Example


@dataclass(frozen=True, slots=True)
class PathSpec:
    """Places on the way of each adapter, relative damping, and eigenvectors kept on each side of a weight (0: all).

    docs/adr/0012-influence-methods.md has the figures behind the defaults.
    """

    points: int = 2
    damping: float = 3.0
    keep: int = 0
    batch_size: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class PathIndex:
    """White rows of the train examples, `(n_train, P)`, not scaled to one length, and what query rows are made with."""

    spec: PathSpec
    whitening: Whitening
    train: Tensor


@dataclass(frozen=True, slots=True)
class AdaptedWeight:
    """An adapted weight `(n_out, n_in)`: its `lora_A` and `lora_B` by canonical index, and its part of a whole row."""

    a: int
    b: int
    shape: tuple[int, int]
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.shape[0] * self.shape[1]


@dataclass(frozen=True, slots=True)
class _Place:
    model: Any
    matrices: list[LoraMatrix]
    scale: float
    weight: float


def path_index(models: Sequence[Any], train: Sequence[Example], spec: PathSpec) -> PathIndex:
    """The index of the train examples for adapters of one base and one set of target modules (one or several)."""
    places = _places(models, spec.points)
    weights = adapted_weights(places[0].matrices)
    with single_thread():
        bases = _bases(places, weights, train, spec)
        width = bases[-1].stop
        rows, squares = torch.zeros(len(train), width), torch.zeros(width)
        for number, place in enumerate(places):
            _add_rows(rows, squares, place, weights, bases, train, spec, _label_seed(spec, number))
        inverse_root = damped(bases, squares.div_(len(train)), damping=spec.damping).rsqrt_()
        return PathIndex(spec, Whitening(bases, inverse_root), rows.mul_(inverse_root))


def path_rows(index: PathIndex, models: Sequence[Any], queries: Sequence[Example]) -> Tensor:
    """White rows `(n_query, P)` of examples that the index was not built of; `models` are those of the index."""
    places = _places(models, index.spec.points)
    weights = adapted_weights(places[0].matrices)
    with single_thread():
        rows = torch.zeros(len(queries), index.train.shape[1])
        for place in places:
            _add_rows(rows, None, place, weights, index.whitening.bases, queries, index.spec, None)
        return rows.mul_(index.whitening.inverse_root)


def adapted_weights(matrices: Sequence[LoraMatrix]) -> list[AdaptedWeight]:
    """The weights that LoRA matrices adapt, in canonical order. ValueError where an A has no B or the reverse."""
    sides: dict[str, dict[str, int]] = {}
    for index, matrix in enumerate(matrices):
        target, _, side = matrix.name.rpartition(".")[0].rpartition(".")
        sides.setdefault(target, {})[side] = index
    found: list[AdaptedWeight] = []
    for target, pair in sides.items():
        if set(pair) != {"lora_A", "lora_B"}:
            raise ValueError(f"{target} has {sorted(pair)}; expected lora_A and lora_B; load a plain LoRA adapter")
        a, b = pair["lora_A"], pair["lora_B"]
        shape = (matrices[b].shape[0], matrices[a].shape[1])
        found.append(AdaptedWeight(a, b, shape, start=found[-1].stop if found else 0))
    return found


@contextmanager
def on_the_way(matrices: Sequence[LoraMatrix], scale: float) -> Iterator[None]:
    """Inside the block every `lora_B` is `scale` times itself: 0 is the base, 1 the adapter. Undone to the bit."""
    outputs = [matrix.module.weight for matrix in matrices if ".lora_B." in matrix.name]
    kept = [weight.detach().clone() for weight in outputs]
    try:
        with torch.no_grad():
            for weight in outputs:
                weight.mul_(scale)
        yield
    finally:
        with torch.no_grad():
            for weight, value in zip(outputs, kept, strict=True):
                weight.copy_(value)


def gauss_legendre(points: int) -> list[tuple[float, float]]:
    """Places and weights of the quadrature of [0, 1] that is exact for polynomials of degree `2 * points - 1`."""
    places, weights = np.polynomial.legendre.leggauss(points)
    return [(float((place + 1) / 2), float(weight / 2)) for place, weight in zip(places, weights, strict=True)]


def _places(models: Sequence[Any], points: int) -> list[_Place]:
    return [
        _Place(model, lora_matrices(model), scale, weight / len(models))
        for model in models
        for scale, weight in gauss_legendre(points)
    ]


def _label_seed(spec: PathSpec, number: int) -> int:
    # far apart, so that no place of one seed repeats the labels of another
    return spec.seed + number * 2**32


def _bases(
    places: Sequence[_Place], weights: Sequence[AdaptedWeight], train: Sequence[Example], spec: PathSpec
) -> list[Basis]:
    """The eigenbases of the factors summed over all places, the `keep` strongest vectors of each side."""
    factors = FactorSums(weights)
    for number, place in enumerate(places):
        with on_the_way(place.matrices, place.scale):
            seed = _label_seed(spec, number)
            for flows in stream_flows(place.model, place.matrices, train, batch_size=spec.batch_size, seed=seed):
                factors.add([of_weight(flows.sampled, weight) for weight in weights])
    bases: list[Basis] = []
    for basis in factors.bases():
        # eigenvalues ascend
        left, right = (side[:, -spec.keep :].contiguous() if spec.keep else side for side in (basis.left, basis.right))
        start = bases[-1].stop if bases else 0
        bases.append(Basis(start, start + left.shape[1] * right.shape[1], left, right))
    return bases


def _add_rows(
    rows: Tensor,
    squares: Tensor | None,
    place: _Place,
    weights: Sequence[AdaptedWeight],
    bases: Sequence[Basis],
    examples: Sequence[Example],
    spec: PathSpec,
    seed: int | None,
) -> None:
    """Adds to `rows` `(n, P)` what the place sees in the eigenbases; to `squares` `(P,)` that of labels of the seed."""
    with on_the_way(place.matrices, place.scale):
        for flows in stream_flows(place.model, place.matrices, examples, batch_size=spec.batch_size, seed=seed):
            where = torch.tensor(flows.positions)
            for weight, basis in zip(weights, bases, strict=True):
                part = slice(basis.start, basis.stop)
                seen = _row(of_weight(flows.true, weight), basis)
                rows[:, part].index_add_(0, where, seen, alpha=place.weight)
                if squares is not None:
                    drawn = _row(of_weight(flows.sampled, weight), basis)
                    squares[part].add_(drawn.square_().sum(0), alpha=place.weight)


def of_weight(flows: Sequence[Flow], weight: AdaptedWeight) -> Flow:
    """What passes an adapted weight: the input of its A, and the gradient of its B's output, float32."""
    return Flow(flows[weight.a].inputs.float(), flows[weight.b].gradients.float())


def _row(flow: Flow, basis: Basis) -> Tensor:
    """Rotating what flows, before the outer product, is cheaper than rotating the product while texts are short."""
    return torch.bmm((flow.gradients @ basis.left).mT, flow.inputs @ basis.right).flatten(1)
