"""Rows of the length that evidence can hold: `path` at one place on the way to the adapter, white, then hashed.

Formulas, for the adapted weights W_k and an example z, with B held at `place` times itself (`path`):
    G_k      = dloss(z)/dW_k                                              (out, in)
    white_k  = Q_S^T G_k Q_A / sqrt(lambda + damping mean(lambda))        EK-FAC, labels sampled (`ekfac`)
    row[b]   = sum over k, p with bucket_k[p] = b of sign_k[p] white_k[p]      SJLT (`projection`), b < size
Hashed rows keep products up to |row| |row'| / sqrt(size). Where all adapted weights together have no more than `size`
numbers, the row is `white` itself.

No row is ever held whole: a weight's part is made, whitened and added to its buckets, example by example, so memory is
that of the whitening (as many numbers as the adapted weights), `size` numbers a row, and one weight's part of a batch.
The train examples are gone through three times (factors, eigenvalues, rows); what passes the weights is kept from the
first time on where it fits into `KEPT_BYTES`, and computed again where not, to the same bits. The bits of a row depend
on its own tokens and the whitening alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.ekfac import Basis, FactorSums, Whitening, damped
from attribution_oracle.influence.gradients import Flow, lora_matrices, single_thread, stream_flows
from attribution_oracle.influence.heads import Example
from attribution_oracle.influence.path import AdaptedWeight, adapted_weights, of_weight, on_the_way

# Passes over the train examples: factors, eigenvalues, rows.
PASSES = 3
# Of what passes the adapted weights: half a gibibyte is some 200 texts of 30 tokens on a small model.
KEPT_BYTES = 1 << 29
Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class HashedSpec:
    """Where on the way rows are taken (0: base, 1: adapter), relative damping, and numbers of a row."""

    place: float
    damping: float
    size: int
    batch_size: int
    seed: int


def row_width(model: Any, size: int) -> int:
    """The numbers of a row of this adapter: `size`, or fewer where its weights have fewer."""
    return min(size, adapted_weights(lora_matrices(model))[-1].stop)


def train_rows(
    model: Any, train: Sequence[Example], spec: HashedSpec, seen: Seen = lambda _: None
) -> tuple[Whitening, Tensor]:
    """The whitening of the train examples, and their rows `(n, row_width)`, float32, not scaled to one length.

    `seen(n)` is called for each batch of n, in each of `PASSES` passes.
    """
    with single_thread():
        flows = _TrainFlows(model, train, spec)
        whitening = _fitted(flows, len(train), spec, seen)
        rows = _Rows(flows.weights, whitening, len(train), spec)
        for each in flows:
            rows.fill(each.positions, each.true)
            seen(len(each.positions))
        return whitening, rows.filled


def query_rows(model: Any, whitening: Whitening, examples: Sequence[Example], spec: HashedSpec) -> Tensor:
    """The rows `(n, row_width)` of examples that the whitening was not made of, likewise."""
    matrices = lora_matrices(model)
    with single_thread(), on_the_way(matrices, spec.place):
        rows = _Rows(adapted_weights(matrices), whitening, len(examples), spec)
        for flows in stream_flows(model, matrices, examples, batch_size=spec.batch_size, seed=None):
            rows.fill(flows.positions, [of_weight(flows.true, weight) for weight in rows.weights])
        return rows.filled


def _fitted(flows: _TrainFlows, count: int, spec: HashedSpec, seen: Seen) -> Whitening:
    factors, squares = FactorSums(flows.weights), torch.zeros(flows.weights[-1].stop)
    for each in flows:
        factors.add(each.sampled)
        seen(len(each.positions))
    bases = factors.bases()
    for each in flows:
        for flow, basis in zip(each.sampled, bases, strict=True):
            # one after the other: a sum over a batch would round differently in batches of another size
            for row in _turned(flow, basis):
                squares[basis.start : basis.stop].addcmul_(row, row)
        seen(len(each.positions))
    eigenvalues = squares.div_(count)
    return Whitening(bases, damped(bases, eigenvalues, damping=spec.damping).rsqrt_())


@dataclass(frozen=True, slots=True)
class _Passing:
    """What passes the adapted weights in one batch: of sampled labels, and of the true ones."""

    positions: list[int]
    sampled: list[Flow]
    true: list[Flow]

    @property
    def byte_count(self) -> int:
        # true and sampled flows share their inputs
        numbers = sum(flow.inputs.numel() + flow.gradients.numel() for flow in self.sampled)
        return 4 * (numbers + sum(flow.gradients.numel() for flow in self.true))


class _TrainFlows:
    """The batches of the train examples, as often as asked for; the model runs once where they fit in memory."""

    def __init__(self, model: Any, train: Sequence[Example], spec: HashedSpec) -> None:
        self._model, self._train, self._spec = model, train, spec
        self._matrices = lora_matrices(model)
        self.weights = adapted_weights(self._matrices)
        self._kept: list[_Passing] | None = None

    def __iter__(self) -> Iterator[_Passing]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, byte_count = list[_Passing](), 0
        for each in self._run():
            yield each
            byte_count += each.byte_count
            if byte_count <= KEPT_BYTES:
                kept.append(each)
            else:
                kept.clear()
        if byte_count <= KEPT_BYTES:
            self._kept = kept

    def _run(self) -> Iterator[_Passing]:
        spec, matrices = self._spec, self._matrices
        with on_the_way(matrices, spec.place):
            for flows in stream_flows(self._model, matrices, self._train, batch_size=spec.batch_size, seed=spec.seed):
                sampled, true = (
                    [of_weight(some, weight) for weight in self.weights] for some in (flows.sampled, flows.true)
                )
                yield _Passing(flows.positions, sampled, true)


class _Rows:
    """White rows that are being hashed."""

    def __init__(self, weights: list[AdaptedWeight], whitening: Whitening, count: int, spec: HashedSpec) -> None:
        width = min(spec.size, weights[-1].stop)
        self.weights, self._whitening = weights, whitening
        self.filled = torch.zeros(count, width)
        # one generator for all: torch reads 32 bits of a seed, so seeds that are 2**32 apart are the same
        generator = torch.Generator().manual_seed(spec.seed)
        self._hashes = [_Hash.drawn(weight, spec.size, generator) for weight in weights] if width == spec.size else []

    def fill(self, positions: Sequence[int], flows: Sequence[Flow]) -> None:
        """Adds what passes the adapted weights to the rows at `positions`."""
        for number, (flow, basis) in enumerate(zip(flows, self._whitening.bases, strict=True)):
            part = slice(basis.start, basis.stop)
            white = _turned(flow, basis).mul_(self._whitening.inverse_root[part])
            for position, row in zip(positions, white, strict=True):
                if self._hashes:
                    self._hashes[number].add(row, self.filled[position])
                else:
                    self.filled[position, part] = row


@dataclass(frozen=True, slots=True)
class _Hash:
    """One weight's part of the hash."""

    buckets: Tensor
    signs: Tensor

    @staticmethod
    def drawn(weight: AdaptedWeight, size: int, generator: torch.Generator) -> _Hash:
        count = weight.stop - weight.start
        buckets = torch.randint(size, (count,), generator=generator, dtype=torch.int32)
        return _Hash(buckets, torch.randint(2, (count,), generator=generator, dtype=torch.int8) * 2 - 1)

    def add(self, row: Tensor, total: Tensor) -> None:
        """Adds the numbers of a row to their buckets of `total` `(size,)`, in the order of the row."""
        total.index_add_(0, self.buckets, row * self.signs)


def _turned(flow: Flow, basis: Basis) -> Tensor:
    """The gradients in the eigenbasis, `(batch, n_out * n_in)`. What flows is turned, which is cheaper than turning the
    product while texts are short; `bmm`, so that no example's bits depend on its neighbours.
    """
    count = len(flow.inputs)
    left, right = (side.expand(count, -1, -1) for side in (basis.left, basis.right))
    return torch.bmm(torch.bmm(flow.gradients, left).mT, torch.bmm(flow.inputs, right)).flatten(1)
