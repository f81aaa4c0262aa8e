"""The layers below the first adapted one never change: what they compute is computed once, not once a train epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trainer.examples import Encoded
from trainer.families import FAMILIES

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_MAX_STATE_BYTES = 1 << 29


def frozen_states(model: PreTrainedModel, encoded: Sequence[Encoded], first: int) -> list[Tensor] | None:
    """The state `(tokens, d)` of each example as it enters layer `first`.

    None where the model must run whole: its family adds something after the embeddings that `from_layer` cannot
    leave out, nothing is frozen, or the states would pass half a gibibyte.
    """
    import torch

    size = sum(len(row.input_ids) for row in encoded) * model.config.hidden_size * 4
    if first == 0 or not FAMILIES[model.config.model_type].starts_anywhere or size > _MAX_STATE_BYTES:
        return None
    decoder: Any = model.base_model
    device = next(model.parameters()).device
    states: list[Tensor] = []
    hook = decoder.layers[first].register_forward_pre_hook(lambda _, inputs: states.append(inputs[0][0].clone()))
    try:
        with torch.no_grad(), _layers(decoder, slice(0, first + 1)):
            for row in encoded:
                decoder(input_ids=torch.tensor([row.input_ids], device=device), use_cache=False)
    finally:
        hook.remove()
    return states


@contextmanager
def from_layer(model: PreTrainedModel, first: int) -> Iterator[None]:
    """Inside the block `model` starts at layer `first`, which takes `inputs_embeds` as its input."""
    with _layers(model.base_model, slice(first, None)):
        yield


@contextmanager
def _layers(decoder: Any, kept: slice) -> Iterator[None]:
    layers = decoder.layers
    decoder.layers = layers[kept]
    try:
        yield
    finally:
        decoder.layers = layers
