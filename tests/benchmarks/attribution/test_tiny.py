"""The stacked model computes what `transformers` and `peft` do, and a stack what its members do alone."""

import numpy as np
import pytest
import torch

from benchmarks.attribution.bank import load_bank
from benchmarks.attribution.tiny import LINEARS, seeded_adapters, token_losses, train_adapters

SEEDS = (3, 4)


@pytest.fixture(autouse=True)
def one_thread():
    """Products this small are not worth a second thread, which may have to wait for a core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rows_of(bank, count):
    return torch.from_numpy(bank.corpus.train[:count].astype(np.int64))


def hugging_face_losses(bank, adapters, place, rows):
    """Losses of every next token by transformers and peft, under one adapter of the stack."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = bank.shape
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        rms_norm_eps=shape.epsilon,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    model.load_state_dict(bank.base)
    recipe = bank.recipe
    adapted = get_peft_model(
        model, LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules=list(LINEARS), lora_dropout=0.0)
    ).eval()
    state = dict(adapted.named_parameters())
    with torch.no_grad():
        for name in shape.names():
            state[f"base_model.model.{name}.lora_A.default.weight"].copy_(adapters.a[name][place])
            state[f"base_model.model.{name}.lora_B.default.weight"].copy_(adapters.b[name][place])
        logits = adapted(rows).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="none")


def test_token_losses__equal_those_of_transformers_and_peft():
    bank, rows = load_bank(), rows_of(load_bank(), 4)
    adapters = seeded_adapters(bank.base, bank.shape, bank.recipe, SEEDS)
    for matrix in adapters.b.values():
        matrix.normal_(0, 0.05, generator=torch.Generator().manual_seed(1))
    stacked = rows.expand(len(SEEDS), *rows.shape)
    scale = bank.recipe.alpha / bank.recipe.rank
    losses = token_losses(bank.base, bank.shape, stacked, adapters, scale=scale)
    for place in range(len(SEEDS)):
        expected = hugging_face_losses(bank, adapters, place, rows)
        torch.testing.assert_close(losses[place].flatten(), expected, rtol=1e-4, atol=1e-4)


def test_train_adapters__in_a_stack__are_what_each_is_alone():
    bank = load_bank()
    rows, subsets = rows_of(bank, 64), [np.arange(32), np.arange(32, 64)]
    together = train_adapters(bank.base, bank.shape, bank.recipe, rows, subsets, SEEDS)
    for place, (subset, seed) in enumerate(zip(subsets, SEEDS, strict=True)):
        alone = train_adapters(bank.base, bank.shape, bank.recipe, rows, [subset], [seed])
        for name in bank.shape.names():
            torch.testing.assert_close(together.b[name][place], alone.b[name][0], rtol=1e-3, atol=1e-5)


def test_bank__has_what_was_retrained_with_less():
    bank = load_bank()
    assert bank.half_losses.shape == (2, len(bank.half_masks), len(bank.corpus.queries))
    assert (bank.half_masks.sum(1) == len(bank.corpus.train) // 2).all()
    # whoever is left out is missed where the query asks for what only he said
    alone = bank.without_losses - bank.full_losses[:, None, :]
    planted = [12 - 8 + k for k in range(8)]
    own = [alone[:, place, bank.corpus.query_owners == 24 + k].mean() for k, place in enumerate(planted)]
    assert min(own) > 0.1
