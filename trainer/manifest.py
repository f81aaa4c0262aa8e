"""The manifest of an adapter: what it is, what it was made of and how (docs/formats.md, "Adapter manifest")."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from content.canonical import canonical_json
from trainer.adapter_file import AdapterShape
from trainer.errors import InvalidManifest
from trainer.families import family_of
from trainer.lora import TrainedAdapter
from trainer.spec import TrainSpec

FORMAT = "openledger-adapter/1"
_LIBRARIES = ("peft", "safetensors", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A snapshot that an adapter was trained on; `root` is 32 bytes."""

    root: bytes
    snapshot_cid: str
    contribution_count: int


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BasePart(_Part):
    """The base model's digests, sha-256 in `0x` hex."""

    weights: str
    tokenizer: str
    chat_template: str


class LoraPart(_Part):
    """What is adapted; `layers` are layer numbers, `dropout` a decimal string."""

    rank: int
    alpha: int
    targets: list[str]
    layers: list[int]
    dropout: str


class TrainingPart(_Part):
    """The recipe; real numbers are decimal strings, `losses` are nats per answer token of every step.

    With the base, the examples and the versions it decides every byte, so that an adapter can be trained again.
    """

    seed: str
    train_epochs: int
    batch_size: int
    learning_rate: str
    warmup_steps: int
    weight_decay: str
    max_gradient_norm: str
    max_tokens: int
    threads: int
    losses: list[str]


class DatasetPart(_Part):
    """One snapshot, its root in `0x` hex."""

    root: str
    snapshot_cid: str
    contribution_count: int


class WeightsPart(_Part):
    """The adapter's safetensors file: its CID and its sha-256 in `0x` hex."""

    cid: str
    sha256: str


class Manifest(_Part):
    """A whole manifest, field for field as in docs/formats.md; `parent` is the parent adapter's id, 0 for none."""

    format: str
    base: BasePart
    family: str
    model_type: str
    method: str
    lora: LoraPart
    training: TrainingPart
    datasets: list[DatasetPart]
    parent: int
    weights: WeightsPart
    versions: dict[str, str]

    def shape(self) -> AdapterShape:
        """The shape that the adapter's own file must state."""
        return AdapterShape(
            base_weights=self.base.weights,
            base_tokenizer=self.base.tokenizer,
            base_template=self.base.chat_template,
            model_type=self.model_type,
            rank=self.lora.rank,
            alpha=self.lora.alpha,
            targets=tuple(self.lora.targets),
            layers=tuple(self.lora.layers),
        )

    def spec(self) -> TrainSpec:
        """The recipe as a job would be given it. Raises InvalidManifest for one that no job has."""
        training = self.training
        try:
            return TrainSpec(
                seed=int(training.seed),
                train_epochs=training.train_epochs,
                batch_size=training.batch_size,
                learning_rate=float(training.learning_rate),
                warmup_steps=training.warmup_steps,
                weight_decay=float(training.weight_decay),
                max_gradient_norm=float(training.max_gradient_norm),
                rank=self.lora.rank,
                alpha=self.lora.alpha,
                layers=len(self.lora.layers),
                targets=tuple(self.lora.targets),
                max_tokens=training.max_tokens,
            )
        except ValueError as error:
            raise InvalidManifest(
                f"its training cannot be done again: {error}; expected what a job is given"
            ) from error

    def weights_digest(self) -> bytes:
        """The sha-256 of the adapter's file (32 bytes)."""
        return bytes.fromhex(self.weights.sha256.removeprefix("0x"))


def build_manifest(
    trained: TrainedAdapter,
    spec: TrainSpec,
    *,
    datasets: Sequence[DatasetRef],
    weights_cid: str,
    parent: int = 0,
) -> bytes:
    """The manifest of a trained adapter as canonical JSON."""
    shape = trained.shape
    manifest = Manifest(
        format=FORMAT,
        base=BasePart(weights=shape.base_weights, tokenizer=shape.base_tokenizer, chat_template=shape.base_template),
        family=family_of(shape.model_type).name,
        model_type=shape.model_type,
        method="lora",
        lora=LoraPart(
            rank=shape.rank,
            alpha=shape.alpha,
            targets=list(shape.targets),
            layers=list(shape.layers),
            dropout="0",
        ),
        training=_training(spec, trained),
        datasets=[
            DatasetPart(
                root="0x" + dataset.root.hex(),
                snapshot_cid=dataset.snapshot_cid,
                contribution_count=dataset.contribution_count,
            )
            for dataset in datasets
        ],
        parent=parent,
        weights=WeightsPart(cid=weights_cid, sha256="0x" + trained.weights_sha256.hex()),
        versions=_versions(),
    )
    return canonical_json(manifest.model_dump())


def parse_manifest(data: bytes) -> Manifest:
    """The manifest that `data` spells.

    Raises:
        InvalidManifest: it is not canonical JSON, another format, or a field is missing, strange or of another type.
    """
    try:
        value: Any = json.loads(data)
        manifest = Manifest.model_validate(value)
    except (ValidationError, ValueError) as error:
        raise InvalidManifest(f"not an adapter manifest: {error}; expected format {FORMAT}") from error
    if manifest.format != FORMAT:
        raise InvalidManifest(f"format {manifest.format!r}, expected {FORMAT!r}; use a version that reads it")
    if canonical_json(value) != data:
        raise InvalidManifest("the manifest is not canonical JSON; write it with build_manifest")
    return manifest


def _training(spec: TrainSpec, trained: TrainedAdapter) -> TrainingPart:
    return TrainingPart(
        seed=str(spec.seed),
        train_epochs=spec.train_epochs,
        batch_size=spec.batch_size,
        learning_rate=str(spec.learning_rate),
        warmup_steps=spec.warmup_steps,
        weight_decay=str(spec.weight_decay),
        max_gradient_norm=str(spec.max_gradient_norm),
        max_tokens=spec.max_tokens,
        threads=trained.threads,
        losses=[f"{loss:.6f}" for loss in trained.losses],
    )


def _versions() -> dict[str, str]:
    versions = {name: version(name) for name in _LIBRARIES}
    try:
        versions["openledger"] = version("openledger")
    except PackageNotFoundError:  # run from a checkout that is not installed
        versions["openledger"] = "unreleased"
    return versions | {"python": platform.python_version()}
