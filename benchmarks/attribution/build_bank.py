"""Makes the bank anew (about 15 CPU-minutes): pretrains the base, retrains every group, writes the folder.

python -m benchmarks.attribution.build_bank [FOLDER]
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer

from attribution_oracle.evaluation.bank import BankRow, Group, write_bank
from benchmarks.attribution.bank import (
    CONTRIBUTOR_SUBSETS,
    CORPUS_SEED,
    FOLDER,
    FULL_SEEDS,
    HALF_SEEDS,
    HALF_SUBSETS,
    SEEN_SEEDS,
    SUBSET_SEED,
    UNSEEN_SEEDS,
    WITHOUT,
    Bank,
)
from benchmarks.attribution.corpus import Corpus, build_corpus, pretraining_texts, train_tokenizer
from benchmarks.attribution.served import base_config, peft_model, trained
from benchmarks.attribution.tiny import Recipe, Shape, Weights, row_losses, token_losses, train_adapters

_STACK = 16
_PRETRAIN_STEPS, _PRETRAIN_BATCH, _PRETRAIN_RATE = 600, 48, 3e-3


def build(folder: Path = FOLDER) -> None:
    """Pretrain, retrain, and write the folder."""
    torch.set_num_threads(1)
    started = time.process_time()
    texts = pretraining_texts()
    tokenizer = train_tokenizer(texts[:20_000])
    corpus = build_corpus(tokenizer, seed=CORPUS_SEED)
    shape, recipe = Shape(), Recipe()
    base, loss = pretrain(tokenizer, texts, shape)
    print(f"pretrained to {loss:.3f} in {time.process_time() - started:.0f} CPU-s", flush=True)
    # the bank ships float16 values, so every adapter is trained on them
    base = {name: tensor.half().float() for name, tensor in base.items()}
    bank = Bank(base, shape, recipe, corpus, **retrain(base, shape, recipe, corpus))
    notes = {
        "recipe": asdict(recipe),
        "pretraining_loss": round(loss, 4),
        "cpu_seconds": round(time.process_time() - started),
        "seeds": {"corpus": CORPUS_SEED, "subsets": SUBSET_SEED},
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "tokenizers": version("tokenizers"),
        },
        "machine": platform.machine(),
    }
    pack(folder, bank, tokenizer, notes)


def pack(folder: Path, bank: Bank, tokenizer: Tokenizer, notes: Mapping[str, Any]) -> None:
    """Writes a bank, with adapters of all rows for the seen and unseen seeds."""
    (folder / "base").mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "base" / "tokenizer.json"))
    base_config(bank.shape).save_pretrained(folder / "base")
    save_file({name: tensor.half() for name, tensor in bank.base.items()}, folder / "base" / "model.safetensors")
    _save_adapters(folder / "adapters", bank, (*SEEN_SEEDS, *UNSEEN_SEEDS))
    corpus = bank.corpus
    queries = _rows(corpus, corpus.queries, corpus.query_owners, corpus.is_planted)
    everybody = np.ones((1, len(corpus.train)), dtype=np.bool_)
    without = corpus.owners[None, :] != np.array(WITHOUT)[:, None]
    groups = {
        "half": Group(HALF_SEEDS, bank.half_masks, bank.half_losses),
        "contributors": Group(HALF_SEEDS, bank.contributor_masks, bank.contributor_losses),
        "without": Group(FULL_SEEDS, without, bank.without_losses, tuple(corpus.contributors[k] for k in WITHOUT)),
        "full": Group(FULL_SEEDS, everybody, bank.full_losses[:, None]),
    }
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    write_bank(
        folder,
        train=_rows(corpus, corpus.train, corpus.owners),
        queries=queries,
        groups=groups,
        contributors=corpus.contributors,
        notes=notes,
    )


def _save_adapters(folder: Path, bank: Bank, seeds: Sequence[int]) -> None:
    stack = trained(bank, seeds)
    for place, seed in enumerate(seeds):
        target = folder / str(seed)
        peft_model(bank, stack, place).save_pretrained(target)
        (target / "README.md").unlink(missing_ok=True)  # peft's template, with nothing filled in
        config = json.loads((target / "adapter_config.json").read_text())
        # peft writes a set, in another order each time
        config |= {"base_model_name_or_path": "../../base", "target_modules": sorted(config["target_modules"])}
        (target / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def _rows(
    corpus: Corpus, tokens: NDArray[np.int16], owners: NDArray[np.int16], planted: NDArray[np.bool_] | None = None
) -> list[BankRow]:
    tags = [("planted",) if mark else () for mark in (planted if planted is not None else np.zeros(len(tokens)))]
    names = [corpus.contributors[owner] for owner in owners]
    return [BankRow(line.tolist(), 1, name, tag) for line, name, tag in zip(tokens, names, tags, strict=True)]


def retrain(base: Weights, shape: Shape, recipe: Recipe, corpus: Corpus) -> dict[str, NDArray[Any]]:
    """All groups of retrains, in the order of `Bank`."""
    count = len(corpus.train)
    draw = np.random.default_rng(SUBSET_SEED)
    half = [np.sort(draw.permutation(count)[: count // 2]) for _ in range(HALF_SUBSETS)]
    people = len(corpus.contributors)
    kept = [draw.permutation(people)[: people // 2] for _ in range(CONTRIBUTOR_SUBSETS)]
    groups = [np.flatnonzero(np.isin(corpus.owners, chosen)) for chosen in kept]
    without = [np.flatnonzero(corpus.owners != owner) for owner in WITHOUT]

    def losses(subsets: Sequence[NDArray[np.int64]], seed: int, what: str) -> NDArray[np.float32]:
        parts = [
            _losses(base, shape, recipe, corpus, subsets[k : k + _STACK], seed) for k in range(0, len(subsets), _STACK)
        ]
        print(f"{what}, seed {seed}: {len(subsets)} adapters", flush=True)
        return np.concatenate(parts)

    return {
        "half_masks": _masks(half, count),
        "half_losses": np.stack([losses(half, seed, "half") for seed in HALF_SEEDS]),
        "contributor_masks": _masks(groups, count),
        "contributor_losses": np.stack([losses(groups, seed, "contributors") for seed in HALF_SEEDS]),
        "without_losses": np.stack([losses(without, seed, "without") for seed in FULL_SEEDS]),
        "full_losses": np.stack([losses([np.arange(count)], seed, "full")[0] for seed in FULL_SEEDS]),
    }


def pretrain(tokenizer: Tokenizer, texts: Sequence[str], shape: Shape) -> tuple[dict[str, torch.Tensor], float]:
    """A base model of the texts; returns it with the mean loss a token of its last hundred batches."""
    tokens = [token for coded in tokenizer.encode_batch(list(texts)) for token in coded.ids]
    time_steps = 64
    rows = torch.tensor(tokens[: len(tokens) // time_steps * time_steps]).view(-1, time_steps)
    generator = torch.Generator().manual_seed(0)
    base = _fresh(shape, generator)
    optimizer = torch.optim.AdamW(base.values(), lr=_PRETRAIN_RATE, betas=(0.9, 0.98), weight_decay=0.01)
    recent: list[float] = []
    for step in range(_PRETRAIN_STEPS):
        rate = min((step + 1) / 50, 1.0) * 0.5 * (1 + np.cos(np.pi * step / _PRETRAIN_STEPS))
        optimizer.param_groups[0]["lr"] = _PRETRAIN_RATE * rate
        batch = rows[torch.randint(len(rows), (_PRETRAIN_BATCH,), generator=generator)]
        loss = token_losses(base, shape, batch[None], scale=0.0).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(base.values(), 1.0)
        optimizer.step()
        recent = [*recent[-99:], loss.item()]
    return {name: tensor.detach() for name, tensor in base.items()}, sum(recent) / len(recent)


def _fresh(shape: Shape, generator: torch.Generator) -> dict[str, torch.Tensor]:
    def normal(*size: int) -> torch.Tensor:
        return (torch.randn(*size, generator=generator) * 0.02).requires_grad_()

    width, hidden = shape.width, shape.hidden
    sides = {"gate_proj": (hidden, width), "up_proj": (hidden, width), "down_proj": (width, hidden)}
    base = {
        "model.embed_tokens.weight": normal(shape.vocabulary, width),
        "lm_head.weight": normal(shape.vocabulary, width),
    }
    base |= {f"{name}.weight": normal(*sides.get(name.rpartition(".")[2], (width, width))) for name in shape.names()}
    norms = [f"model.layers.{k}.{n}_layernorm" for k in range(shape.layers) for n in ("input", "post_attention")]
    return base | {f"{name}.weight": torch.ones(width, requires_grad=True) for name in (*norms, "model.norm")}


def _losses(
    base: Weights, shape: Shape, recipe: Recipe, corpus: Corpus, subsets: Sequence[NDArray[np.int64]], seed: int
) -> NDArray[np.float32]:
    rows = torch.from_numpy(corpus.train.astype(np.int64))
    # one stack has one size: adapters take their steps together
    size = min(len(subset) for subset in subsets)
    assert all(len(subset) == size for subset in subsets), "subsets of one group have one size"
    adapters = train_adapters(base, shape, recipe, rows, subsets, [seed] * len(subsets))
    queries = torch.from_numpy(corpus.queries.astype(np.int64))
    found: NDArray[np.float32] = row_losses(base, shape, recipe, queries, adapters).numpy()
    return found


def _masks(subsets: Sequence[NDArray[np.int64]], count: int) -> NDArray[np.bool_]:
    masks = np.zeros((len(subsets), count), dtype=np.bool_)
    for mask, subset in zip(masks, subsets, strict=True):
        mask[subset] = True
    return masks


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
