"""Answers of registered adapters: an adapter is fetched by the digests on chain when it is first asked, or refused."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from chain.client import ChainClient
from content.cid import RAW, cid_from_digest
from content.store import ContentStore
from openledger.errors import AppError

if TYPE_CHECKING:
    from trainer.manifest import Manifest
    from trainer.serving import Answer, Answerer


class RegisteredAnswerer:
    """A base model that answers under any adapter of the ModelRegistry. The model is loaded at the first question."""

    def __init__(self, *, chain: ChainClient, store: ContentStore, base_model: Path, work: Path, threads: int) -> None:
        self._chain = chain
        self._store = store
        self._base_model = base_model
        self._work = work
        self._threads = threads
        self._answerer: Answerer | None = None
        self._ready: set[int] = set()
        self._lock = threading.Lock()

    def count_tokens(self, prompt: str) -> int:
        """The tokens that the prompt is billed for, its chat template included."""
        return self._loaded().count_tokens(prompt)

    def digest_of(self, adapter_id: int) -> bytes:
        """The sha-256 of the weights that answer for an adapter; loads it, and raises as `answer`."""
        return self._with_adapter(adapter_id).digest_of(adapter_id)

    def answer(self, adapter_id: int, prompt: str, max_new_tokens: int) -> Answer:
        """The adapter's greedy answer.

        Raises:
            AppError: the adapter's manifest is not that of the chain.
            ContentError: a file of the adapter is missing or altered.
            TrainerError: the adapter does not fit the base, or is not what its digests say.
        """
        return self._with_adapter(adapter_id).answer(adapter_id, prompt, max_new_tokens)

    def _with_adapter(self, adapter_id: int) -> Answerer:
        answerer = self._loaded()
        with self._lock:
            if adapter_id not in self._ready:
                self._load(answerer, adapter_id)
                self._ready.add(adapter_id)
        return answerer

    def _loaded(self) -> Answerer:
        from trainer.serving import Answerer

        with self._lock:
            if self._answerer is None:
                self._answerer = Answerer(self._base_model, threads=self._threads)
            return self._answerer

    def _load(self, answerer: Answerer, adapter_id: int) -> None:
        from trainer.manifest import parse_manifest

        _, _, _, weights_digest, manifest_digest, *_ = self._chain.call("ModelRegistry", "adapter", adapter_id)
        manifest = parse_manifest(self._store.get(cid_from_digest(manifest_digest, RAW)))
        if manifest.weights_digest() != weights_digest:
            raise AppError(
                f"adapter {adapter_id}: its manifest names weights 0x{manifest.weights_digest().hex()}, the registry "
                f"0x{weights_digest.hex()}; expected the same; its owner must register it again"
            )
        answerer.load(adapter_id, self._fetch(manifest), manifest)

    def _fetch(self, manifest: Manifest) -> Path:
        """The adapter's folder: the weights fetched once, by content."""
        folder = self._work / manifest.weights_digest().hex()
        weights = folder / "adapter_model.safetensors"
        is_there = weights.is_file() and hashlib.sha256(weights.read_bytes()).digest() == manifest.weights_digest()
        if not is_there:
            folder.mkdir(parents=True, exist_ok=True)
            self._store.get_to_file(manifest.weights.cid, weights)
        return folder
