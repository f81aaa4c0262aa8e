"""Every method by name: `METHODS[name].scores(case)` is its table float32 `(n_query, n_train)`.

A `Case` is adapters and examples; what several methods read is measured once. With several adapters a method of
gradients is the ensemble of its tables (`ensemble`); the way through the weights averages rows instead (`path`).
Sign: a positive score says that training on the example lowered the loss of the query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor

from attribution_oracle.influence import baselines, hashed
from attribution_oracle.influence.ensemble import ensemble
from attribution_oracle.influence.hashed import HashedSpec
from attribution_oracle.influence.measurement import Measurement, measure
from attribution_oracle.influence.path import PathSpec, path_index, path_rows
from attribution_oracle.influence.projection import sjlt
from attribution_oracle.influence.text import bm25, embedding_cosines, random_scores, same_owner

Needs = Literal["adapters", "base model", "texts", "owners", "nothing"]


@dataclass(frozen=True)
class Case:
    """Adapters of one base, their train examples and some queries; owners are for the oracle of owners alone."""

    models: Sequence[Any]
    train: Sequence[Any]
    queries: Sequence[Any]
    train_owners: Sequence[int] = ()
    query_owners: Sequence[int] = ()
    batch_size: int = 1
    draws: int = 1
    seed: int = 0
    path: PathSpec = field(default_factory=PathSpec)

    @cached_property
    def measurements(self) -> list[Measurement]:
        """The LoRA gradients of every adapter."""
        settings = {"batch_size": self.batch_size, "draws": self.draws, "seed": self.seed}
        return [measure(model, self.train, self.queries, **settings) for model in self.models]


@dataclass(frozen=True, slots=True)
class Method:
    """What is known of a method: one line, what of a `Case` it reads, and the function.

    `averages_rows`: several adapters make one averaged row, so their tables cannot be put together afterwards.
    """

    says: str
    needs: Needs
    scores: Callable[[Case], Tensor]
    averages_rows: bool = False


def path_scores(case: Case, *, points: int = 2) -> Tensor:
    """Products of query rows and train rows at length one, averaged along the way."""
    spec = replace(case.path, points=points, batch_size=case.batch_size, seed=case.seed)
    index = path_index(case.models, case.train, spec)
    train = torch.nn.functional.normalize(index.train, dim=1)
    return path_rows(index, case.models, case.queries) @ train.T


def _hashed(case: Case) -> Tensor:
    spec = HashedSpec(place=0.5, damping=3.0, size=131_072, batch_size=case.batch_size, seed=case.seed)
    tables = []
    for model in case.models:
        whitening, rows = hashed.train_rows(model, case.train, spec)
        queries = hashed.query_rows(model, whitening, case.queries, spec)
        tables.append(queries @ torch.nn.functional.normalize(rows, dim=1).T)
    return ensemble(tables)


def _of_adapters(score: Callable[[Measurement], Tensor]) -> Callable[[Case], Tensor]:
    return lambda case: ensemble([score(measurement) for measurement in case.measurements])


def _embedding(case: Case) -> Tensor:
    tables = [embedding_cosines(m, case.train, case.queries, batch_size=case.batch_size) for m in case.models]
    return ensemble(tables)


def _sjlt(measurement: Measurement, *, size: int) -> Tensor:
    queries, train, _ = baselines.white_rows(measurement, damping=0.1)
    return sjlt(queries, size=size, seed=0) @ sjlt(train, size=size, seed=0).T


def _random(case: Case) -> Tensor:
    return random_scores(len(case.queries), len(case.train), seed=case.seed)


METHODS = MappingProxyType(
    {
        "path": Method(
            "weight gradients along the way to the adapter, EK-FAC, rows at length one", "adapters", path_scores, True
        ),
        "path-midpoint": Method("the same at half the adapter alone", "adapters", partial(path_scores, points=1), True),
        "path-hashed": Method("the same, hashed to 131,072 numbers: what pays", "adapters", _hashed),
        "ekfac-cosine": Method("EK-FAC, white rows at length one", "adapters", _of_adapters(baselines.ekfac_cosine)),
        "ekfac": Method("EK-FAC with sampled labels", "adapters", _of_adapters(baselines.ekfac)),
        "ekfac-span": Method("EK-FAC, span correction", "adapters", _of_adapters(baselines.ekfac_span)),
        "ekfac-cg": Method("EK-FAC, conjugate gradients", "adapters", _of_adapters(baselines.ekfac_cg)),
        "ekfac-sjlt-8192": Method("EK-FAC, rows hashed to 8,192", "adapters", _of_adapters(partial(_sjlt, size=8_192))),
        "kfac": Method("K-FAC with sampled labels", "adapters", _of_adapters(baselines.kfac)),
        "empirical-fisher": Method("exact inverse, true labels", "adapters", _of_adapters(baselines.empirical_fisher)),
        "datainf": Method("DataInf, matrix by matrix", "adapters", _of_adapters(baselines.datainf)),
        "trak": Method("TRAK, projected to 4,096", "adapters", _of_adapters(baselines.trak)),
        "grad-dot": Method("products of gradients", "adapters", _of_adapters(baselines.gradient_dot)),
        "grad-cosine": Method("cosines of gradients", "adapters", _of_adapters(baselines.gradient_cosine)),
        "bm25": Method("Okapi BM25 of tokens", "texts", lambda case: bm25(case.train, case.queries)),
        "embedding": Method("cosines of mean last hidden states", "adapters", _embedding),
        "same-owner": Method(
            "one where the owner is the same", "owners", lambda case: same_owner(case.train_owners, case.query_owners)
        ),
        "random": Method("normal numbers", "nothing", _random),
    }
)
