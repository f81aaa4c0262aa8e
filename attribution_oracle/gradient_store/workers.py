"""Who computes the shards of a build or a query: this process, or the workers of Ray (`ray_workers`), equal bytes.

A shard is a run of consecutive rows. A task must depend on nothing but the places it is given, so that neither the cut
into shards nor the worker shows in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from attribution_oracle.gradient_store.errors import ShardFailed, StoreError

T = TypeVar("T")


class Workers(Protocol):
    """Runs a task on shards."""

    def map(self, task: Callable[[range], T], shards: Sequence[range]) -> Iterator[T]:
        """The results in the order of the shards. Raises ShardFailed, or the task's own StoreError."""


class OneProcess:
    """The default: one shard after the other, here."""

    def map(self, task: Callable[[range], T], shards: Sequence[range]) -> Iterator[T]:
        """The results in the order of the shards. Raises ShardFailed, or the task's own StoreError."""
        for shard in shards:
            try:
                result = task(shard)
            except StoreError:
                raise
            except Exception as error:
                raise shard_failed(shard, error) from error
            yield result


def shards_of(rows: range, *, size: int) -> list[range]:
    """Cuts rows into runs of `size`.

    >>> shards_of(range(3, 8), size=2)
    [range(3, 5), range(5, 7), range(7, 8)]
    """
    if size < 1:
        raise ValueError(f"a shard has {size} rows; expected at least one")
    return [range(start, min(start + size, rows.stop)) for start in range(rows.start, rows.stop, size)]


def shard_failed(shard: range, error: BaseException) -> ShardFailed:
    """The error of a shard whose task raised, or whose worker went away."""
    return ShardFailed(
        f"rows {shard.start} to {shard.stop - 1} failed with {type(error).__name__}: {error}; expected their rows; "
        "see to the cause and run it again: it goes on from the last commit"
    )
