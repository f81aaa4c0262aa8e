"""A retrain bank: a base model, adapters, tokenised rows, and the losses of queries under many retrained adapters.

A folder that anybody can make of a model of their own (`write_bank`; docs/attribution.md has an example):

    base/                 config.json, model.safetensors, tokenizer.json, as `transformers` saves them
    adapters/SEED/        adapter_config.json, adapter_model.safetensors, as `peft` saves them: trained on all rows
    train.jsonl           one row a line: {"input_ids": [...], "completion_start": 1, "contributor": "argparse"}
    queries.jsonl         the same, and optional tags: {..., "tags": ["planted"]}; the contributor may be null
    losses.npz            for each group G: G_masks bool (n_subset, n_train) and
                          G_losses float32 (n_seed, n_subset, n_query)
    bank.json             format, contributors, groups, notes; size and sha256 of every other file

A loss is the sum over a query's completion tokens. Groups by name:
    half            random halves of the rows: the linear datamodeling score
    contributors    random halves of the contributors: the counterfactual of payouts
    without, full   all rows but one contributor's, and all rows, with the same seeds: leave one contributor out
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribution_oracle.errors import BankInvalid

FORMAT = "openledger-retrain-bank/1"
_INDEX, _TRAIN, _QUERIES, _LOSSES = "bank.json", "train.jsonl", "queries.jsonl", "losses.npz"


@dataclass(frozen=True, slots=True)
class BankRow:
    """A tokenised row; the model is held to the tokens from `completion_start` on."""

    input_ids: list[int]
    completion_start: int
    contributor: str | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Retrained adapters: masks `(n_subset, n_train)` of what each saw, losses `(n_seed, n_subset, n_query)`.

    `left_out[k]` is the contributor that subset `k` lacks, in the group `without`; empty in the others.
    """

    seeds: tuple[int, ...]
    masks: NDArray[np.bool_]
    losses: NDArray[np.float32]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrainBank:
    """A bank that was read and checked. `digest` names its content: the sha256 of bank.json, which names the rest."""

    folder: Path
    digest: str
    contributors: tuple[str, ...]
    train: tuple[BankRow, ...]
    queries: tuple[BankRow, ...]
    groups: Mapping[str, Group]
    adapter_seeds: tuple[int, ...]
    notes: Mapping[str, Any]

    @property
    def owners(self) -> NDArray[np.int64]:
        """The place of each train row's contributor, `(n_train,)`."""
        return np.array([self.contributors.index(row.contributor or "") for row in self.train])

    def group(self, name: str) -> Group:
        """A group by name; BankInvalid where the bank has none."""
        if name not in self.groups:
            raise BankInvalid(
                f'{self.folder} has no group "{name}" of retrained adapters, it has {", ".join(sorted(self.groups))}; '
                "retrain adapters for it and write the bank anew"
            )
        return self.groups[name]

    def adapter_folder(self, seed: int) -> Path:
        """Where the adapter of a seed lies; BankInvalid where the bank has none."""
        if seed not in self.adapter_seeds:
            known = ", ".join(map(str, self.adapter_seeds))
            raise BankInvalid(f"{self.folder} has no adapter of seed {seed}; expected one of {known}; pass --seeds")
        return self.folder / "adapters" / str(seed)


def write_bank(
    folder: Path,
    *,
    train: Sequence[BankRow],
    queries: Sequence[BankRow],
    groups: Mapping[str, Group],
    contributors: Sequence[str],
    notes: Mapping[str, Any],
) -> RetrainBank:
    """Writes rows, losses and bank.json into a folder that holds `base/` and `adapters/`, and reads it back."""
    for name, rows in ((_TRAIN, train), (_QUERIES, queries)):
        lines = [json.dumps(asdict(row), separators=(",", ":"), ensure_ascii=False) for row in rows]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    arrays = {f"{name}_{key}": getattr(group, key) for name, group in groups.items() for key in ("masks", "losses")}
    np.savez_compressed(folder / _LOSSES, **arrays)
    index = {
        "format": FORMAT,
        "contributors": list(contributors),
        "groups": {name: {"seeds": group.seeds, "left_out": group.left_out} for name, group in groups.items()},
        "notes": dict(notes),
        "files": {str(path.relative_to(folder)): _described(path) for path in _files(folder)},
    }
    (folder / _INDEX).write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return load_bank(folder)


def load_bank(folder: Path) -> RetrainBank:
    """Reads a bank and checks it against bank.json; BankInvalid says which file is absent, cut short or altered."""
    index, digest = _read_index(folder)
    content = {name: _checked(folder, name, described) for name, described in index["files"].items()}
    missing = {_TRAIN, _QUERIES, _LOSSES, "base/config.json"} - content.keys()
    if missing:
        raise BankInvalid(f"{folder / _INDEX} lists no {', '.join(sorted(missing))}; expected it; write the bank anew")
    known = tuple(index["contributors"])
    train, queries = (_rows(name, content[name], known) for name in (_TRAIN, _QUERIES))
    if any(row.contributor is None for row in train):
        raise BankInvalid(f"a row of {folder / _TRAIN} has no contributor; expected one for each; name its owner")
    groups = _groups(content[_LOSSES], index["groups"], len(train), len(queries))
    seeds = sorted({int(name.split("/")[1]) for name in content if name.startswith("adapters/")})
    return RetrainBank(folder, digest, known, train, queries, groups, tuple(seeds), index["notes"])


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _INDEX]


def _described(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _read_index(folder: Path) -> tuple[dict[str, Any], str]:
    path = folder / _INDEX
    if not path.is_file():
        raise BankInvalid(f"{path} does not exist; expected the index of a retrain bank; see docs/attribution.md")
    content = path.read_bytes()
    try:
        index = json.loads(content)
        found = index["format"]
        if found != FORMAT:
            raise BankInvalid(f'{path} has format "{found}"; expected "{FORMAT}"; write the bank anew')
        # every key that the reader takes for granted
        for key in ("contributors", "groups", "notes", "files"):
            index[key]
    except (ValueError, KeyError, TypeError) as error:
        raise BankInvalid(f"{path} is no index of a bank ({error!r}); expected JSON; fetch the bank again") from error
    return index, hashlib.sha256(content).hexdigest()


def _checked(folder: Path, name: str, described: Mapping[str, Any]) -> bytes:
    path = folder / name
    # names come with a bank that a stranger may have made
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise BankInvalid(f"{path} is not there, but bank.json lists it; expected it in the folder; fetch it again")
    content = path.read_bytes()
    if len(content) != described["bytes"]:
        raise BankInvalid(f"{path} has {len(content)} bytes; expected {described['bytes']}; fetch the bank again")
    if hashlib.sha256(content).hexdigest() != described["sha256"]:
        raise BankInvalid(f"{path} has another sha256 than bank.json says; it was altered; fetch the bank again")
    return content


def _rows(name: str, content: bytes, contributors: Sequence[str]) -> tuple[BankRow, ...]:
    rows = []
    for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
        try:
            fields = json.loads(line)
            row = BankRow(**{**fields, "tags": tuple(fields.get("tags", ()))})
        except (ValueError, TypeError, AttributeError) as error:
            raise BankInvalid(f"{name} line {number} is no row ({error}); expected the fields of BankRow") from error
        if not 0 < row.completion_start < len(row.input_ids):
            raise BankInvalid(f"{name} line {number}: completion_start {row.completion_start} is outside of its tokens")
        if row.contributor is not None and row.contributor not in contributors:
            raise BankInvalid(f'{name} line {number}: contributor "{row.contributor}" is not listed in bank.json')
        rows.append(row)
    return tuple(rows)


def _groups(content: bytes, listed: Mapping[str, Any], n_train: int, n_query: int) -> dict[str, Group]:
    arrays = np.load(io.BytesIO(content), allow_pickle=False)
    groups = {}
    for name, entry in listed.items():
        if f"{name}_masks" not in arrays or f"{name}_losses" not in arrays:
            raise BankInvalid(f'{_LOSSES} lacks the arrays of group "{name}", which bank.json lists; write it anew')
        masks, losses = arrays[f"{name}_masks"], arrays[f"{name}_losses"]
        expected = (len(entry["seeds"]), len(masks), n_query)
        if masks.shape[1:] != (n_train,) or losses.shape != expected or not np.isfinite(losses).all():
            raise BankInvalid(
                f'group "{name}" has masks {masks.shape} and losses {losses.shape}; expected (n_subset, {n_train}) and '
                f"{expected}, all finite; write the bank anew"
            )
        groups[name] = Group(tuple(entry["seeds"]), masks, losses, tuple(entry["left_out"]))
    return groups
