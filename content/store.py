"""The content store: bytes by their CID. The embedded one is a folder; content.kubo speaks to an IPFS daemon.

No store is trusted: what a read returns has been hashed again, so a wrong byte is an error and never an input.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from content.cid import Hasher, cid_of_bytes, normalise, read_chunks
from content.errors import ContentMismatch, ContentNotFound


class ContentStore(Protocol):
    """What every store does. CIDs go in and come out in base32; a malformed one raises InvalidCid."""

    def put(self, data: bytes) -> str:
        """Keep and pin `data`; its CID."""

    def put_file(self, path: Path | str) -> str:
        """Keep and pin the file at `path`, in pieces; its CID."""

    def get(self, cid: str) -> bytes:
        """The bytes of `cid`; raises ContentNotFound or ContentMismatch."""

    def get_to_file(self, cid: str, path: Path | str) -> None:
        """Write the bytes of `cid` to `path`, all or nothing; raises as `get`."""

    def has(self, cid: str) -> bool:
        """Whether the store says that it holds `cid`; only a read proves it."""

    def pin(self, cid: str) -> None:
        """Keep `cid` from now on; raises ContentNotFound."""

    def unpin(self, cid: str) -> None:
        """Let go of `cid`: the store may drop it one day. Without effect if it is not pinned."""

    def pins(self) -> list[str]:
        """The CIDs that are pinned, sorted."""


def verified(chunks: Iterable[bytes], *, cid: str, source: str) -> Iterator[bytes]:
    """The same chunks; after the last one they must have hashed to `cid`.

    Raises:
        ContentMismatch: they did not, so that what was yielded must not be used; `source` says where they came from.
    """
    hasher = Hasher()
    for chunk in chunks:
        hasher.update(chunk)
        yield chunk
    actual = hasher.cid()
    if actual != cid:
        raise ContentMismatch(
            f"{source} holds {actual}, not {cid}; expected the bytes of that CID; fetch them elsewhere"
        )


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that becomes `path` when the block ends well, and is gone when it does not; durable on return."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".partial-", delete=False) as file:
        partial = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            partial.chmod(0o644)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


class FolderStore:
    """Files in a folder, one per CID; safe under many processes, because each file appears whole or not at all.

    `files/<two characters>/<cid>` holds the content and `pins/<cid>` is an empty file.
    """

    def __init__(self, root: Path | str) -> None:
        self._files = Path(root) / "files"
        self._pins = Path(root) / "pins"

    def path_of(self, cid: str) -> Path:
        """Where the content of `cid` lies or would lie; only a read through the store verifies it."""
        name = normalise(cid)  # checked before it becomes a path
        return self._files / name[-3:-1] / name

    def put(self, data: bytes) -> str:
        """Keep and pin `data`; its CID. A damaged copy of it in the store is replaced."""
        cid = cid_of_bytes(data)
        with atomic_file(self.path_of(cid)) as file:
            file.write(data)
        self.pin(cid)
        return cid

    def put_file(self, path: Path | str) -> str:
        """Keep and pin the file at `path`, in pieces; its CID."""
        hasher = Hasher()
        self._files.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._files, prefix=".incoming-") as folder:
            incoming = Path(folder) / "file"
            with atomic_file(incoming) as file:
                for chunk in read_chunks(Path(path)):
                    hasher.update(chunk)
                    file.write(chunk)
            cid = hasher.cid()
            target = self.path_of(cid)
            target.parent.mkdir(parents=True, exist_ok=True)
            incoming.replace(target)
        _sync_folder(target.parent)
        self.pin(cid)
        return cid

    def get(self, cid: str) -> bytes:
        """The bytes of `cid`, hashed again.

        Raises:
            ContentNotFound: the folder does not hold it.
            ContentMismatch: the file under its name has other bytes.
        """
        return b"".join(self._read(cid))

    def get_to_file(self, cid: str, path: Path | str) -> None:
        """Write the bytes of `cid` to `path`, in pieces, all or nothing; raises as `get`."""
        with atomic_file(Path(path)) as file:
            file.writelines(self._read(cid))

    def has(self, cid: str) -> bool:
        """Whether a file of that name is in the folder."""
        return self.path_of(cid).is_file()

    def pin(self, cid: str) -> None:
        """Keep `cid` from now on; raises ContentNotFound."""
        path = self.path_of(cid)
        if not path.is_file():
            raise _absent(path)
        self._pins.mkdir(parents=True, exist_ok=True)
        (self._pins / path.name).touch()
        _sync_folder(self._pins)

    def unpin(self, cid: str) -> None:
        """Let go of `cid`; its file stays until someone removes what is not pinned."""
        (self._pins / normalise(cid)).unlink(missing_ok=True)

    def pins(self) -> list[str]:
        """The CIDs that are pinned, sorted."""
        return sorted(path.name for path in self._pins.glob("b*"))

    def _read(self, cid: str) -> Iterator[bytes]:
        path = self.path_of(cid)
        try:
            yield from verified(read_chunks(path), cid=path.name, source=str(path))
        except FileNotFoundError as error:
            raise _absent(path) from error


def _absent(path: Path) -> ContentNotFound:
    return ContentNotFound(f"{path.name} is not at {path}; expected a file of the store; fetch or put it first")


def _sync_folder(path: Path) -> None:
    """Make a rename in the folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
