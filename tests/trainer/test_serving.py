"""The loader refuses everything that is not exactly the named adapter; answers are deterministic."""

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import inject_adapter_in_model, set_peft_model_state_dict

from trainer.adapter_file import ADAPTER_FILE, AdapterShape, read_adapter, write_adapter
from trainer.base_model import load_base, load_tokenizer, tiny_random_base
from trainer.errors import AdapterRefused
from trainer.examples import encode_prompt
from trainer.lora import TrainedAdapter
from trainer.manifest import Manifest, build_manifest, parse_manifest
from trainer.serving import Answerer, load_adapter
from trainer.spec import TrainSpec

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def manifest(trained: TrainedAdapter, spec: TrainSpec) -> Manifest:
    return parse_manifest(build_manifest(trained, spec, datasets=[], weights_cid="bafkqaaa"))


@pytest.fixture
def answerer(base_path: Path, trained: TrainedAdapter, manifest: Manifest) -> Answerer:
    answerer = Answerer(base_path, threads=1)
    answerer.load(1, trained.path, manifest)
    return answerer


def rewritten(trained: TrainedAdapter, folder: Path, change: Callable[[Tensors], Tensors], **shape: object) -> bytes:
    """A changed adapter in `folder`, honestly digested: only the checks behind the digest can refuse it."""
    tensors, stated = read_adapter(trained.path, expected_digest=trained.weights_sha256)
    return write_adapter(folder, change(tensors), replace(stated, **shape))  # type: ignore[arg-type]


def first_of(tensors: Tensors) -> str:
    return sorted(tensors)[0]


def test_load__reloaded__has_the_trained_logits(base_path: Path, trained: TrainedAdapter) -> None:
    loaded = load_adapter(base_path, trained.path, expected_digest=trained.weights_sha256)
    by_hand = load_base(base_path)
    tensors, shape = read_adapter(trained.path, expected_digest=trained.weights_sha256)
    inject_adapter_in_model(shape.lora_config(), by_hand)
    short = {name.removeprefix("base_model.model."): tensor for name, tensor in tensors.items()}
    set_peft_model_state_dict(by_hand, short)
    ids = torch.tensor([encode_prompt("red", load_tokenizer(base_path))])
    with torch.no_grad():
        assert torch.equal(loaded(input_ids=ids).logits, by_hand(input_ids=ids).logits)
        assert not torch.allclose(loaded(input_ids=ids).logits, load_base(base_path)(input_ids=ids).logits, atol=1e-2)


def test_load__only_the_adapter__requires_gradients(base_path: Path, trained: TrainedAdapter) -> None:
    model = load_adapter(base_path, trained.path, expected_digest=trained.weights_sha256)
    assert all(("lora_" in name) == parameter.requires_grad for name, parameter in model.named_parameters())


def test_load__one_bit_changed__is_refused(base_path: Path, trained: TrainedAdapter, tmp_path: Path) -> None:
    data = bytearray((trained.path / ADAPTER_FILE).read_bytes())
    data[-1] ^= 1
    (tmp_path / ADAPTER_FILE).write_bytes(data)
    with pytest.raises(AdapterRefused, match="fetch the adapter again"):
        load_adapter(base_path, tmp_path, expected_digest=trained.weights_sha256)


def test_load__absent_file__is_refused(base_path: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterRefused, match="cannot read"):
        load_adapter(base_path, tmp_path, expected_digest=bytes(32))


def test_load__other_base__is_refused(trained: TrainedAdapter, tmp_path: Path) -> None:
    other = tiny_random_base(tmp_path / "other", seed=2)
    with pytest.raises(AdapterRefused, match="whose weights hash to"):
        load_adapter(other, trained.path, expected_digest=trained.weights_sha256)


def test_load__other_chat_template__is_refused(base_path: Path, trained: TrainedAdapter, tmp_path: Path) -> None:
    shutil.copytree(base_path, tmp_path / "base")
    with (tmp_path / "base" / "chat_template.jinja").open("a") as template:
        template.write(" ")
    with pytest.raises(AdapterRefused, match="whose chat template hash to"):
        load_adapter(tmp_path / "base", trained.path, expected_digest=trained.weights_sha256)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tensors: tensors | {"base_model.model.lm_head.lora_A.weight": torch.zeros(8, 64)}, "unused"),
        (lambda tensors: {first_of(tensors): tensors[first_of(tensors)]}, "lacks"),
        (lambda tensors: tensors | {first_of(tensors): torch.zeros(3, 64)}, r"\(3, 64\), expected float"),
        (lambda tensors: tensors | {first_of(tensors): tensors[first_of(tensors)] * float("nan")}, "not finite"),
        (lambda tensors: tensors | {first_of(tensors): tensors[first_of(tensors)] * float("inf")}, "not finite"),
        (lambda tensors: {}, "lacks"),
    ],
)
def test_load__tensors_that_do_not_fit__are_refused(
    base_path: Path, trained: TrainedAdapter, tmp_path: Path, change: Callable[[Tensors], Tensors], reason: str
) -> None:
    digest = rewritten(trained, tmp_path, change)
    with pytest.raises(AdapterRefused, match=reason):
        load_adapter(base_path, tmp_path, expected_digest=digest)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"model_type": "gpt2"}, "the base is 'llama'"),
        ({"layers": (5,)}, "not among the base's 2"),
        ({"layers": ()}, "not among the base's 2"),
        ({"targets": ("lm_head",)}, "targets do not fit"),
        ({"rank": 10**9}, "expected float"),
        ({"rank": 0}, "positive rank"),
        ({"rank": "8"}, "not an adapter file"),
        ({"layers": [0.5]}, "not an adapter file"),
    ],
)
def test_load__stated_shape_that_does_not_fit__is_refused(
    base_path: Path, trained: TrainedAdapter, tmp_path: Path, shape: dict[str, object], reason: str
) -> None:
    (tmp_path / ADAPTER_FILE).write_bytes(with_header(trained, **shape))
    digest = hashlib.sha256((tmp_path / ADAPTER_FILE).read_bytes()).digest()
    with pytest.raises(AdapterRefused, match=reason):
        load_adapter(base_path, tmp_path, expected_digest=digest)


def with_header(trained: TrainedAdapter, **shape: object) -> bytes:
    data = (trained.path / ADAPTER_FILE).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"]["openledger"] = json.dumps(json.loads(header["__metadata__"]["openledger"]) | shape)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\xff" * 64])
def test_load__not_an_adapter_file__is_refused(base_path: Path, tmp_path: Path, data: bytes) -> None:
    (tmp_path / ADAPTER_FILE).write_bytes(data)
    with pytest.raises(AdapterRefused, match="not an adapter file"):
        load_adapter(base_path, tmp_path, expected_digest=hashlib.sha256(data).digest())


def test_load__peft_file_without_our_header__is_refused(
    base_path: Path, trained: TrainedAdapter, tmp_path: Path
) -> None:
    from safetensors.torch import save

    data = save(read_adapter(trained.path, expected_digest=trained.weights_sha256)[0])
    (tmp_path / ADAPTER_FILE).write_bytes(data)
    with pytest.raises(AdapterRefused, match="not an adapter file"):
        load_adapter(base_path, tmp_path, expected_digest=hashlib.sha256(data).digest())


def test_write__same_tensors_other_alpha__is_another_file(trained: TrainedAdapter, tmp_path: Path) -> None:
    assert rewritten(trained, tmp_path / "same", lambda tensors: tensors) == trained.weights_sha256
    assert rewritten(trained, tmp_path / "other", lambda tensors: tensors, alpha=64) != trained.weights_sha256


def test_answer__trained_prompt__gives_the_trained_answer(answerer: Answerer) -> None:
    answer = answerer.answer(1, "red", 12)
    assert (answer.text, answer.output_tokens) == ("rose", 4)
    assert answer.input_tokens == answerer.count_tokens("red")
    assert answerer.answer(1, "blue", 12).text == "sea"


def test_answer__asked_twice__is_the_same(answerer: Answerer) -> None:
    assert answerer.answer(1, "something new", 16) == answerer.answer(1, "something new", 16)


def test_answer__limit__is_kept(answerer: Answerer) -> None:
    assert answerer.answer(1, "red", 2).output_tokens == 2


def test_answer__adapter_not_loaded__is_refused(answerer: Answerer) -> None:
    with pytest.raises(AdapterRefused, match="adapter 2 is not loaded"):
        answerer.answer(2, "red", 4)


def test_answer__several_adapters__each_answers_for_itself(
    answerer: Answerer, trained: TrainedAdapter, manifest: Manifest, tmp_path: Path
) -> None:
    before = answerer.base_answer("red", 8)
    digest = rewritten(trained, tmp_path, lambda tensors: {name: t * 0 for name, t in tensors.items()})
    weights = manifest.weights.model_copy(update={"sha256": "0x" + digest.hex()})
    answerer.load(2, tmp_path, manifest.model_copy(update={"weights": weights}))
    assert answerer.answer(1, "red", 8).text == "rose"
    assert answerer.answer(2, "red", 8) == before == answerer.base_answer("red", 8)
    assert answerer.digest_of(2) == digest


def test_load__refused_adapter__leaves_the_others_as_they_were(
    answerer: Answerer, trained: TrainedAdapter, manifest: Manifest, tmp_path: Path
) -> None:
    digest = rewritten(trained, tmp_path, lambda tensors: {})
    weights = manifest.weights.model_copy(update={"sha256": "0x" + digest.hex()})
    with pytest.raises(AdapterRefused, match="lacks"):
        answerer.load(2, tmp_path, manifest.model_copy(update={"weights": weights}))
    with pytest.raises(AdapterRefused, match="adapter 2 is not loaded"):
        answerer.answer(2, "red", 4)
    assert answerer.answer(1, "red", 8).text == "rose"


def test_load__manifest_of_another_shape__is_refused(
    base_path: Path, trained: TrainedAdapter, manifest: Manifest
) -> None:
    lora = manifest.lora.model_copy(update={"alpha": 64})
    with pytest.raises(AdapterRefused, match="its manifest"):
        Answerer(base_path).load(1, trained.path, manifest.model_copy(update={"lora": lora}))


def test_load__taken_id__is_refused(answerer: Answerer, trained: TrainedAdapter, manifest: Manifest) -> None:
    answerer.load(1, trained.path, manifest)  # the same file again is no change
    other = manifest.weights.model_copy(update={"sha256": "0x" + "00" * 32})
    with pytest.raises(AdapterRefused, match="is taken"):
        answerer.load(1, trained.path, manifest.model_copy(update={"weights": other}))


def test_shape__is_what_the_manifest_says(trained: TrainedAdapter, manifest: Manifest) -> None:
    assert isinstance(trained.shape, AdapterShape)
    assert manifest.shape() == trained.shape
