"""Several adapters' tables of scores as one: what they agree on is what any seed would have learned."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def ensemble(tables: Sequence[Tensor]) -> Tensor:
    """The mean of tables `(n_query, n_train)`, each in units of its own mean |score|, float32.

    The scale of a table and the order of the tables do not matter. A table of zeros counts as zeros.
    """
    if not tables or any(table.shape != tables[0].shape for table in tables):
        raise ValueError(f"tables of shapes {[tuple(t.shape) for t in tables]}; expected one or more of one shape")
    sizes = [table.double().abs().mean() for table in tables]
    scaled = [table.double() / size if size > 0 else table.double() for table, size in zip(tables, sizes, strict=True)]
    return torch.stack(scaled).mean(0).float()
