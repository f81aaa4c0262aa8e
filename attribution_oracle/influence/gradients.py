"""Exact gradients of the loss of single examples with respect to the LoRA matrices of a model.

Formulas, for a LoRA matrix `W` (out, in) used as `y = W x` at positions `t` of one example:
    dloss/dW = sum over t of g[t] x[t]^T,   g[t] = dloss/dy[t]                           (out, in)
The loss, a sum over the example's predictions, is a matter of `heads`: a text predicts its completion, an image or a
sound its class. Where a matrix is applied more than once in a forward pass, the sum runs over all its uses.

Only LoRA matrices are rows: of an adapter that also trains other weights (`modules_to_save`, such as a classifier),
those have no part in them.

Each product `g x^T` is made where its `g` passes (`tape`). Examples share a batch only when they have the same shape,
so nothing is padded and nothing is masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attribution_oracle.influence.draws import sample_labels as sample_labels
from attribution_oracle.influence.draws import uniform_numbers
from attribution_oracle.influence.heads import Encoded as Encoded
from attribution_oracle.influence.heads import Example, Outcome, head_of
from attribution_oracle.influence.heads import Labelled as Labelled
from attribution_oracle.influence.heads import length_batches as length_batches
from attribution_oracle.influence.tape import Flow as Flow
from attribution_oracle.influence.tape import LoraMatrix as LoraMatrix
from attribution_oracle.influence.tape import Take, Tape
from attribution_oracle.influence.tape import lora_matrices as lora_matrices


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of one batch in canonical order: for the true labels, and for labels that the model drew itself."""

    positions: list[int]
    true: list[Flow]
    sampled: list[Flow]


def per_example_gradients(
    model: nn.Module, examples: Sequence[Example], *, batch_size: int = 1, out: Tensor | None = None
) -> Tensor:
    """The gradient rows `(n_examples, P)` of the examples' losses, float32, in the order of `examples`.

    They are written to `out`, on whatever device it is, or to a new tensor on the CPU.
    """
    matrices = lora_matrices(model)
    rows = torch.empty(len(examples), matrices[-1].stop) if out is None else out
    for batch in _batches(model, matrices, examples, batch_size, ()):
        batch.write(0, rows)
    return rows


def sampled_gradients(
    model: nn.Module, examples: Sequence[Example], *, seeds: Sequence[int], batch_size: int = 1
) -> Tensor:
    """The gradient rows `(n_seeds, n_examples, P)` of labels that the model draws, on its device; one forward pass."""
    matrices = lora_matrices(model)
    device = matrices[0].module.weight.device
    rows = torch.empty(len(seeds), len(examples), matrices[-1].stop, device=device)
    for batch in _batches(model, matrices, examples, batch_size, seeds):
        for draw, drawn in enumerate(rows):
            batch.write(1 + draw, drawn)
    return rows


def write_rows(rows: Tensor, positions: Sequence[int], flows: Sequence[Flow]) -> None:
    """Fills `rows[positions]` with the outer products of the flows, summed over time."""
    start, where = 0, _where(positions)
    for product in map(_product, flows):
        stop = start + product[0].numel()
        rows[where, start:stop] = product.flatten(1).to(rows.device)
        start = stop


def stream_flows(
    model: nn.Module, matrices: Sequence[LoraMatrix], examples: Sequence[Example], *, batch_size: int, seed: int | None
) -> Iterator[Flows]:
    """The flows of all examples, batch by batch; with a seed also those of sampled labels (else `sampled` is empty).

    One forward pass and one output-head product serve both kinds of label. The model is left as it was found.
    """
    for batch in _batches(model, matrices, examples, batch_size, () if seed is None else (seed,)):
        yield Flows(batch.positions, batch.flows(0), [] if seed is None else batch.flows(1))


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread, undone at the end: the order of float additions must not depend on the host's cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Inside the block the model is in evaluation mode: no dropout."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@dataclass(frozen=True, slots=True)
class _Batch:
    """One batch after its forward pass; labellings are to be gone through in order, each at most once, the last too."""

    positions: list[int]
    outcome: Outcome
    tape: Tape

    def write(self, labelling: int, rows: Tensor) -> None:
        """Fills `rows[positions]` with the gradients of one labelling."""
        # Off the CPU, one transfer a batch instead of one a matrix.
        here = rows.device == self.outcome.root.device
        target = rows if here else torch.empty(len(self.positions), rows.shape[1], device=self.outcome.root.device)
        where = _where(self.positions) if here else slice(None)
        written: set[int] = set()

        def take(index: int, flow: Flow) -> None:
            matrix, product = self.tape.matrices[index], _product(flow).flatten(1)
            if index in written:
                product += target[where, matrix.start : matrix.stop]
            target[where, matrix.start : matrix.stop] = product
            written.add(index)

        self._backward(labelling, take)
        for index in set(range(len(self.tape.matrices))) - written:  # no path leads from it to the loss
            target[where, self.tape.matrices[index].start : self.tape.matrices[index].stop] = 0.0
        if not here:
            rows[_where(self.positions)] = target.to(rows.device)

    def flows(self, labelling: int) -> list[Flow]:
        """The flows of one labelling, in canonical order; several uses of a matrix follow each other in time."""
        found: list[list[Flow]] = [[] for _ in self.tape.matrices]
        self._backward(labelling, lambda index, flow: found[index].append(flow))
        return [self._joined(index, uses) for index, uses in enumerate(found)]

    def _joined(self, index: int, uses: list[Flow]) -> Flow:
        if len(uses) == 1:
            return uses[0]
        n_out, n_in = self.tape.matrices[index].shape
        none = [self.tape.anchor.new_zeros(len(self.positions), 0, n).detach() for n in (n_in, n_out)]
        inputs = torch.cat([none[0], *(use.inputs for use in uses)], dim=1)
        return Flow(inputs, torch.cat([none[1], *(use.gradients for use in uses)], dim=1))

    def _backward(self, labelling: int, take: Take) -> None:
        upstreams = self.outcome.upstreams
        self.tape.take = take
        torch.autograd.grad(
            self.outcome.root,
            self.tape.anchor,
            upstreams[labelling],
            retain_graph=labelling + 1 < len(upstreams),
            allow_unused=True,
        )


def _batches(
    model: nn.Module,
    matrices: Sequence[LoraMatrix],
    examples: Sequence[Example],
    batch_size: int,
    seeds: Sequence[int],
) -> Iterator[_Batch]:
    if not examples:
        return
    tape = Tape(matrices)
    device = tape.anchor.device
    with single_thread(), evaluating(model):
        head = head_of(model, examples)
        for positions in head.batches(examples, batch_size):
            batch = [examples[position] for position in positions]
            counted = list(zip(positions, head.counts(batch), strict=True))
            uniforms = [
                torch.cat([uniform_numbers(n, seed=seed, position=p) for p, n in counted]).to(device) for seed in seeds
            ]
            tape.count = len(batch)
            with torch.enable_grad(), tape.recording():
                outcome = head.outcome(batch, uniforms)
            yield _Batch(positions, outcome, tape)


def _product(flow: Flow) -> Tensor:
    """`(batch, n_out, n_in)`; the narrow side goes first, which a batched product of small matrices does faster."""
    if flow.gradients.shape[2] <= flow.inputs.shape[2]:
        return torch.bmm(flow.gradients.mT, flow.inputs)
    return torch.bmm(flow.inputs.mT, flow.gradients).mT


def _where(positions: Sequence[int]) -> Any:
    """An index of rows: a slice where the positions are consecutive, which spares a gathering copy."""
    first, count = positions[0], len(positions)
    return slice(first, first + count) if list(positions) == list(range(first, first + count)) else list(positions)
