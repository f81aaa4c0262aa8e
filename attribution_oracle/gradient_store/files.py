"""Files that are written in full or not at all, one writer at a time (the edge: nothing here knows of rows)."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attribution_oracle.gradient_store.errors import StoreBusy, StoreDamaged, StoreFull

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


def locked(path: Path) -> int:
    """A handle that holds the lock until it is closed or its process ends. Raises StoreBusy where another one does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise StoreBusy(
            f"{path.parent} is being written by another process; expected one writer at a time; wait for it to end"
        ) from error
    return handle


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file open for reading and appending. Raises StoreDamaged where there is none."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError as error:
        raise StoreDamaged(f"{path} is missing; remove the segment's folder and build it again") from error
    try:
        yield handle
    finally:
        os.close(handle)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there in full or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_all(handle: int, data: memoryview) -> None:
    """Write all of the data: the system may take a part of it at a time."""
    while data:
        data = data[os.write(handle, data) :]


@contextmanager
def room_for(folder: Path) -> Iterator[None]:
    """Say an error for want of room (disk, quota, limit on a file's size) as StoreFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StoreFull(
            f"{folder} takes no more rows ({error.strerror}); expected room for the rows of the next commit; make "
            "room and build again: it goes on from the last commit"
        ) from error
