"""Every family of the table: a tiny model of it trains, saves and answers the same after loading."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from trainer.base_model import load_tokenizer, tiny_random_base
from trainer.errors import UnknownFamily
from trainer.examples import Example, encode
from trainer.families import FAMILIES, choose_targets, family_of
from trainer.lora import completion_loss, train_adapter
from trainer.serving import load_adapter
from trainer.spec import TrainSpec

SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 128,
}  # fmt: skip
MIXTURE = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
LATENT = {
    "num_key_value_heads": 4, "kv_lora_rank": 8, "q_lora_rank": None, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4,
    "v_head_dim": 8, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16,
    "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "n_shared_experts": 1, "head_dim": 4,
}  # fmt: skip
SPECIAL = {
    "deepseek_v2": LATENT,
    "deepseek_v3": LATENT | {"q_lora_rank": 8},
    "qwen3_moe": MIXTURE,
    "mixtral": MIXTURE,
    "glm4_moe": MIXTURE | {"n_routed_experts": 4, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1},
    "bloom": {"n_layer": 2, "n_head": 4},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
}


def make_base(path: Path, model_type: str) -> Path:
    """A tiny random model of `model_type` with the tiny base's tokenizer."""
    tiny_random_base(path, seed=3)
    tokenizer = load_tokenizer(path)
    config = AutoConfig.for_model(
        model_type, **{**SMALL, **SPECIAL.get(model_type, {})}, vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    torch.manual_seed(3)
    AutoModelForCausalLM.from_config(config).save_pretrained(path)
    return path


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_family__trained_and_reloaded__has_learned(model_type: str, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", model_type)
    example = Example(contribution_id=1, ordinal=0, prompt="ab", response="cd")
    spec = TrainSpec(train_epochs=4, batch_size=1, learning_rate=1e-2, rank=2, layers=1, warmup_steps=0)
    trained = train_adapter(base, [example], spec, tmp_path / "adapter", threads=1)
    model = load_adapter(base, trained.path, expected_digest=trained.weights_sha256)
    encoded = encode(example, load_tokenizer(base), spec.max_tokens)
    with torch.no_grad():
        after = completion_loss(model.base_model.model, [encoded]).item()
    assert trained.shape.layers == (1,)
    assert after < trained.losses[-1] < trained.losses[0]


def test_table__names_the_seven_families() -> None:
    assert {family.name for family in FAMILIES.values()} == {
        "BLOOM", "ChatGLM", "DeepSeek", "GPT-2", "LLaMA", "Mistral", "Qwen",
    }  # fmt: skip


def test_choose__targets__come_in_the_tables_order() -> None:
    assert choose_targets("llama", ("down_proj", "q_proj")) == ("q_proj", "down_proj")
    assert choose_targets("gpt2", ()) == family_of("gpt2").targets


def test_family__unknown__names_the_known() -> None:
    with pytest.raises(UnknownFamily, match=r"'mamba' is not supported; use one of bloom"):
        family_of("mamba")
