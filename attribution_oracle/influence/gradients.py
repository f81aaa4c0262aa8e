"""Exact gradients of the loss of single examples with respect to the LoRA matrices of a model.

Formulas, for a LoRA matrix `W` (out, in) used as `y = W x` at positions `t` of one example:
    loss(z)  = - sum over completion positions t of log p(label[t] | input_ids[:t])     a sum, not a mean
    dloss/dW = sum over t of g[t] x[t]^T,   g[t] = dloss/dy[t]                           (out, in)
    dloss/dh = p V - V[label]   for hidden states h before an output head of weights V   (softmax cross-entropy)

Only completion positions reach the output head, because logits over a vocabulary are the dearest product of a small
model. Everything below the lowest adapted layer builds no graph. Examples share a batch only when they have the same
length, so nothing is padded and nothing is masked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class Encoded(Protocol):
    """A tokenised example; tokens from `completion_start` on are what the model is held to."""

    @property
    def input_ids(self) -> list[int]: ...

    @property
    def completion_start(self) -> int: ...


@dataclass(frozen=True, slots=True)
class LoraMatrix:
    """One trained matrix and its place `[start, stop)` in a gradient row (row-major, shape `(n_out, n_in)`)."""

    name: str
    module: nn.Linear
    start: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.module.out_features, self.module.in_features

    @property
    def stop(self) -> int:
        return self.start + self.module.weight.numel()


@dataclass(frozen=True, slots=True)
class Flow:
    """What passed one LoRA matrix: inputs `(batch, time, n_in)`, loss gradients of outputs `(batch, time, n_out)`."""

    inputs: Tensor
    gradients: Tensor


@dataclass(frozen=True, slots=True)
class Flows:
    """The flows of one batch in canonical order: for the true labels, and for labels that the model drew itself."""

    positions: list[int]
    true: list[Flow]
    sampled: list[Flow]


def lora_matrices(model: Any) -> list[LoraMatrix]:
    """The active adapter's LoRA matrices in canonical order: by module name, so `lora_A` before `lora_B` of a target.

    Raises ValueError when there are none, or when one is not a float32 linear map without bias.
    """
    ends = tuple(f".{side}.{model.active_adapter}" for side in ("lora_A", "lora_B"))
    found = sorted((name, module) for name, module in model.named_modules() if name.endswith(ends))
    matrices: list[LoraMatrix] = []
    start = 0
    for name, module in found:
        if not isinstance(module, nn.Linear) or module.bias is not None or module.weight.dtype != torch.float32:
            raise ValueError(
                f"{name} is {module!r}; expected a float32 nn.Linear without bias; load the adapter in float32"
            )
        matrices.append(LoraMatrix(name, module, start))
        start = matrices[-1].stop
    if not matrices:
        raise ValueError("the model has no lora_A or lora_B modules; expected a peft LoRA model; load an adapter first")
    return matrices


def per_example_gradients(model: nn.Module, examples: Sequence[Encoded], *, batch_size: int = 1) -> Tensor:
    """The gradient rows `(n_examples, P)` of the examples' losses, float32, in the order of `examples`."""
    matrices = lora_matrices(model)
    rows = torch.empty(len(examples), matrices[-1].stop)
    for flows in stream_flows(model, matrices, examples, batch_size=batch_size, seed=None):
        write_rows(rows, flows.positions, flows.true)
    return rows


def write_rows(rows: Tensor, positions: Sequence[int], flows: Sequence[Flow]) -> None:
    """Fills `rows[positions]` with the outer products of the flows, summed over time."""
    products = [torch.einsum("bto,bti->boi", flow.gradients, flow.inputs).flatten(1) for flow in flows]
    rows[positions] = torch.cat(products, dim=1)


def stream_flows(
    model: nn.Module, matrices: Sequence[LoraMatrix], examples: Sequence[Encoded], *, batch_size: int, seed: int | None
) -> Iterator[Flows]:
    """The flows of all examples, batch by batch; with a seed also those of sampled labels (else `sampled` is empty).

    One forward pass and one output-head product serve both kinds of label. The model is left as it was found.
    """
    with single_thread(), _evaluating(model):
        for positions in length_batches(examples, batch_size):
            yield _batch_flows(model, matrices, positions, [examples[i] for i in positions], seed)


def length_batches(examples: Sequence[Encoded], batch_size: int) -> list[list[int]]:
    """Positions of examples of equal length, at most `batch_size` together, shortest first, then by position."""
    by_length: dict[int, list[int]] = {}
    for position, example in enumerate(examples):
        if not 0 < example.completion_start < len(example.input_ids):
            raise ValueError(
                f"example {position} has {len(example.input_ids)} tokens and its completion starts at "
                f"{example.completion_start}; expected at least one token before and after; drop it or raise max_tokens"
            )
        by_length.setdefault(len(example.input_ids), []).append(position)
    return [
        group[k : k + batch_size] for _, group in sorted(by_length.items()) for k in range(0, len(group), batch_size)
    ]


def sample_labels(probabilities: Tensor, *, seed: int, position: int) -> Tensor:
    """One label from each row of `probabilities` `(n, vocabulary)`, keyed by the example's position, not by batches.

    It is the first label whose cumulative probability reaches a uniform number: `torch.multinomial` draws a number for
    each word of the vocabulary and took 8 % of the whole index.
    """
    key = hashlib.sha256(f"openledger-fisher/1:{seed}:{position}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(key[:7], "big"))
    uniform = torch.rand(len(probabilities), 1, generator=generator, dtype=torch.float64)
    cumulative = probabilities.double().cumsum(1)
    return torch.searchsorted(cumulative, uniform * cumulative[:, -1:])[:, 0].clamp_max(probabilities.shape[1] - 1)


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
def _evaluating(model: nn.Module) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def _taped(matrices: Sequence[LoraMatrix]) -> Iterator[dict[int, tuple[Tensor, Tensor]]]:
    """Records inputs and outputs of the LoRA matrices, by canonical index, while the block runs."""
    tape: dict[int, tuple[Tensor, Tensor]] = {}

    def record(index: int, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        # An adapter loaded for serving is frozen: its first output is then a leaf, and the graph starts here.
        tape[index] = (inputs[0].detach(), output if output.requires_grad else output.requires_grad_())
        return output

    def hook(index: int) -> Any:
        return lambda _module, inputs, output: record(index, inputs, output)

    handles = [matrix.module.register_forward_hook(hook(index)) for index, matrix in enumerate(matrices)]
    try:
        yield tape
    finally:
        for handle in handles:
            handle.remove()


def _batch_flows(
    model: Any, matrices: Sequence[LoraMatrix], positions: list[int], batch: Sequence[Encoded], seed: int | None
) -> Flows:
    causal = model.get_base_model()
    with torch.enable_grad(), _taped(matrices) as tape:
        ids = torch.tensor([example.input_ids for example in batch])
        hidden = causal.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    # Position t predicts token t + 1, so completion tokens are predicted from one position earlier.
    places = [(i, t) for i, e in enumerate(batch) for t in range(e.completion_start - 1, len(e.input_ids) - 1)]
    at = torch.tensor(places).T
    labels = ids[at[0], at[1] + 1]
    head = causal.get_output_embeddings()
    with torch.no_grad():
        probabilities = torch.softmax(head(hidden[at[0], at[1]]), dim=1)
        expected = probabilities @ head.weight
        labellings = [labels]
        if seed is not None:
            counts = [len(e.input_ids) - e.completion_start for e in batch]
            parts = zip(positions, torch.split(probabilities, counts), strict=True)
            labellings.append(torch.cat([sample_labels(part, seed=seed, position=p) for p, part in parts]))
    outputs = [tape[index][1] for index in range(len(matrices))]
    found = []
    for drawn in labellings:
        upstream = torch.zeros_like(hidden)
        upstream[at[0], at[1]] = expected - head.weight[drawn].detach()
        gradients = torch.autograd.grad(hidden, outputs, upstream, retain_graph=True)
        found.append([Flow(tape[index][0], gradient) for index, gradient in enumerate(gradients)])
    return Flows(positions, found[0], found[1] if len(found) > 1 else [])
