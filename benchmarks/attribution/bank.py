"""The bank: a small base model, its texts, and the losses of the queries under many retrained adapters.

    python -m benchmarks.attribution.bank       builds it anew (about 25 CPU-minutes) into benchmarks/attribution/bank/

Kept: `base.safetensors` (float16 values, used as float32), `tokenizer.json`, `corpus.npz`, `losses.npz` and `bank.json`
(seeds, sizes, versions).
Groups of retrains, all with AdamW on the recipe of tiny.py:
- `half`: random halves of the rows, two seeds each: the ground truth of the linear datamodeling score (LDS);
- `contributors`: random halves of the contributors: the counterfactual that payouts are about;
- `without`: everything but one contributor, with each seed of `full`;
- `full`: everything, several seeds (two of them are served and scored; the rest show the noise).
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from benchmarks.attribution.corpus import Corpus, build_corpus, pretraining_texts, train_tokenizer
from benchmarks.attribution.tiny import Recipe, Shape, Weights, row_losses, token_losses, train_adapters

FOLDER = Path(__file__).parent / "bank"
CORPUS_SEED = 20_261
SUBSET_SEED = 415
HALF_SUBSETS = 32
HALF_SEEDS = (0, 1)
CONTRIBUTOR_SUBSETS = 16
FULL_SEEDS = (0, 1, 2, 3)
WITHOUT = (0, 3, 7, 12, 24, 25, 26, 27, 28, 29, 30, 31)
_STACK = 16
_PRETRAIN_STEPS, _PRETRAIN_BATCH, _PRETRAIN_RATE = 600, 48, 3e-3


@dataclass(frozen=True, slots=True)
class Bank:
    """Masks `(n_model, n_train)` of the rows each retrained adapter saw, and its query losses `(n_model, n_query)`."""

    base: Weights
    shape: Shape
    recipe: Recipe
    corpus: Corpus
    half_masks: NDArray[np.bool_]
    half_losses: NDArray[np.float32]
    contributor_masks: NDArray[np.bool_]
    contributor_losses: NDArray[np.float32]
    without_losses: NDArray[np.float32]
    full_losses: NDArray[np.float32]


def load_bank(folder: Path = FOLDER) -> Bank:
    """The shipped bank. `half_losses` is `(seed, subset, query)`, `without_losses` `(seed, contributor, query)`."""
    corpus, losses = np.load(folder / "corpus.npz"), np.load(folder / "losses.npz")
    notes = json.loads((folder / "bank.json").read_text())
    base = {name: tensor.float() for name, tensor in load_file(folder / "base.safetensors").items()}
    found = Corpus(tuple(notes["contributors"]), *(corpus[name] for name in corpus.files))
    return Bank(base, Shape(), Recipe(), found, *(losses[name] for name in losses.files))


def build(folder: Path = FOLDER) -> None:
    """Pretrain, retrain, and write the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    started = time.process_time()
    texts = pretraining_texts()
    tokenizer = train_tokenizer(texts[:20_000])
    tokenizer.save(str(folder / "tokenizer.json"))
    corpus = build_corpus(tokenizer, seed=CORPUS_SEED)
    shape, recipe = Shape(), Recipe()
    base, loss = pretrain(tokenizer, texts, shape)
    print(f"pretrained to {loss:.3f} in {time.process_time() - started:.0f} CPU-s", flush=True)
    save_file({name: tensor.half() for name, tensor in base.items()}, folder / "base.safetensors")
    base = {name: tensor.half().float() for name, tensor in base.items()}
    losses = retrain(base, shape, recipe, corpus)
    arrays = {name: getattr(corpus, name) for name in ("train", "owners", "queries", "is_planted", "query_owners")}
    np.savez_compressed(folder / "corpus.npz", **arrays)
    np.savez_compressed(folder / "losses.npz", **losses)
    notes = {
        "contributors": corpus.contributors,
        "recipe": asdict(recipe),
        "pretraining_loss": round(loss, 4),
        "cpu_seconds": round(time.process_time() - started),
        "seeds": {"corpus": CORPUS_SEED, "subsets": SUBSET_SEED, "half": HALF_SEEDS, "full": FULL_SEEDS},
        "without": WITHOUT,
        "versions": {
            "python": platform.python_version(),
            "torch": version("torch"),
            "tokenizers": version("tokenizers"),
        },
        "machine": platform.machine(),
    }
    (folder / "bank.json").write_text(json.dumps(notes, indent=1) + "\n")


def retrain(base: Weights, shape: Shape, recipe: Recipe, corpus: Corpus) -> dict[str, NDArray[np.generic]]:
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
    build()
