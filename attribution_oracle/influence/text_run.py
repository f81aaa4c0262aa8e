"""A recorded training of texts as a function of its parameters, twice differentiable: what `metagradient` goes through.

term_i(theta) = -1/n  sum over the completion tokens of example i of log p_theta,    n those of the whole batch
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import pad_sequence

from attribution_oracle.influence.gradients import evaluating, lora_matrices, single_thread
from attribution_oracle.influence.heads import Encoded
from attribution_oracle.influence.metagradient import Run
from attribution_oracle.influence.trajectory import Trajectory


def text_run(model: Any, train: Sequence[Encoded], trajectory: Trajectory, *, root: float) -> Run:
    """The training to be replayed, `root` being added under AdamW's root (`metagradient` says why)."""

    def terms(parameters: Tensor, positions: Tensor) -> Tensor:
        batch = [train[position] for position in positions.tolist()]
        predictions = sum(len(text.input_ids) - text.completion_start for text in batch)
        return text_losses(model, parameters, batch).div(predictions)

    optimizer = replace(trajectory.optimizer, root=root)
    return Run(terms, trajectory.start, trajectory.batches, trajectory.rates, optimizer)


def text_losses(model: Any, parameters: Tensor, texts: Sequence[Encoded]) -> Tensor:
    """The loss `(n,)` of each text with the LoRA parameters `(P,)`, a sum over its completion tokens."""
    state = {
        f"{matrix.name}.weight": parameters[matrix.start : matrix.stop].view(matrix.shape)
        for matrix in lora_matrices(model)
    }
    ids = pad_sequence([torch.tensor(text.input_ids) for text in texts], batch_first=True)
    mask = pad_sequence([torch.ones(len(text.input_ids), dtype=torch.long) for text in texts], batch_first=True)
    inputs = {"input_ids": ids, "attention_mask": mask, "use_cache": False}
    logits = functional_call(model, state, (), inputs).logits[:, :-1]
    places = torch.arange(ids.shape[1] - 1)
    first = torch.tensor([text.completion_start - 1 for text in texts])[:, None]
    predicts = (places >= first) & (mask[:, 1:] > 0)
    tokens = functional.cross_entropy(logits[predicts].float(), ids[:, 1:][predicts], reduction="none")
    return tokens.new_zeros(len(texts)).index_add(0, predicts.nonzero(as_tuple=True)[0], tokens)


@contextmanager
def twice_differentiable(model: Any) -> Iterator[None]:
    """Inside the block attention is written out, dropout is off, and one thread computes."""
    with single_thread(), evaluating(model), sdpa_kernel(SDPBackend.MATH):
        yield
