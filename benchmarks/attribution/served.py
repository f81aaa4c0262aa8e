"""Adapters of the bank as `transformers` and `peft` models: what methods and other libraries are run on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.attribution.bank import Bank
from benchmarks.attribution.tiny import LINEARS, Adapters, Shape, train_adapters


@dataclass(frozen=True, slots=True)
class Row:
    """A tokenised row of the corpus; every token but the first is held to account."""

    input_ids: list[int]
    completion_start: int = 1


def rows_of(tokens: NDArray[np.int16]) -> list[Row]:
    """Rows of token ids `(n, time)`."""
    return [Row([int(token) for token in line]) for line in tokens]


def trained(bank: Bank, seeds: Sequence[int]) -> Adapters:
    """Adapters of the whole corpus, one for each seed (0 to 3 are those of the bank's `full` group; others are new)."""
    rows = torch.from_numpy(bank.corpus.train.astype(np.int64))
    everything = [np.arange(len(rows))] * len(seeds)
    return train_adapters(bank.base, bank.shape, bank.recipe, rows, everything, list(seeds))


def base_config(shape: Shape) -> Any:
    """The `transformers` configuration of a base of this shape."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        rms_norm_eps=shape.epsilon,
        tie_word_embeddings=False,
        architectures=["LlamaForCausalLM"],
    )


def peft_model(bank: Bank, adapters: Adapters, place: int) -> Any:
    """The bank's base with the adapter at `place` of a stack, in evaluation mode; its LoRA parameters require grad."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    shape, recipe = bank.shape, bank.recipe
    base = LlamaForCausalLM(base_config(shape))
    base.load_state_dict(dict(bank.base))
    lora = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(LINEARS), lora_dropout=0.0)
    model = get_peft_model(base, lora).eval()
    state = dict(model.named_parameters())
    with torch.no_grad():
        for name in shape.names():
            state[f"base_model.model.{name}.lora_A.default.weight"].copy_(adapters.a[name][place])
            state[f"base_model.model.{name}.lora_B.default.weight"].copy_(adapters.b[name][place])
    return model
