"""What an adapter was trained from, fetched by content and checked against the chain, and the loaded model.

Chain digest -> manifest -> weights, snapshots -> contributed texts: every arrow is a hash, and the contributions in a
snapshot must be the accepted ones of the registry, field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attribution_oracle import wire
from attribution_oracle.errors import FileDiffers, ModelUnavailable, SourceLied
from attribution_oracle.facts import AdapterFact, ContributionFact
from content.cid import RAW, cid_from_digest, digest_of
from content.errors import ContentMismatch, ContentNotFound, InvalidCid
from content.store import ContentStore
from trainer.adapter_file import ADAPTER_FILE, read_adapter
from trainer.base_model import BaseModel, describe_base, load_tokenizer, no_progress_bars
from trainer.errors import TrainerError
from trainer.examples import Example
from trainer.manifest import Manifest, parse_manifest
from trainer.serving import attach, check_base
from trainer.snapshot import Snapshot, SnapshotEntry, load_examples, parse_snapshot

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class AdapterSource:
    """A checked adapter: its training examples in commit order, its files, and the local base model that it names."""

    fact: AdapterFact
    manifest: Manifest
    manifest_cid: str
    snapshots: tuple[Snapshot, ...]
    examples: tuple[Example, ...]
    base: BaseModel
    folder: Path

    @property
    def max_tokens(self) -> int:
        """Where an example is cut: as it was in training."""
        return self.manifest.training.max_tokens

    @property
    def cids(self) -> list[str]:
        """Everything that a recomputation fetches for this adapter."""
        texts = [entry.cid for snapshot in self.snapshots for entry in snapshot.entries]
        snapshots = [dataset.snapshot_cid for dataset in self.manifest.datasets]
        return [self.manifest_cid, self.manifest.weights.cid, *snapshots, *texts]

    def document(self) -> dict[str, Any]:
        """The adapter's member of evidence.json."""
        return {
            "adapter_id": self.fact.adapter_id,
            "manifest_cid": self.manifest_cid,
            "weights_cid": self.manifest.weights.cid,
            "weights_sha256": wire.hexed(self.fact.weights_digest),
            "base": self.manifest.base.model_dump(),
            "datasets": [
                {"dataset_root": wire.hexed(snapshot.root), "snapshot_cid": dataset.snapshot_cid}
                for snapshot, dataset in zip(self.snapshots, self.manifest.datasets, strict=True)
            ],
        }

    def load(self) -> tuple[PeftModel, PreTrainedTokenizerBase]:
        """The model with the adapter, float32 on the CPU whatever the machine has, and its tokenizer.

        Raises trainer.errors.AdapterRefused when the weights are not exactly an adapter of this base.
        """
        import torch
        from transformers import AutoModelForCausalLM

        tensors, shape = read_adapter(self.folder, expected_digest=self.fact.weights_digest)
        check_base(shape, self.base)
        # not trainer.load_base: serving takes bf16 where there is CUDA, and then two machines would disagree
        with no_progress_bars():
            plain = AutoModelForCausalLM.from_pretrained(
                self.base.path, dtype=torch.float32, local_files_only=True, use_safetensors=True
            )
        plain.requires_grad_(False)
        return attach(plain, "default", tensors, shape), load_tokenizer(self.base.path)


def fetch_source(
    fact: AdapterFact,
    contributions: Mapping[int, ContributionFact],
    *,
    store: ContentStore,
    bases: Sequence[Path],
    work: Path,
) -> AdapterSource:
    """Fetch and check everything that an adapter was made from.

    Raises:
        FileDiffers: a file is absent or has other bytes; the message names it.
        SourceLied: manifest, snapshot and chain do not agree.
        ModelUnavailable: the base model that the manifest names is not among `bases`.
    """
    name = f"adapter {fact.adapter_id}"
    manifest_cid = cid_from_digest(fact.manifest_digest, RAW)
    try:
        manifest = parse_manifest(_fetch(store, manifest_cid, f"manifest of {name}"))
        _same(f"{name}: weights in its manifest", fact.weights_digest, manifest.weights_digest())
        _same(f"{name}: base weights in its manifest", fact.base_weights_digest, _digest(manifest.base.weights))
        snapshots = _snapshots(fact, manifest, store)
        _check_entries(snapshots, contributions)
        examples = _examples(snapshots, store)
        base = _base_of(manifest, bases, name)
    except (OverflowError, TrainerError, ValueError) as error:
        # an adapter's owner wrote these files, and may have written anything
        raise SourceLied(f"{name}: {error}") from error
    if not examples:
        raise SourceLied(f"{name}: no contribution of its snapshots holds text; nothing in it can be measured: skip it")
    folder = work / fact.weights_digest.hex()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ADAPTER_FILE).write_bytes(_fetch(store, manifest.weights.cid, f"weights of {name}"))
    return AdapterSource(fact, manifest, manifest_cid, snapshots, examples, base, folder)


def _snapshots(fact: AdapterFact, manifest: Manifest, store: ContentStore) -> tuple[Snapshot, ...]:
    """The snapshots in the order of the manifest; they are the chain's, neither more nor fewer."""
    recorded = dict(fact.snapshots)
    found: list[Snapshot] = []
    for dataset in manifest.datasets:
        root = _digest(dataset.root)
        lines = _fetch(store, dataset.snapshot_cid, f"snapshot {dataset.root} of adapter {fact.adapter_id}")
        if root not in recorded:
            raise SourceLied(
                f"adapter {fact.adapter_id}: dataset root {dataset.root} of its manifest is not in its lineage"
            )
        if digest_of(dataset.snapshot_cid)[0] not in recorded[root]:
            raise SourceLied(
                f"snapshot {dataset.root}: nobody recorded the digest of {dataset.snapshot_cid} on chain; expected one "
                f"of {[wire.hexed(digest) for digest in recorded[root]]}: do not use these files"
            )
        snapshot = parse_snapshot(lines)
        _same(f"snapshot {dataset.root}: root of its entries", root, snapshot.root)
        found.append(snapshot)
    if len(found) != len(recorded):
        raise SourceLied(
            f"adapter {fact.adapter_id}: {len(recorded)} dataset roots on chain, {len(found)} in its manifest"
        )
    return tuple(found)


def _check_entries(snapshots: Iterable[Snapshot], contributions: Mapping[int, ContributionFact]) -> None:
    """Each entry is an accepted contribution, as the registry has it; what was withdrawn later stays trained."""
    for snapshot in snapshots:
        for entry in snapshot.entries:
            known = contributions.get(entry.contribution_id)
            if known is None or _entry_of(known) != _comparable(entry):
                raise SourceLied(
                    f"snapshot 0x{snapshot.root.hex()}: contribution {entry.contribution_id} is {_comparable(entry)}; "
                    f"on chain {known and _entry_of(known)}: only adapters of accepted contributions can be paid out"
                )


def _entry_of(fact: ContributionFact) -> tuple[object, ...]:
    content = cid_from_digest(fact.digest, fact.codec), wire.hexed(fact.digest), wire.hexed(fact.canonical_hash)
    return *content, fact.contributor, fact.byte_count, fact.format, fact.commit_block, fact.score


def _comparable(entry: SnapshotEntry) -> tuple[object, ...]:
    content = entry.cid, entry.digest, entry.canonical_hash
    return *content, entry.contributor, entry.byte_count, entry.format, entry.commit_block, entry.score


def _examples(snapshots: Iterable[Snapshot], store: ContentStore) -> tuple[Example, ...]:
    """The examples of all snapshots, each contribution once, in commit order: who was first decides who is the copy."""
    entries = {entry.contribution_id: entry for snapshot in snapshots for entry in snapshot.entries}
    ordered = sorted(entries.values(), key=lambda entry: entry.contribution_id)  # ids are given at commitment
    merged = Snapshot(entries=tuple(ordered), jsonl=b"", root=b"")
    try:
        return tuple(load_examples(merged, store))
    except (ContentMismatch, ContentNotFound, InvalidCid, UnicodeDecodeError) as error:
        raise FileDiffers("contributed text", str(error)) from error


def _base_of(manifest: Manifest, bases: Sequence[Path], name: str) -> BaseModel:
    wanted = manifest.base
    for path in bases:
        base = describe_base(path)
        digests = [base.weights_digest, base.tokenizer_digest, base.template_digest]
        if [wire.hexed(item) for item in digests] == [wanted.weights, wanted.tokenizer, wanted.chat_template]:
            return base
    raise ModelUnavailable(
        f"{name} is for the base with weights {wanted.weights}; none of {[str(path) for path in bases]} is that one: "
        "prepare it with trainer.base_model and name its folder"
    )


def _fetch(store: ContentStore, cid: str, name: str) -> bytes:
    try:
        return store.get(cid)
    except (ContentMismatch, ContentNotFound, InvalidCid) as error:
        raise FileDiffers(name, str(error)) from error


def _digest(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("0x"))


def _same(what: str, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise SourceLied(f"{what} is 0x{found.hex()}; on chain 0x{expected.hex()}: do not use these files")
