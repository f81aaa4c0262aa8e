"""Baselines that read the texts alone, or a model's view of them, and know nothing of what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from attribution_oracle.influence.gradients import Encoded, length_batches, single_thread


def bm25(train: Sequence[Encoded], queries: Sequence[Encoded]) -> Tensor:
    """Okapi BM25 (package `rank_bm25`, its defaults) of token ids as words, `(n_query, n_train)`."""
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([[str(token) for token in text.input_ids] for text in train])
    scores = [index.get_scores([str(token) for token in text.input_ids]) for text in queries]
    return torch.stack([torch.from_numpy(row).float() for row in scores])


def embedding_cosines(
    model: Any, train: Sequence[Encoded], queries: Sequence[Encoded], *, batch_size: int = 1
) -> Tensor:
    """Cosines `(n_query, n_train)` of mean last hidden states, less the train texts' mean, which all share."""
    known, asked = (_mean_states(model, texts, batch_size) for texts in (train, queries))
    centre = known.mean(0)
    left, right = (torch.nn.functional.normalize(states - centre, dim=1) for states in (asked, known))
    return left @ right.T


def same_owner(train_owners: Sequence[int], query_owners: Sequence[int]) -> Tensor:
    """One where a query and a train example are of one contributor, else zero: what knowing the owner alone tells."""
    return (torch.tensor(query_owners)[:, None] == torch.tensor(train_owners)[None]).float()


def random_scores(n_query: int, n_train: int, *, seed: int) -> Tensor:
    """Normal numbers of a seed, `(n_query, n_train)`."""
    return torch.randn(n_query, n_train, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def _mean_states(model: Any, texts: Sequence[Encoded], batch_size: int) -> Tensor:
    decoder = model.get_base_model().get_decoder()
    found: dict[int, Tensor] = {}
    with single_thread():
        for positions in length_batches(texts, batch_size):
            ids = torch.tensor([texts[position].input_ids for position in positions], device=model.device)
            states = decoder(input_ids=ids, use_cache=False).last_hidden_state.float().mean(1).cpu()
            found |= dict(zip(positions, states, strict=True))
    return torch.stack([found[position] for position in range(len(texts))])
