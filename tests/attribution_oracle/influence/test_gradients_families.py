"""Every family that the trainer serves, models whose logits are more than a linear map, and odd adapters."""

from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from attribution_oracle.influence.gradients import lora_matrices, per_example_gradients, stream_flows, write_rows
from attribution_oracle.influence.heads import LinearTokenHead, TokenHead, head_of
from tests.trainer.test_families import SMALL, SPECIAL
from trainer.families import FAMILIES, choose_targets

VOCABULARY = 67
# what each does to its hidden states or logits beside a linear map
CURVED = {
    "granite": {"logits_scaling": 4.0},
    "gemma2": {"final_logit_softcapping": 3.0},
    "cohere": {"logit_scale": 0.3},
}


def build(model_type, *, targets=None, **options):
    """A tiny random model of a family with LoRA where the trainer would put it, all matrices away from zero."""
    torch.manual_seed(3)
    sizes = {**SMALL, **SPECIAL.get(model_type, {}), "initializer_range": 0.2, **options}
    tokens = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    base = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **sizes, **tokens)).float()
    return adapted(base, targets or choose_targets(model_type, ()))


def adapted(base, targets, **options):
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=3,
        lora_alpha=6,
        target_modules=list(targets),
        init_lora_weights=False,
        fan_in_fan_out=base.config.model_type == "gpt2",
        **options,
    )
    return get_peft_model(base, lora).eval()


def make_texts():
    draw = torch.Generator().manual_seed(0)
    shapes = [(7, 2), (9, 4), (7, 1), (9, 8), (7, 3)]
    ids = [torch.randint(VOCABULARY, (length,), generator=draw).tolist() for length, _ in shapes]
    return [SimpleNamespace(input_ids=i, completion_start=start) for i, (_, start) in zip(ids, shapes, strict=True)]


def autograd_rows(model, texts):
    """One example at a time, through the model's own logits."""
    weights = [matrix.module.weight for matrix in lora_matrices(model)]
    rows = []
    for text in texts:
        ids = torch.tensor([text.input_ids])
        logits = model(input_ids=ids, use_cache=False).logits[0, text.completion_start - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, text.completion_start :], reduction="sum")
        rows.append(torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, weights)]))
    return torch.stack(rows)


def assert_equal_rows(found, expected):
    largest = expected.abs().max().item()
    assert largest > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * largest)


@pytest.mark.parametrize("model_type", sorted(FAMILIES))
def test_fast_path_equals_the_for_loop(model_type):
    model, texts = build(model_type), make_texts()
    assert isinstance(head_of(model, texts), LinearTokenHead)
    expected = autograd_rows(model, texts)
    for batch_size in (1, 3):
        assert_equal_rows(per_example_gradients(model, texts, batch_size=batch_size), expected)


@pytest.mark.parametrize("model_type", sorted(CURVED))
def test_logits_that_are_no_linear_map__are_differentiated_as_they_are(model_type):
    model, texts = build(model_type, targets=("q_proj", "v_proj", "down_proj"), **CURVED[model_type]), make_texts()
    head = head_of(model, texts)
    assert type(head) is TokenHead
    assert_equal_rows(per_example_gradients(model, texts, batch_size=3), autograd_rows(model, texts))


def test_adapted_output_head__is_differentiated_as_it_is():
    base = build("llama").unload()
    model, texts = adapted(base, ["q_proj", "lm_head"]), make_texts()
    assert type(head_of(model, texts)) is TokenHead
    assert_equal_rows(per_example_gradients(model, texts, batch_size=3), autograd_rows(model, texts))


def test_both_heads_draw_the_same_labels():
    model, texts = build("llama"), make_texts()
    linear, general = head_of(model, texts), TokenHead(model)
    uniform = torch.rand(sum(linear.counts(texts[:1])), 1, dtype=torch.float64)
    logits = general.outcome(texts[:1], [uniform])
    hidden = linear.outcome(texts[:1], [uniform])
    weight = model.get_base_model().get_output_embeddings().weight
    for at_logits, at_hidden in zip(logits.upstreams, hidden.upstreams, strict=True):
        places = slice(texts[0].completion_start - 1, -1)
        torch.testing.assert_close(at_logits @ weight, at_hidden[0, places], rtol=1e-4, atol=1e-5)


def test_long_completions_pass_the_head_in_parts(monkeypatch):
    model, texts = build("llama"), make_texts()
    whole = per_example_gradients(model, texts, batch_size=3)
    monkeypatch.setattr("attribution_oracle.influence.heads._LOGITS_AT_A_TIME", 4 * VOCABULARY)
    torch.testing.assert_close(per_example_gradients(model, texts, batch_size=3), whole, rtol=1e-5, atol=1e-5)


def test_layer_that_is_used_twice__has_the_sum_of_both_uses():
    base = build("llama").unload()
    base.model.layers[1] = base.model.layers[0]
    model, texts = adapted(base, ["q_proj", "down_proj"]), make_texts()
    expected = autograd_rows(model, texts)
    assert_equal_rows(per_example_gradients(model, texts, batch_size=3), expected)
    matrices, rows = lora_matrices(model), torch.empty_like(expected)
    for flows in stream_flows(model, matrices, texts, batch_size=3, seed=None):
        assert all(flow.inputs.shape[1] == 2 * len(texts[flows.positions[0]].input_ids) for flow in flows.true)
        write_rows(rows, flows.positions, flows.true)
    assert_equal_rows(rows, expected)


def test_half_precision_base__has_nearly_the_same_gradients():
    model, texts = build("llama"), make_texts()
    expected = per_example_gradients(model, texts, batch_size=3)
    half = build("llama")
    for name, parameter in half.named_parameters():
        if "lora_" not in name:
            parameter.data = parameter.data.bfloat16()
    found = per_example_gradients(half, texts, batch_size=3)
    assert found.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(found, expected).min() > 0.99


def test_matrix_on_single_vectors_without_a_path_to_the_loss__has_zeros():
    class TwoMaps(nn.Module):
        device, dtype = torch.device("cpu"), torch.float32

        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(6, 4), nn.Linear(6, 4)

        def forward(self, x):
            self.unused(x)
            return SimpleNamespace(logits=self.used(x))

    torch.manual_seed(0)
    lora = LoraConfig(r=2, target_modules=["used", "unused"], init_lora_weights=False)
    model = get_peft_model(TwoMaps(), lora).eval()
    examples = [SimpleNamespace(inputs={"x": torch.randn(6)}, label=label) for label in (0, 3, 1)]
    matrices = lora_matrices(model)
    rows, streamed = per_example_gradients(model, examples, batch_size=2), torch.ones(3, matrices[-1].stop)
    for flows in stream_flows(model, matrices, examples, batch_size=2, seed=None):
        write_rows(streamed, flows.positions, flows.true)
    assert torch.equal(rows, streamed)
    for matrix in matrices:
        assert rows[:, matrix.start : matrix.stop].any() == ("unused" not in matrix.name)


def test_disabled_or_merged_adapter__is_refused():
    model, texts = build("llama"), make_texts()
    with model.disable_adapter(), pytest.raises(ValueError, match="was not applied in the forward pass"):
        per_example_gradients(model, texts)
    model.merge_adapter()
    with pytest.raises(ValueError, match="neither merged nor disabled"):
        per_example_gradients(model, texts)


@pytest.mark.parametrize(("targets", "options"), [(["q_proj"], {"use_dora": True}), (["embed_tokens"], {})])
def test_adapter_of_another_kind__is_refused(targets, options):
    model = adapted(build("llama").unload(), targets, **options)
    with pytest.raises(ValueError, match="is no part of a gradient row"):
        lora_matrices(model)
