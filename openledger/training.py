"""From accepted contributions to a registered adapter: snapshot, train, pin, register."""

from __future__ import annotations

import multiprocessing
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from content.canonical import canonical_json
from content.cid import digest_of
from openledger.contributions import Contribution, accepted_contributions
from openledger.errors import AppError
from openledger.market import Market
from openledger.setting_up import share_cores
from trainer.base_model import describe_base
from trainer.errors import TrainerError
from trainer.examples import Example
from trainer.lora import TrainedAdapter, TrainProgress, train_adapter
from trainer.manifest import DatasetRef, build_manifest
from trainer.snapshot import Snapshot, SnapshotEntry, build_snapshot, load_examples
from trainer.spec import TrainSpec

ReportProgress = Callable[[TrainProgress], None]


@dataclass(frozen=True, slots=True)
class Prices:
    """What an adapter charges, in wei for a thousand tokens, and its royalty from adapters built on it."""

    input_wei_per_1k: int
    output_wei_per_1k: int
    royalty_bps: int = 0


DEFAULT_PRICES = Prices(input_wei_per_1k=5 * 10**17, output_wei_per_1k=10**18)
DEFAULT_LICENCE = "CC-BY-4.0"
BASE_LICENCE = "Apache-2.0"  # of SmolLM2


@dataclass(frozen=True, slots=True)
class RegisteredAdapter:
    """An adapter on chain, with the losses of its training steps (nats a token)."""

    adapter_id: int
    weights_sha256: bytes
    manifest_cid: str
    snapshot: Snapshot
    examples: int
    losses: tuple[float, ...]


def read_train_spec(path: Path) -> TrainSpec:
    """The `[training]` table of a configuration file. Raises `AppError` when it does not fit."""
    try:
        return TrainSpec.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))["training"])
    except FileNotFoundError:
        raise AppError(
            f"there is no configuration at {path}; expected a TOML file with [training]; see configs/"
        ) from None
    except (KeyError, ValueError) as error:
        raise AppError(
            f"{path} does not describe a training run: {error}; compare it with configs/demo.toml"
        ) from error


def take_snapshot(market: Market, owner: LocalAccount, datanet_id: int) -> tuple[Snapshot, str]:
    """Snapshot a Datanet's accepted contributions, pin it and record its root; returns it and its CID."""
    entries = [_entry(contribution) for contribution in accepted_contributions(market, datanet_id)]
    if not entries:
        raise AppError(
            f"Datanet {datanet_id} has no accepted contribution; expected at least one; "
            'review some with "openledger review"'
        )
    snapshot = build_snapshot(entries)
    cid = market.store.put(snapshot.jsonl)
    market.store.pin(cid)
    if market.chain.call("DatanetRegistry", "snapshot_version", datanet_id, snapshot.root) == 0:
        market.chain.send(
            owner, "DatanetRegistry", "record_snapshot", datanet_id, snapshot.root, digest_of(cid)[0], len(entries)
        )
    return snapshot, cid


def register_base(market: Market, account: LocalAccount) -> int:
    """The id of the prepared base model, registered now unless it is already."""
    base = describe_base(market.base_model)
    known = market.chain.events("ModelRegistry", "BaseRegistered", from_block=market.deployed_at())
    for log in known:
        if log["args"]["weights_digest"] == base.weights_digest:
            return int(log["args"]["base_id"])
    manifest = {
        "chat_template": f"0x{base.template_digest.hex()}",
        "format": "openledger-base/1",
        "name": market.base_model.name,
        "tokenizer": f"0x{base.tokenizer_digest.hex()}",
        "weights": f"0x{base.weights_digest.hex()}",
    }
    cid = market.store.put(canonical_json(manifest))
    market.store.pin(cid)
    digests = base.weights_digest, digest_of(cid)[0], _pinned_licence(market, BASE_LICENCE)
    market.chain.send(account, "ModelRegistry", "register_base", *digests)
    return int(market.chain.call("ModelRegistry", "base_count"))


def train_and_register(
    market: Market,
    owner: LocalAccount,
    *,
    datanet_id: int,
    spec: TrainSpec,
    prices: Prices,
    progress: ReportProgress,
    threads: int,
    licence: str = DEFAULT_LICENCE,
) -> RegisteredAdapter:
    """Train an adapter on a Datanet's accepted contributions and register it with its lineage, licence and price.

    Args:
        licence: what the adapter may be used for, as an SPDX identifier or a text.
    """
    snapshot, snapshot_cid = take_snapshot(market, owner, datanet_id)
    base_id = register_base(market, owner)
    examples = load_examples(snapshot, market.store)
    out = market.home.adapters / snapshot.root.hex()
    trained = train_apart(market.base_model, examples, spec, out, progress, threads=threads)
    weights_cid = market.store.put_file(trained.path / "adapter_model.safetensors")
    reference = DatasetRef(snapshot.root, snapshot_cid, len(snapshot.entries))
    manifest = build_manifest(trained, spec, datasets=[reference], weights_cid=weights_cid)
    manifest_cid = market.store.put(manifest)
    for cid in (weights_cid, manifest_cid):
        market.store.pin(cid)
    digests = trained.weights_sha256, digest_of(manifest_cid)[0], _pinned_licence(market, licence)
    adapter_id = _register(market, owner, base_id, digests, snapshot.root, prices)
    return RegisteredAdapter(
        adapter_id, trained.weights_sha256, manifest_cid, snapshot, len(examples), tuple(trained.losses)
    )


def train_apart(
    base: Path, examples: Sequence[Example], spec: TrainSpec, out: Path, progress: ReportProgress, *, threads: int
) -> TrainedAdapter:
    """Train in a process of its own, so that its memory is given back when it ends.

    Raises:
        TrainerError: what training raised there.
        AppError: the process ended without a word (killed, out of memory).
    """
    share_cores()
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    job = context.Process(target=_train, args=(sender, base, list(examples), spec, out, threads))
    job.start()
    sender.close()
    try:
        while True:
            message: Any = receiver.recv()
            if isinstance(message, TrainProgress):
                progress(message)
            elif isinstance(message, TrainerError):
                raise message
            else:
                trained: TrainedAdapter = message
                return trained
    except EOFError:
        job.join()
        raise AppError(
            f"training ended with code {job.exitcode} before it was done; expected it to run on; "
            "is there enough memory? train again"
        ) from None
    finally:
        job.terminate()
        job.join()


def _train(
    sender: Connection[Any, Any], base: Path, examples: list[Example], spec: TrainSpec, out: Path, threads: int
) -> None:
    try:
        sender.send(train_adapter(base, examples, spec, out, sender.send, threads=threads))
    except TrainerError as error:
        sender.send(error)


def _pinned_licence(market: Market, licence: str) -> bytes:
    """The sha-256 of a licence, which is from now on in the content store."""
    return digest_of(market.store.put(licence.encode()))[0]


def _register(
    market: Market,
    owner: LocalAccount,
    base_id: int,
    digests: tuple[bytes, bytes, bytes],
    dataset_root: bytes,
    prices: Prices,
) -> int:
    receipt = market.chain.send(
        owner,
        "ModelRegistry",
        "register_adapter",
        base_id,
        0,  # no parent
        *digests,
        [dataset_root],
        prices.royalty_bps,
        prices.input_wei_per_1k,
        prices.output_wei_per_1k,
    )
    block = receipt.block_number
    logs = market.chain.events("ModelRegistry", "AdapterRegistered", from_block=block, to_block=block)
    return next(int(log["args"]["adapter_id"]) for log in logs if log["transaction_hash"] == receipt.transaction_hash)


def _entry(contribution: Contribution) -> SnapshotEntry:
    return SnapshotEntry(
        byte_count=contribution.byte_count,
        canonical_hash=f"0x{contribution.canonical_hash.hex()}",
        cid=contribution.cid,
        commit_block=contribution.commit_block,
        contribution_id=contribution.contribution_id,
        contributor=contribution.contributor,
        digest=f"0x{contribution.digest.hex()}",
        format=contribution.format,
        score=contribution.score,
    )
