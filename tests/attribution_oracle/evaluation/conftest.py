"""A retrain bank of a tiny random model, made with the functions that anybody would make one with."""

import numpy as np
import pytest
import torch

from attribution_oracle.evaluation.bank import BankRow, Group, write_bank

CONTRIBUTORS = ("ada", "ben", "cleo")
SEEDS = (5, 6)


def make_tiny_bank(folder):
    """Three contributors of four rows each, six queries (the last without an owner), two adapters."""
    from peft import LoraConfig, get_peft_model
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=50, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2
    )
    for seed in SEEDS:
        torch.manual_seed(seed)
        base = LlamaForCausalLM(config)
        if seed == SEEDS[0]:
            base.save_pretrained(folder / "base")
        lora = LoraConfig(r=2, target_modules=["v_proj", "o_proj"], init_lora_weights=False)
        get_peft_model(base, lora).save_pretrained(folder / "adapters" / str(seed))
    words = {f"w{k}": k for k in range(50)}
    Tokenizer(models.WordLevel(words, unk_token="w0")).save(str(folder / "base" / "tokenizer.json"))
    draw = np.random.default_rng(0)

    def row(contributor, *tags):
        return BankRow(draw.integers(0, 50, size=int(draw.integers(5, 9))).tolist(), 2, contributor, tags)

    train = [row(name) for name in CONTRIBUTORS for _ in range(4)]
    queries = [row(name, "reworded") for name in CONTRIBUTORS] + [row("ada"), row("ben"), row(None)]
    halves = np.stack([draw.permutation(12) < 6 for _ in range(8)])
    without = np.stack([np.array([r.contributor != name for r in train]) for name in CONTRIBUTORS])
    groups = {
        "half": Group((0, 1), halves, draw.normal(10, 1, size=(2, 8, 6)).astype(np.float32)),
        "without": Group((5, 6), without, draw.normal(10, 1, size=(2, 3, 6)).astype(np.float32), CONTRIBUTORS),
        "full": Group((5, 6), np.ones((1, 12), bool), draw.normal(9, 1, size=(2, 1, 6)).astype(np.float32)),
    }
    return write_bank(folder, train=train, queries=queries, groups=groups, contributors=CONTRIBUTORS, notes={})


@pytest.fixture(scope="session")
def tiny_bank(tmp_path_factory):
    """A bank that tests read but do not change."""
    return make_tiny_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def bank_copy(tiny_bank, tmp_path):
    """The folder of a bank that a test may spoil."""
    import shutil

    return shutil.copytree(tiny_bank.folder, tmp_path / "bank")
