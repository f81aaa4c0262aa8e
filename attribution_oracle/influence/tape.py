"""What passes the LoRA matrices of a model: their inputs, and on the way back the gradients of their outputs.

No weight's gradient is formed for a whole batch: the backward pass stops at the lowest adapted layer and goes through
activations alone, and what passes a matrix is handed over where it passes, so that it can be let go at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


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


Take = Callable[[int, Flow], None]


def lora_matrices(model: Any) -> list[LoraMatrix]:
    """The active adapter's LoRA matrices in canonical order: by module name, so `lora_A` before `lora_B` of a target.

    Raises ValueError when there are none, when one is not a float32 linear map without bias, or when the adapter
    trains what such rows would leave out (embeddings, DoRA's magnitudes).
    """
    ends = tuple(f".{side}.{model.active_adapter}" for side in ("lora_A", "lora_B"))
    others = tuple(
        f".{side}.{model.active_adapter}" for side in ("lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector")
    )
    for name in (name for name, _ in (*model.named_modules(), *model.named_parameters()) if name.endswith(others)):
        raise ValueError(f"{name} is no part of a gradient row; expected plain LoRA on linear maps; train such an one")
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


class _Tap(torch.autograd.Function):
    """The identity on a LoRA matrix's output; on the way back it hands the gradient, with the input, to the tape."""

    @staticmethod
    def forward(ctx: Any, output: Tensor, anchor: Tensor, inputs: Tensor, tape: Tape, index: int) -> Tensor:
        ctx.save_for_backward(inputs)
        ctx.tape, ctx.index = tape, index
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        count = ctx.tape.count
        ctx.tape.take(ctx.index, Flow(*(_timed(part[:count]) for part in (*ctx.saved_tensors, gradient))))
        return gradient if ctx.needs_input_grad[0] else None, None, None, None, None


class Tape:
    """Puts a tap behind each LoRA matrix; what passes them goes to `take`.

    All taps hang on `anchor`. A derivative with respect to it runs through every one of them, whether the matrices'
    own weights require gradients or not, and through no weight. Of a batch only the first `count` examples are taken.
    """

    def __init__(self, matrices: Sequence[LoraMatrix]) -> None:
        self.matrices = matrices
        self.anchor = torch.zeros((), device=matrices[0].module.weight.device, requires_grad=True)
        self.count = 0
        self.take: Take = lambda _index, _flow: None
        self._called: set[int] = set()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Inside the block, the matrices' outputs are tapped; raises ValueError at its end if one was not applied."""
        self._called.clear()
        handles = [m.module.register_forward_hook(self._hook(index)) for index, m in enumerate(self.matrices)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
        for index in sorted(set(range(len(self.matrices))) - self._called)[:1]:
            raise ValueError(
                f"{self.matrices[index].name} was not applied in the forward pass; expected an adapter that is "
                "neither merged nor disabled, on linear maps of every example's path; unmerge it or train another"
            )

    def _hook(self, index: int) -> Any:
        def tap(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            self._called.add(index)
            tapped: Tensor = _Tap.apply(output, self.anchor, inputs[0].detach(), self, index)  # type: ignore[no-untyped-call]
            return tapped

        return tap


def _timed(part: Tensor) -> Tensor:
    """`(batch, time, n)`: a matrix on one vector of each example has one time; further axes are times too."""
    return part.unsqueeze(1) if part.dim() == 2 else part.flatten(1, -2)
