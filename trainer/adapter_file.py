"""The adapter's file: LoRA tensors in safetensors, with what they belong to in the file's own header.

The header holds the base's digests, rank, alpha, targets and layers, so the one sha-256 that stands on chain covers
them too: the same tensors with another alpha, or for another base, are another file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from content.canonical import canonical_json
from trainer.errors import AdapterRefused
from trainer.families import FAMILIES

if TYPE_CHECKING:
    from peft import LoraConfig
    from torch import Tensor

ADAPTER_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"
_HEADER_KEY = "openledger"
_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class AdapterShape:
    """What an adapter's tensors belong to; digests are sha-256 in `0x` hex, `layers` are layer numbers from 0."""

    base_weights: str
    base_tokenizer: str
    base_template: str
    model_type: str
    rank: int
    alpha: int
    targets: tuple[str, ...]
    layers: tuple[int, ...]

    def lora_config(self) -> LoraConfig:
        """The peft configuration of this shape."""
        from peft import LoraConfig, TaskType

        return LoraConfig(
            task_type=TaskType.CAUSAL_LM,
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=0.0,
            target_modules=list(self.targets),
            layers_to_transform=list(self.layers),
            layers_pattern=FAMILIES[self.model_type].layer_list,
            fan_in_fan_out=self.model_type == "gpt2",  # GPT-2 stores its projections transposed
        )


def write_adapter(folder: Path, tensors: dict[str, Tensor], shape: AdapterShape) -> bytes:
    """Writes the adapter's file and peft's configuration into `folder`; gives the sha-256 (32 bytes) of the file.

    Equal tensors and shape give equal bytes.
    """
    from safetensors.torch import save

    header = {_HEADER_KEY: canonical_json(asdict(shape)).decode(), "format": "pt"}
    data = save({name: tensor.float().cpu().contiguous() for name, tensor in tensors.items()}, metadata=header)
    data = _sorted_header(data)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ADAPTER_FILE).write_bytes(data)
    # for peft, vLLM and others; our own loader believes only the header, which the digest covers
    config = shape.lora_config().to_dict() | {"base_model_name_or_path": shape.base_weights}
    plain = json.dumps(config, default=lambda value: sorted(value), sort_keys=True, indent=2)
    (folder / CONFIG_FILE).write_text(plain + "\n")
    return hashlib.sha256(data).digest()


def _sorted_header(data: bytes) -> bytes:
    # safetensors keeps metadata in a hash map, so its order changes from run to run
    length = int.from_bytes(data[:_HEADER_BYTES], "little")
    header = json.loads(data[_HEADER_BYTES : _HEADER_BYTES + length])
    ordered = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(ordered, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of eight
    return len(text).to_bytes(_HEADER_BYTES, "little") + text + data[_HEADER_BYTES + length :]


def read_adapter(folder: Path, *, expected_digest: bytes) -> tuple[dict[str, Tensor], AdapterShape]:
    """The tensors and shape of an adapter's file, from the very bytes whose sha-256 was compared.

    Raises:
        AdapterRefused: the file is absent, has another digest, or is not an adapter of ours.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / ADAPTER_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        raise AdapterRefused(f"cannot read {path}: {error}; fetch the adapter again") from error
    actual = hashlib.sha256(data).digest()
    if actual != expected_digest:
        raise AdapterRefused(
            f"{path} hashes to {actual.hex()}, expected {expected_digest.hex()}; fetch the adapter again"
        )
    try:
        return load(data), _read_shape(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise AdapterRefused(f"{path} is not an adapter file of this project: {error}; train it again") from error


def _read_shape(data: bytes) -> AdapterShape:
    length = int.from_bytes(data[:_HEADER_BYTES], "little")
    header: dict[str, Any] = json.loads(data[_HEADER_BYTES : _HEADER_BYTES + length])
    return TypeAdapter(AdapterShape).validate_json(header["__metadata__"][_HEADER_KEY], strict=True)
