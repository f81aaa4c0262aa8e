"""The content store over an IPFS daemon's RPC API (Kubo, or one that speaks the same).

The daemon is no more trusted than a folder: reads are hashed again, and the CID that it gives to a file must be
the one that we compute.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from content.cid import cid_of_bytes, cid_of_file, normalise
from content.errors import ContentMismatch, ContentNotFound, InvalidCid, StoreUnavailable
from content.store import atomic_file, verified

TIMEOUT_SECONDS = 120
# a daemon looks through its own blocks well within this
_LOCAL_SECONDS = 2
# past its own time-out the daemon still needs to say so
_GRACE_SECONDS = 5
_CHUNKER = "size-262144"


class KuboStore:
    """A content store in the daemon at `url`, such as `http://127.0.0.1:5001` or `/ip4/127.0.0.1/tcp/5001/http`.

    `timeout_seconds` is how long the daemon may look for content. Every method raises StoreUnavailable when the daemon
    is silent for longer than that.
    """

    def __init__(self, url: str, *, timeout_seconds: int = TIMEOUT_SECONDS) -> None:
        # imported here: the library reads the environment when it is imported
        import ipfshttpclient
        import requests

        self._url = url
        self._errors = ipfshttpclient.exceptions
        # a connection that breaks within an answer comes through as an error of requests
        self._failures = (self._errors.CommunicationError, self._errors.EncoderError, requests.RequestException)
        # not connect(): it warns of every daemon newer than itself, and each answer is checked anyway
        self._client: Any = ipfshttpclient.Client(_multiaddress(url), timeout=timeout_seconds + _GRACE_SECONDS)
        self._timeout_seconds = timeout_seconds

    def put(self, data: bytes) -> str:
        """Add and pin `data`; its CID."""
        return self._add(io.BytesIO(data), expected=cid_of_bytes(data))

    def put_file(self, path: Path | str) -> str:
        """Add and pin the file at `path`, in pieces; its CID."""
        with Path(path).open("rb") as file:
            return self._add(file, expected=cid_of_file(path))

    def get(self, cid: str) -> bytes:
        """The bytes of `cid`, hashed again.

        Raises:
            ContentNotFound: the daemon says that it has none.
            ContentMismatch: it gave other bytes.
        """
        return b"".join(self._read(cid))

    def get_to_file(self, cid: str, path: Path | str) -> None:
        """Write the bytes of `cid` to `path`, in pieces, all or nothing; raises as `get`."""
        with atomic_file(Path(path)) as file:
            file.writelines(self._read(cid))

    def has(self, cid: str) -> bool:
        """Whether the daemon itself holds the root block of `cid`; its peers are not asked."""
        try:
            self._find(cid, seconds=_LOCAL_SECONDS, offline=True)
        except ContentNotFound:
            return False
        return True

    def pin(self, cid: str) -> None:
        """Keep `cid` from now on, fetching it if the daemon must; raises ContentNotFound."""
        name = self._find(cid, seconds=self._timeout_seconds)
        with self._answering():
            self._client.pin.add(name)

    def unpin(self, cid: str) -> None:
        """Let go of `cid`: the daemon may drop it at its next collection. Without effect if it is not pinned."""
        name = normalise(cid)
        if name in self.pins():
            with self._answering():
                self._client.pin.rm(name)

    def pins(self) -> list[str]:
        """The files that are pinned, sorted; pins of other kinds of content are left out."""
        with self._answering():
            keys = self._client.pin.ls(type="recursive")["Keys"]
        return sorted(name for name in map(_ours, keys) if name is not None)

    def _add(self, file: IO[bytes], *, expected: str) -> str:
        with self._answering():
            answer = self._client.add(file, cid_version=1, raw_leaves=True, chunker=_CHUNKER, pin=True)
        # compared as digest and codec: some daemons print CIDv1 in base58btc
        if normalise(answer["Hash"]) != expected:
            raise ContentMismatch(
                f"{self._url} stored {answer['Hash']}, not {expected}; "
                "expected UnixFS with raw leaves and chunks of 262144 bytes; reset the daemon's Import settings"
            )
        return expected

    def _read(self, cid: str) -> Iterator[bytes]:
        name = self._find(cid, seconds=self._timeout_seconds)
        with self._answering(), self._client.cat(name, stream=True) as chunks:
            yield from verified(chunks, cid=name, source=f"{self._url}, path /ipfs/{name},")

    def _find(self, cid: str, *, seconds: int, offline: bool = False) -> str:
        """The CID in base32, once the daemon has its root block; the time limit is not one for the bytes to come."""
        name = normalise(cid)
        try:
            with self._answering(may_refuse=True):
                self._client.block.stat(name, offline=offline, opts={"timeout": f"{seconds}s"})
        except self._errors.ErrorResponse as error:
            raise ContentNotFound(
                f"{self._url} does not find {name} ({error}); expected content that it can reach; put it first"
            ) from error
        return name

    @contextlib.contextmanager
    def _answering(self, *, may_refuse: bool = False) -> Iterator[None]:
        try:
            yield
        except self._failures as error:
            if may_refuse and isinstance(error, self._errors.ErrorResponse):
                raise  # it did answer, and the caller knows what a refusal means
            raise StoreUnavailable(
                f"the IPFS daemon at {self._url} did not do it ({error}); expected its RPC API; start it or try again"
            ) from error


def _ours(cid: str) -> str | None:
    """`cid` in base32 if it names a file of the protocol; a daemon also pins CIDv0 and other codecs."""
    try:
        return normalise(cid)
    except InvalidCid:
        return None


def _multiaddress(url: str) -> str:
    """The multiaddress of an http(s) URL, the only form that ipfshttpclient takes."""
    if url.startswith("/"):
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StoreUnavailable(f"{url!r} is no IPFS daemon's address; expected http://host:port; correct the setting")
    host = parts.hostname
    kind = "ip6" if ":" in host else "ip4" if host.replace(".", "").isdigit() else "dns"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"/{kind}/{host}/tcp/{port}/{parts.scheme}"
