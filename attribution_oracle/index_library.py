"""Train indexes kept on disk: an adapter is measured once, however many reward epochs it earns in.

    <folder>/store/                    the rows, a segment of a gradient store for each index
    <folder>/indexes/<segment>.json    what else an index is made of, and the digests of both other parts; written last
    <folder>/indexes/<segment>.safetensors     the whitening: eigenbases and inverse root

A library belongs to one party. What it holds was computed there, by the same libraries on the same kind of machine,
which are part of an index's name: nobody's payout may rest on rows that somebody else computed.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load, save

from attribution_oracle.gradient_store import GradientStore, Segment, StoredRows, build_segment, row_keys
from attribution_oracle.gradient_store.errors import StoreDamaged, StoreMismatch
from attribution_oracle.gradient_store.files import room_for, write_whole
from attribution_oracle.influence.ekfac import Basis, Whitening
from attribution_oracle.influence.engine import ScoringSpec, TrainIndex
from attribution_oracle.influence.gradients import Encoded
from attribution_oracle.influence.quantize import IntegerRows
from content.canonical import canonical_json

_FORMAT = "openledger-train-index/1"
_REMOVE = "remove the library's folder: it is built again from the adapter and its texts"


class IndexLibrary:
    """The train indexes of one party, in a folder that is made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_or_build(
        self,
        adapter_digest: bytes,
        examples: Sequence[Encoded],
        contribution_ids: Sequence[int],
        spec: ScoringSpec,
        *,
        columns: int,
        build: Callable[[], TrainIndex],
    ) -> TrainIndex:
        """The index of an adapter's examples, its rows `columns` long: read if it is kept here, else built and kept.

        Raises StoreDamaged or StoreMismatch for a library that was altered, StoreFull where there is no room.
        """
        segment = Segment(adapter_digest, _named(spec), "train", columns)
        store = GradientStore.open(self._folder / "store")
        if not self._path(segment, "json").exists():
            self._keep(store, segment, row_keys(segment, examples), build())
        return self._read(store, segment, row_keys(segment, examples), contribution_ids, spec)

    def _keep(self, store: GradientStore, segment: Segment, keys: Sequence[bytes], index: TrainIndex) -> None:
        built = index.rows
        assert isinstance(built, IntegerRows), "an index that was just built has its rows in memory"
        commit = build_segment(store, segment, keys, lambda places: _part(built, places))
        # rows that an interrupted build left are not written again, so they must be the same
        if not _equal(store.rows(segment), built):
            raise StoreMismatch(f"{store.folder} holds other rows of segment {segment.digest.hex()}; {_REMOVE}")
        tensors = save(_tensors(index.whitening))
        document = {
            "format": _FORMAT,
            "root": commit.root.hex(),
            "whitening": hashlib.sha256(tensors).hexdigest(),
            "starts": [basis.start for basis in index.whitening.bases],
            "contribution_ids": list(index.contribution_ids),
            "columns": list(index.columns),
            "residual_norms": [norm.hex() for norm in index.residual_norms],
        }
        path = self._path(segment, "json")
        path.parent.mkdir(parents=True, exist_ok=True)
        with room_for(path.parent):
            write_whole(self._path(segment, "safetensors"), tensors)
            write_whole(path, canonical_json(document))

    def _read(
        self,
        store: GradientStore,
        segment: Segment,
        keys: Sequence[bytes],
        contribution_ids: Sequence[int],
        spec: ScoringSpec,
    ) -> TrainIndex:
        path, rows = self._path(segment, "json"), store.rows(segment)
        try:
            document = json.loads(path.read_bytes())
            tensors = self._path(segment, "safetensors").read_bytes()
            index = TrainIndex(
                spec=spec,
                contribution_ids=tuple(document["contribution_ids"]),
                columns=tuple(document["columns"]),
                rows=rows,
                whitening=_whitening(document, tensors),
                residual_norms=tuple(map(float.fromhex, document["residual_norms"])),
            )
            is_whole = document["format"] == _FORMAT and document["root"] == rows.source.commit.root.hex()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreDamaged(f"{path} cannot be read as a train index ({error!r}); {_REMOVE}") from error
        if not is_whole or rows.source.keys != list(keys):
            raise StoreDamaged(f"{path} is not the index of rows {rows.source.commit.root.hex()}; {_REMOVE}")
        if [index.contribution_ids[column] for column in index.columns] != list(contribution_ids):
            raise StoreMismatch(f"{path} gives its examples to other contributions than the snapshot; {_REMOVE}")
        return index

    def _path(self, segment: Segment, ending: str) -> Path:
        return self._folder / "indexes" / f"{segment.digest.hex()}.{ending}"


def _named(spec: ScoringSpec) -> dict[str, int | str]:
    """The scoring parameters with what else may change a bit of a row."""
    libraries = {f"{name}_version": version(name) for name in ("torch", "transformers", "peft")}
    return {**asdict(spec), **libraries, "machine": platform.machine()}


def _part(rows: IntegerRows, places: range) -> IntegerRows:
    return IntegerRows(rows.codes[places.start : places.stop], rows.scales[places.start : places.stop])


def _equal(stored: StoredRows, built: IntegerRows) -> bool:
    start = 0
    for tile in stored.tiles(256):
        part = _part(built, range(start, start + len(tile)))
        if not (np.array_equal(tile.codes, part.codes) and np.array_equal(tile.scales, part.scales)):
            return False
        start += len(tile)
    return start == len(built)


def _tensors(whitening: Whitening) -> dict[str, Any]:
    sides = {f"left.{k}": basis.left.contiguous().clone() for k, basis in enumerate(whitening.bases)}
    sides |= {f"right.{k}": basis.right.contiguous().clone() for k, basis in enumerate(whitening.bases)}
    return sides | {"inverse_root": whitening.inverse_root}


def _whitening(document: dict[str, Any], data: bytes) -> Whitening:
    if hashlib.sha256(data).hexdigest() != document["whitening"]:
        raise ValueError("the whitening has another digest")
    tensors = load(data)
    bases = []
    for place, start in enumerate(document["starts"]):
        left, right = tensors[f"left.{place}"], tensors[f"right.{place}"]
        bases.append(Basis(start, start + len(left) * len(right), left, right))
    return Whitening(bases, tensors["inverse_root"])
