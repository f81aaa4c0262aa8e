"""The daemon's store does what the folder's does, over a real IPFS daemon, and believes the daemon nothing."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from content.cid import cid_of_bytes
from content.errors import ContentMismatch, ContentNotFound, InvalidCid, StoreUnavailable
from content.kubo import KuboStore
from content.store import ContentStore, FolderStore

SIZES = (0, 1, 1000, 262_143, 262_144, 262_145, 1 << 20, 10 << 20)


def sample(size: int) -> bytes:
    """Bytes of which no two chunks are equal."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


@pytest.fixture
def kubo_store(daemon_url: str) -> KuboStore:
    return KuboStore(daemon_url, timeout_seconds=3)


@pytest.mark.parametrize("size", SIZES)
def test_get__after_put__returns_the_bytes_under_our_cid(kubo_store: KuboStore, size: int) -> None:
    data = sample(size)
    cid = kubo_store.put(data)
    assert cid == cid_of_bytes(data)
    assert kubo_store.has(cid)
    assert kubo_store.get(cid) == data


def test_both_stores__give_one_file_one_cid(kubo_store: KuboStore, folder_store: FolderStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(sample(3_000_000))
    stores: list[ContentStore] = [kubo_store, folder_store]
    (cid,) = {store.put_file(source) for store in stores}
    for number, store in enumerate(stores):
        store.get_to_file(cid, tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == source.read_bytes()


def test_absent_content__is_not_found(kubo_store: KuboStore, tmp_path: Path) -> None:
    absent = cid_of_bytes(b"nobody put this")
    assert not kubo_store.has(absent)
    with pytest.raises(ContentNotFound, match=absent):
        kubo_store.get(absent)
    with pytest.raises(ContentNotFound, match=absent):
        kubo_store.get_to_file(absent, tmp_path / "target")
    with pytest.raises(ContentNotFound, match=absent):
        kubo_store.pin(absent)
    assert list(tmp_path.iterdir()) == []


def test_pins__follow_put_unpin_and_pin(kubo_store: KuboStore) -> None:
    small, large = kubo_store.put(b"pinned"), kubo_store.put(sample(600_000))
    assert {small, large} <= set(kubo_store.pins())
    kubo_store.unpin(large)
    kubo_store.unpin(large)
    assert large not in kubo_store.pins()
    kubo_store.pin(large)
    assert large in kubo_store.pins()
    assert kubo_store.pins() == sorted(kubo_store.pins())


def test_every_call__with_a_name_that_is_no_cid__is_refused(kubo_store: KuboStore) -> None:
    for call in (kubo_store.get, kubo_store.has, kubo_store.pin, kubo_store.unpin):
        with pytest.raises(InvalidCid):
            call("../../etc/passwd")


def test_daemon_that_is_not_there__is_unavailable() -> None:
    with socket.socket() as taken:  # bound but not listening: nothing can answer there
        taken.bind(("127.0.0.1", 0))
        store = KuboStore(f"http://127.0.0.1:{taken.getsockname()[1]}", timeout_seconds=1)
    for call in (store.get, store.has, store.pin):
        with pytest.raises(StoreUnavailable, match="start it or try again"):
            call(cid_of_bytes(b"anything"))


@pytest.mark.parametrize("url", ["", "127.0.0.1:5001", "ftp://127.0.0.1", "http://"])
def test_address_that_is_none__is_refused(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="expected http://host:port"):
        KuboStore(url)


class LyingDaemon(http.server.BaseHTTPRequestHandler):
    """An RPC API that claims to hold everything, and has the same bytes under every CID."""

    body = b"not what you asked for"
    missing_bytes = 0

    def do_POST(self) -> None:
        if self.path.startswith("/api/v0/cat"):
            self.answer(self.body)
            return
        if self.path.startswith("/api/v0/add"):
            self.rfile.read1()
        cid = cid_of_bytes(self.body)
        self.answer(json.dumps({"Name": "x", "Hash": cid, "Key": cid, "Size": 1}).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + self.missing_bytes))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class BreakingDaemon(LyingDaemon):
    """The same, but each answer is shorter than it says."""

    missing_bytes = 100


@pytest.fixture(params=[LyingDaemon])
def lying_store(request: pytest.FixtureRequest) -> Iterator[KuboStore]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield KuboStore(f"http://127.0.0.1:{server.server_port}", timeout_seconds=10)
        server.shutdown()


def test_get__from_a_lying_daemon__is_refused(lying_store: KuboStore, tmp_path: Path) -> None:
    cid = cid_of_bytes(b"the truth")
    with pytest.raises(ContentMismatch, match=f"/ipfs/{cid}, holds"):
        lying_store.get(cid)
    with pytest.raises(ContentMismatch):
        lying_store.get_to_file(cid, tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_put__to_a_daemon_that_stores_something_else__is_refused(lying_store: KuboStore) -> None:
    with pytest.raises(ContentMismatch, match="expected UnixFS with raw leaves"):
        lying_store.put(b"the truth")


@pytest.mark.parametrize("lying_store", [BreakingDaemon], indirect=True)
def test_get__from_a_daemon_that_breaks_off__is_unavailable(lying_store: KuboStore) -> None:
    with pytest.raises(StoreUnavailable, match="start it or try again"):
        lying_store.get(cid_of_bytes(b"the truth"))
