"""Shards computed by the workers of Ray, on one machine or a cluster, with the bytes that one process computes.

Results come back in the order of the shards, and whoever asked writes them: workers write nothing, so whatever happens
to one of them leaves a store as it was. A shard whose worker went away is given to another one; one that raised is not,
as it would raise again.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

from attribution_oracle.gradient_store.errors import ShardFailed, StoreError
from attribution_oracle.gradient_store.workers import shard_failed

T = TypeVar("T")

# Results wait in memory until their turn to be written.
_AHEAD = 2
_OBJECT_STORE_BYTES = 512 * 2**20


class RayWorkers:
    """A context manager around `count` workers: of the cluster at `address`, or of one started here, on loopback.

    On a cluster every machine must see the folders that a task names. Needs the extra `scale` (`pip install ray`).
    """

    def __init__(
        self,
        count: int,
        *,
        address: str | None = None,
        retries: int = 2,
        object_store_bytes: int = _OBJECT_STORE_BYTES,
    ) -> None:
        self._count, self._address, self._retries = count, address, retries
        self._object_store_bytes = object_store_bytes
        self._temporary: str | None = None

    def __enter__(self) -> RayWorkers:
        ray = _ray()
        if self._address:
            ray.init(address=self._address, log_to_driver=False)
            return self
        # a cluster of one session needs no token that outlives it in somebody's home
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # sockets lie in it, and a socket's path holds 107 characters
        self._temporary = tempfile.mkdtemp(prefix="ray-")
        try:
            self._start(ray)
        except BaseException:
            shutil.rmtree(self._temporary, ignore_errors=True)
            raise
        return self

    def _start(self, ray: Any) -> None:
        ray.init(
            num_cpus=self._count,
            include_dashboard=False,
            object_store_memory=self._object_store_bytes,
            log_to_driver=False,
            configure_logging=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=self._temporary,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ray().shutdown()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def map(self, task: Callable[[range], T], shards: Sequence[range]) -> Iterator[T]:
        """The results in the order of the shards. Raises ShardFailed, or the task's own StoreError."""
        ray = _ray()
        shared = ray.put(task)
        run = ray.remote(num_cpus=1, max_retries=self._retries)(_run)
        waiting: deque[tuple[range, Any]] = deque()
        try:
            for shard in shards:
                waiting.append((shard, run.remote(shared, shard)))
                if len(waiting) > self._count * _AHEAD:
                    yield _result(*waiting.popleft())
            while waiting:
                yield _result(*waiting.popleft())
        finally:
            for _, reference in waiting:
                ray.cancel(reference, force=True)


def _run(task: Callable[[range], T], shard: range) -> T:
    return task(shard)


def _result(shard: range, reference: Any) -> Any:
    ray = _ray()
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(error.cause, BaseException) else error
        if isinstance(cause, StoreError):
            raise cause from error
        raise shard_failed(shard, cause) from error
    except ray.exceptions.RayError as error:
        raise shard_failed(shard, error) from error


def _ray() -> Any:
    # it reports to its makers unless told otherwise before it is imported
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ShardFailed(
            'ray is not installed; expected the extra "scale"; run pip install "openledger[scale]"'
        ) from error
    return ray
