"""Answers of adapters over one base model. Whatever is not proven to be the named adapter is refused.

A buyer pays for an adapter's answer, so the worst failure is a silent one: the base answering in its name because a
tensor did not fit. Every tensor of a file must be used, and every adapted module must have got its tensors.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.adapter_file import AdapterShape, read_adapter
from trainer.base_model import BaseModel, describe_base, load_base, load_tokenizer
from trainer.errors import AdapterRefused, UnknownFamily
from trainer.examples import encode_prompt
from trainer.families import choose_targets

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor

    from trainer.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's text and what it is metered by: the tokens of the templated prompt, and those of the text."""

    text: str
    input_tokens: int
    output_tokens: int


def load_adapter(base_path: Path, adapter_dir: Path, *, expected_digest: bytes) -> PeftModel:
    """The base with one adapter, in evaluation mode; only the adapter's parameters require gradients.

    Raises:
        AdapterRefused: the file's sha-256 is not `expected_digest` (32 bytes), it was made for another base, a tensor
            is missing, left over, of another shape or not finite.
    """
    tensors, shape = read_adapter(adapter_dir, expected_digest=expected_digest)
    check_base(shape, describe_base(base_path))
    return attach(load_base(base_path), "default", tensors, shape)


def check_base(shape: AdapterShape, base: BaseModel) -> None:
    """Raises AdapterRefused unless `base` is the one that the adapter was trained on, to the byte."""
    pairs = {
        "weights": (shape.base_weights, base.weights_digest),
        "tokenizer": (shape.base_tokenizer, base.tokenizer_digest),
        "chat template": (shape.base_template, base.template_digest),
    }
    for what, (wanted, actual) in pairs.items():
        if wanted != "0x" + actual.hex():
            raise AdapterRefused(
                f"the adapter is for a base whose {what} hash to {wanted}, not 0x{actual.hex()} of {base.path}; "
                "serve it over its own base"
            )


def attach(model: Any, name: str, tensors: dict[str, Tensor], shape: AdapterShape) -> PeftModel:
    """Puts an adapter on a base model, or beside the other adapters of a PeftModel.

    Raises:
        AdapterRefused: it does not fit, in which case `model` has not been touched.
    """
    from peft import PeftModel, get_peft_model, set_peft_model_state_dict

    _check_shape(shape, model.config)
    _check_tensors(tensors, _expected_shapes(model.config, shape))
    if isinstance(model, PeftModel):
        model.add_adapter(name, shape.lora_config())
    else:
        model = get_peft_model(model, shape.lora_config(), adapter_name=name)
    left_over = set_peft_model_state_dict(model, tensors, adapter_name=name).unexpected_keys
    assert not left_over, left_over
    return model.eval()


def _check_shape(shape: AdapterShape, config: Any) -> None:
    if shape.model_type != config.model_type:
        raise AdapterRefused(f"the adapter is for {shape.model_type!r}, the base is {config.model_type!r}")
    try:
        targets = choose_targets(shape.model_type, shape.targets)
    except UnknownFamily as error:
        raise AdapterRefused(f"the adapter's targets do not fit: {error}") from error
    if targets != shape.targets or shape.rank < 1:
        raise AdapterRefused(f"rank {shape.rank} on {shape.targets}: expected a positive rank on some of {targets}")
    if not shape.layers or not set(shape.layers) <= set(range(config.num_hidden_layers)):
        raise AdapterRefused(f"layers {shape.layers} are not among the base's {config.num_hidden_layers}")


def _expected_shapes(config: Any, shape: AdapterShape) -> dict[str, tuple[int, ...]]:
    import torch
    from peft import get_peft_model, get_peft_model_state_dict
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):  # shapes without memory, whatever rank the file claims
        model = get_peft_model(AutoModelForCausalLM.from_config(config), shape.lora_config())
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def _check_tensors(tensors: dict[str, Tensor], expected: dict[str, tuple[int, ...]]) -> None:
    extra, missing = sorted(set(tensors) - set(expected)), sorted(set(expected) - set(tensors))
    if extra or missing:
        raise AdapterRefused(
            f"the adapter has {len(extra)} unused tensors {extra[:2]} and lacks {len(missing)} {missing[:2]}; "
            "expected exactly those of its targets and layers: train it again"
        )
    for key, tensor in tensors.items():
        if tuple(tensor.shape) != expected[key] or not tensor.is_floating_point():
            raise AdapterRefused(f"{key} is {tensor.dtype} {tuple(tensor.shape)}, expected float {expected[key]}")
        if not tensor.isfinite().all():
            raise AdapterRefused(f"{key} holds a value that is not finite; train the adapter again")


class Answerer:
    """One base model and any number of adapters over it; safe to call from several threads, one answer at a time."""

    def __init__(self, base_path: Path, *, threads: int | None = None) -> None:
        """Loads the base of `base_path`; `threads` sets torch's number of CPU threads (None: as it is)."""
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self._base = describe_base(base_path)
        self._tokenizer = load_tokenizer(base_path)
        self._model: Any = load_base(base_path)
        self._loaded: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def load(self, adapter_id: int, adapter_dir: Path, manifest: Manifest) -> None:
        """Makes an adapter answerable; without effect if the same file already is.

        Raises:
            AdapterRefused: as `load_adapter`, or the file states another shape than the manifest, or another adapter
                holds this id.
        """
        digest = manifest.weights_digest()
        with self._lock:
            if self._loaded.get(adapter_id) == digest:
                return
            if adapter_id in self._loaded or adapter_id < 1:
                raise AdapterRefused(f"adapter id {adapter_id} is taken or not positive; unload it first")
            tensors, shape = read_adapter(adapter_dir, expected_digest=digest)
            if shape != manifest.shape():
                raise AdapterRefused(f"adapter {adapter_id} states {shape}, its manifest {manifest.shape()}")
            check_base(shape, self._base)
            self._model = attach(self._model, _name(adapter_id), tensors, shape)
            self._loaded[adapter_id] = digest

    def digest_of(self, adapter_id: int) -> bytes:
        """The sha-256 (32 bytes) of the weights that answer for `adapter_id`; raises AdapterRefused if none do."""
        try:
            return self._loaded[adapter_id]
        except KeyError:
            raise AdapterRefused(f"adapter {adapter_id} is not loaded; load it before asking it") from None

    def count_tokens(self, prompt: str) -> int:
        """The tokens of the templated prompt: what `Answer.input_tokens` will be."""
        return len(encode_prompt(prompt, self._tokenizer))

    def answer(self, adapter_id: int, prompt: str, max_new_tokens: int) -> Answer:
        """The adapter's greedy answer, at most `max_new_tokens` long: the same prompt gets the same answer.

        Raises:
            AdapterRefused: the adapter is not loaded.
        """
        with self._lock:
            self.digest_of(adapter_id)
            self._model.set_adapter(_name(adapter_id))
            return self._generate(prompt, max_new_tokens)

    def base_answer(self, prompt: str, max_new_tokens: int) -> Answer:
        """The greedy answer of the bare base, for comparison; it is never sold under an adapter's name."""
        with self._lock:
            if not self._loaded:
                return self._generate(prompt, max_new_tokens)
            with self._model.disable_adapter():
                return self._generate(prompt, max_new_tokens)

    def _generate(self, prompt: str, max_new_tokens: int) -> Answer:
        import torch

        prompt_ids = encode_prompt(prompt, self._tokenizer)
        input_ids = torch.tensor([prompt_ids], device=self._model.device)
        with torch.inference_mode():
            output = self._model.generate(
                input_ids=input_ids,
                attention_mask=torch.ones_like(input_ids),
                do_sample=False,
                max_new_tokens=max_new_tokens,
                eos_token_id=self._tokenizer.eos_token_id,
                pad_token_id=self._tokenizer.eos_token_id,
            )
        tokens = output[0, len(prompt_ids) :].tolist()
        if tokens and tokens[-1] == self._tokenizer.eos_token_id:
            tokens.pop()
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return Answer(text=text.strip(), input_tokens=len(prompt_ids), output_tokens=len(tokens))


def _name(adapter_id: int) -> str:
    return f"ad_{adapter_id:06d}"
