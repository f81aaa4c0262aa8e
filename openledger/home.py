"""The folder that an installation keeps its state in, and the addresses of its running services."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from openledger.errors import AppError

DEFAULT_HOME = Path(".openledger")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the services of this installation answer; written by `openledger up` and `openledger demo`."""

    rpc_url: str
    indexer_url: str
    gateway_url: str
    deployment: str
    base_model: str


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below the home folder (default `.openledger` where the command runs)."""

    path: Path

    @property
    def content(self) -> Path:
        return self.path / "content"

    @property
    def keystores(self) -> Path:
        return self.path / "keystores"

    @property
    def pending_commits(self) -> Path:
        return self.path / "pending_commits"

    @property
    def pending_votes(self) -> Path:
        return self.path / "pending_votes"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def adapters(self) -> Path:
        return self.path / "adapters"

    def indexes(self, party: str) -> Path:
        """Where one party keeps the gradient rows that it computed; nobody reads another one's."""
        return self.path / "indexes" / party

    @property
    def chain_state(self) -> Path:
        return self.path / "chain.json"

    @property
    def deployment(self) -> Path:
        return self.path / "deployment.json"

    @property
    def indexer_database(self) -> Path:
        return self.path / "indexer.db"

    @property
    def receipts(self) -> Path:
        return self.path / "receipts.db"

    @property
    def secrets(self) -> Path:
        return self.keystores / "secrets.json"

    @property
    def signing_records(self) -> Path:
        return self.path / "signers"

    @property
    def _addresses(self) -> Path:
        return self.path / "services.json"

    def create(self) -> None:
        """Make the folder and those in it; keys and hidden votes are for the owner's eyes only."""
        for folder in (self.path, self.content, self.pending_commits, self.logs, self.adapters):
            folder.mkdir(parents=True, exist_ok=True)
        for private in (self.keystores, self.signing_records, self.pending_votes):
            private.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_addresses(self, addresses: Addresses) -> None:
        """Record where the services answer."""
        write_atomically(self._addresses, json.dumps(asdict(addresses), indent=2).encode() + b"\n")

    def read_addresses(self) -> Addresses:
        """Where the services answer. Raises `AppError` when none were started from this folder."""
        try:
            return Addresses(**json.loads(self._addresses.read_text()))
        except FileNotFoundError:
            raise AppError(
                f'no services are known in "{self.path}"; expected {self._addresses.name}; start them with '
                '"openledger up" in another terminal, or name their folder with --home'
            ) from None
        except (ValueError, TypeError) as error:
            raise AppError(
                f"{self._addresses} is not readable ({error}); expected the file that openledger up writes; "
                "start the services again"
            ) from error

    def forget_addresses(self) -> None:
        """Called when the services stop."""
        self._addresses.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file so that a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
