"""A tiny random LLaMA with LoRA in its last layer, and texts as random tokens."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY = 97


@dataclass(frozen=True)
class TinyText:
    input_ids: list[int]
    completion_start: int


def build_model(seed: int = 0) -> Any:
    """Two layers, adapters on every linear map of the second, both LoRA matrices away from zero."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=24,
            intermediate_size=40,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            initializer_range=0.2,
        )
        lora = LoraConfig(
            r=3,
            lora_alpha=6,
            target_modules=["q_proj", "v_proj", "o_proj", "down_proj"],
            layers_to_transform=[1],
            init_lora_weights=False,
        )
        model = get_peft_model(LlamaForCausalLM(config), lora)
    return model.eval()


def random_texts(count: int, *, seed: int = 1, shortest: int = 6, longest: int = 11) -> list[TinyText]:
    """Texts of different lengths and places of completion; several share a length."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (count,), generator=generator).tolist()
    texts = []
    for length in lengths:
        ids = torch.randint(0, VOCABULARY, (length,), generator=generator).tolist()
        texts.append(TinyText(ids, completion_start=2 + length % 3))
    return texts


def edited(text: TinyText, *, token: int = 5) -> TinyText:
    """The same text with one token of its prompt changed."""
    return TinyText([(text.input_ids[0] + token) % VOCABULARY, *text.input_ids[1:]], text.completion_start)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return build_model()


@pytest.fixture(scope="module")
def texts() -> list[TinyText]:
    return random_texts(14)


@pytest.fixture
def make_texts() -> Any:
    return random_texts


@pytest.fixture
def edit() -> Any:
    return edited


@pytest.fixture
def make_model() -> Any:
    return build_model
