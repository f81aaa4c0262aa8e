"""The model families that the trainer knows: which layers carry LoRA in each.

The library's own defaults are not used: they are missing for GLM and for every mixture of experts, and "all linear
layers" of a mixture also adapts its router. In a mixture of experts only attention is adapted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.errors import UnknownFamily

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_DENSE = (*_ATTENTION, "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Family:
    """A family by its name, the projections that LoRA may adapt, and the name of its list of layers.

    `starts_anywhere`: the embeddings enter the first layer unchanged, and all layers are called alike.
    """

    name: str
    targets: tuple[str, ...]
    layer_list: str = "layers"
    starts_anywhere: bool = False


FAMILIES: dict[str, Family] = {
    "deepseek_v2": Family("DeepSeek", ("q_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj")),
    "deepseek_v3": Family("DeepSeek", ("q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj")),
    "qwen2": Family("Qwen", _DENSE, starts_anywhere=True),
    "qwen3": Family("Qwen", _DENSE, starts_anywhere=True),
    "qwen3_moe": Family("Qwen", _ATTENTION),
    "mistral": Family("Mistral", _DENSE, starts_anywhere=True),
    "mixtral": Family("Mistral", _ATTENTION),
    "llama": Family("LLaMA", _DENSE, starts_anywhere=True),  # also the LLaMA-shaped DeepSeek-R1 distillations
    "bloom": Family("BLOOM", ("query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"), "h"),
    "gpt2": Family("GPT-2", ("c_attn", "c_proj", "c_fc"), "h"),
    "glm": Family("ChatGLM", (*_ATTENTION, "gate_up_proj", "down_proj")),
    "glm4": Family("ChatGLM", (*_ATTENTION, "gate_up_proj", "down_proj")),
    "glm4_moe": Family("ChatGLM", _ATTENTION),
}


def family_of(model_type: str) -> Family:
    """The family of a `config.json`'s `model_type`; raises UnknownFamily."""
    try:
        return FAMILIES[model_type]
    except KeyError:
        known = ", ".join(sorted(FAMILIES))
        raise UnknownFamily(f"model type {model_type!r} is not supported; use one of {known}") from None


def choose_targets(model_type: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The projections to adapt, in the table's order: `wanted`, or all of the family's if it is empty.

    Raises:
        UnknownFamily: the model type or a wanted projection is not in the table.
    """
    targets = family_of(model_type).targets
    strange = sorted(set(wanted) - set(targets))
    if strange:
        raise UnknownFamily(f"{model_type} has no target {', '.join(strange)}; choose among {', '.join(targets)}")
    return tuple(name for name in targets if name in wanted) if wanted else targets
