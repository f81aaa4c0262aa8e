"""The shipped bank as arrays: a small base model, its texts, and the losses of the queries under retrained adapters.

The folder has the format of `attribution_oracle.evaluation.bank`; `build_bank` makes it. Groups, all with AdamW on the
recipe of tiny.py:
- `half`: random halves of the rows, two seeds each: the ground truth of the linear datamodeling score (LDS);
- `contributors`: random halves of the contributors: the counterfactual that payouts are about;
- `without`: everything but one contributor, with each seed of `full`;
- `full`: everything, several seeds.
Adapters of all rows lie in it for seeds 0 and 1, which are also retrain seeds ("seen"), and for 10 to 13, which no
retrained adapter has ("unseen").
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file

from attribution_oracle.evaluation import bank as retrain_bank
from benchmarks.attribution.corpus import Corpus
from benchmarks.attribution.tiny import Recipe, Shape, Weights

FOLDER = Path(__file__).parent / "bank"
CORPUS_SEED = 20_261
SUBSET_SEED = 415
HALF_SUBSETS = 32
HALF_SEEDS = (0, 1)
CONTRIBUTOR_SUBSETS = 16
FULL_SEEDS = (0, 1, 2, 3)
SEEN_SEEDS, UNSEEN_SEEDS = (0, 1), (10, 11, 12, 13)
WITHOUT = (0, 3, 7, 12, 24, 25, 26, 27, 28, 29, 30, 31)


@dataclass(frozen=True, slots=True)
class Bank:
    """Masks `(n_model, n_train)` of the rows each retrained adapter saw, and its query losses.

    `half_losses` is `(seed, subset, query)`, `without_losses` `(seed, contributor, query)`, `full_losses`
    `(seed, query)`; `corpus.contributors[WITHOUT[k]]` is left out in `without_losses[:, k]`.
    """

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
    """The shipped bank, its files checked against their digests."""
    found = retrain_bank.load_bank(folder)
    base = {name: tensor.float() for name, tensor in load_file(folder / "base" / "model.safetensors").items()}
    half, people, without, full = (found.group(name) for name in ("half", "contributors", "without", "full"))
    return Bank(
        base=base,
        shape=Shape(),
        recipe=Recipe(),
        corpus=_corpus(found),
        half_masks=half.masks,
        half_losses=half.losses,
        contributor_masks=people.masks,
        contributor_losses=people.losses,
        without_losses=without.losses,
        full_losses=full.losses[:, 0],
    )


def _corpus(found: retrain_bank.RetrainBank) -> Corpus:
    places = {name: place for place, name in enumerate(found.contributors)}
    return Corpus(
        contributors=found.contributors,
        train=np.array([row.input_ids for row in found.train], dtype=np.int16),
        owners=np.array([places[row.contributor or ""] for row in found.train], dtype=np.int16),
        queries=np.array([row.input_ids for row in found.queries], dtype=np.int16),
        is_planted=np.array(["planted" in row.tags for row in found.queries]),
        query_owners=np.array([places[row.contributor or ""] for row in found.queries], dtype=np.int16),
    )
