"""Training is reproducible, learns, and counts answer tokens only."""

import shutil
from pathlib import Path

import pytest
import torch
from peft import inject_adapter_in_model
from torch.nn import functional
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, PretrainedConfig, Qwen2Config, Qwen3Config

from trainer.adapter_file import ADAPTER_FILE, AdapterShape
from trainer.base_model import load_base, load_tokenizer
from trainer.errors import InvalidExamples, TrainingDiverged, UnknownFamily
from trainer.examples import Encoded, Example, encode
from trainer.frozen import from_layer, frozen_states
from trainer.lora import TrainedAdapter, TrainProgress, TrainStep, completion_loss, train_adapter
from trainer.spec import TrainSpec

SHORT = {"train_epochs": 2, "layers": 1, "batch_size": 2, "max_tokens": 64}
BATCH = [Encoded([5, 6, 7, 8, 9, 10], 3), Encoded([11, 12, 13], 1), Encoded([14, 15, 16, 17], 2)]


def test_train__same_seed__same_bytes(
    base_path: Path, examples: list[Example], trained: TrainedAdapter, spec: TrainSpec, tmp_path: Path
) -> None:
    torch.manual_seed(123)  # what happened before in the process must not matter
    again = train_adapter(base_path, examples, spec, tmp_path, threads=1)
    assert (tmp_path / ADAPTER_FILE).read_bytes() == (trained.path / ADAPTER_FILE).read_bytes()
    assert again.losses == trained.losses


def test_train__other_seed__other_bytes(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    digests = {
        train_adapter(base_path, examples, TrainSpec(seed=seed, **SHORT), tmp_path, threads=1).weights_sha256
        for seed in (1, 2)
    }
    assert len(digests) == 2


def test_train__leaves_exactly_its_files(trained: TrainedAdapter) -> None:
    assert sorted(path.name for path in trained.path.iterdir()) == ["adapter_config.json", ADAPTER_FILE]


def test_train__loss__falls(trained: TrainedAdapter) -> None:
    assert trained.losses[-1] < 0.2 * trained.losses[0]


def test_train__progress__names_every_step(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    reports: list[TrainProgress] = []
    done = train_adapter(base_path, examples, TrainSpec(**SHORT), tmp_path, reports.append, threads=1)
    assert [(report.step, report.steps) for report in reports] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert tuple(report.loss for report in reports) == done.losses


def test_train__watch__sees_every_step_before_it_is_taken(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    seen: list[tuple[float, list[int], float]] = []

    def watch(step: TrainStep) -> None:
        outputs = [parameter for name, parameter in step.parameters.items() if "lora_B" in name]
        seen.append((step.rate, list(step.rows), sum(output.abs().sum().item() for output in outputs)))

    done = train_adapter(base_path, examples, TrainSpec(**SHORT), tmp_path, threads=1, watch=watch)
    rates, rows, moved = zip(*seen, strict=True)
    assert len(seen) == len(done.losses) == 4
    assert sorted(rows[0] + rows[1]) == sorted(rows[2] + rows[3]) == [0, 1, 2]
    assert moved[0] == 0 < moved[1], "LoRA starts with B = 0"
    assert all(0 < rate <= TrainSpec().learning_rate for rate in rates)


def test_train__left_out__is_not_read__and_the_others_stay_where_they_were(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    # as many tokens, so that its empty places weigh as much
    other = [*examples[:2], Example(contribution_id=2, ordinal=0, prompt="", response="glass is greet")]
    spec, orders, without = TrainSpec(**SHORT), [], []
    for some in (examples, other):
        steps: list[list[int]] = []
        done = train_adapter(
            base_path, some, spec, tmp_path, threads=1, left_out=[2], watch=lambda step, s=steps: s.append(step.rows)
        )
        orders.append(steps)
        without.append(done.weights_sha256)
    assert without[0] == without[1]
    whole: list[list[int]] = []
    done = train_adapter(base_path, examples, spec, tmp_path, threads=1, watch=lambda step: whole.append(step.rows))
    assert orders == [whole, whole]
    assert done.weights_sha256 != without[0]


def test_train__torch_settings__are_given_back(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    before = torch.get_num_threads(), torch.get_rng_state().clone()
    train_adapter(base_path, examples, TrainSpec(**SHORT), tmp_path, threads=1)
    assert torch.get_num_threads() == before[0]
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.get_rng_state(), before[1])


def test_train__nothing_to_learn__is_refused(base_path: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidExamples, match="no example"):
        train_adapter(base_path, [], TrainSpec(), tmp_path)


def test_train__unknown_target__is_refused(base_path: Path, examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(UnknownFamily, match="router"):
        train_adapter(base_path, examples, TrainSpec(targets=("router",)), tmp_path)


def test_train__loss_not_a_number__stops_without_a_file(
    base_path: Path, examples: list[Example], tmp_path: Path
) -> None:
    broken = load_base(base_path)
    broken.get_input_embeddings().weight.fill_(float("nan"))
    shutil.copytree(base_path, tmp_path / "base")
    broken.save_pretrained(tmp_path / "base")
    with pytest.raises(TrainingDiverged, match="loss is nan at step 1"):
        train_adapter(tmp_path / "base", examples, TrainSpec(**SHORT), tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_loss__batch__is_the_mean_over_answer_tokens_of_single_rows(base_path: Path) -> None:
    model = load_base(base_path)
    total, count = torch.zeros(()), 0
    with torch.no_grad():
        for row in BATCH:
            logits = model(input_ids=torch.tensor([row.input_ids])).logits[0]
            answer = torch.tensor(row.input_ids[row.completion_start :])
            total += functional.cross_entropy(logits[row.completion_start - 1 : -1], answer, reduction="sum")
            count += len(answer)
        assert torch.allclose(completion_loss(model, BATCH), total / count, atol=1e-5)


def test_loss__prompt_tokens_as_labels__count_nothing(base_path: Path) -> None:
    # the last layer sees the prompt only through attention: its logits at prompt positions must get no gradient
    model, tokenizer = load_base(base_path), load_tokenizer(base_path)
    encoded = encode(Example(1, 0, "red", "rose"), tokenizer, 64)
    seen: list[torch.Tensor] = []
    hook = model.get_output_embeddings().register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    completion_loss(model, [encoded])
    hook.remove()
    assert seen[0].shape[0] == len(encoded.input_ids) - encoded.completion_start


def config_of(kind: type[PretrainedConfig]) -> PretrainedConfig:
    return kind(
        vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=64,
    )  # fmt: skip


@pytest.mark.parametrize("kind", [LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config])
def test_frozen_layers__skipped__give_the_same_loss_and_gradients(kind: type[PretrainedConfig], tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config_of(kind)).requires_grad_(False).eval()
    shape = AdapterShape("0x", "0x", "0x", model.config.model_type, 2, 4, ("q_proj", "down_proj"), (1, 2))
    inject_adapter_in_model(shape.lora_config(), model)
    adapted = [parameter for parameter in model.parameters() if parameter.requires_grad]

    whole = completion_loss(model, BATCH)
    expected = torch.autograd.grad(whole, adapted)
    states = frozen_states(model, BATCH, 1)
    assert states is not None
    with from_layer(model, 1):
        skipped = completion_loss(model, BATCH, states)
        gradients = torch.autograd.grad(skipped, adapted)
    assert torch.allclose(whole, skipped, atol=1e-6)
    assert all(torch.allclose(one, two, atol=1e-6) for one, two in zip(expected, gradients, strict=True))
    assert len(model.base_model.layers) == 3
