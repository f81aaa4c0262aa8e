"""The connection to the database: one writer, many readers, each reader in one unchanging view.

SQLite (WAL) is the default and needs no set-up; another SQLAlchemy URL, such as PostgreSQL's, serves the same schema.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from indexer.errors import DatabaseInUse

# The writer holds the lock for one range at a time; a reader never waits in WAL.
_BUSY_SECONDS = 30
# The advisory lock of the writer on PostgreSQL: any constant, the same in every indexer.
_ADVISORY_LOCK = 0x0DE0_1ED6


class Database:
    """An open database. `close()` it to let another indexer write."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url)
        self._lock: IO[str] | Connection | None = None

    def lock(self) -> None:
        """Become the one writer.

        Raises:
            DatabaseInUse: another process is.
        """
        self._lock = self._lock_file() if self.is_sqlite else self._lock_advisory()

    def close(self) -> None:
        """Close every connection and give up the lock, if held."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction: everything read in it is of one moment."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**level) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction: all of it is stored or nothing."""
        with self.engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            yield connection

    def _lock_file(self) -> IO[str]:
        if not self.url.database:
            raise DatabaseInUse("a database in memory has one connection; expected sqlite:///FILE; name a file")
        path = Path(self.url.database).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(f"{path}.lock", "w")  # noqa: SIM115 - held until close()
        try:
            # the kernel drops it with the process, however that ends
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise DatabaseInUse(f"{path} has another indexer; expected none; stop it first") from error
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def _lock_advisory(self) -> Connection:
        connection = self.engine.connect()
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}).scalar()
        if not taken:
            connection.close()
            shown = self.url.render_as_string(hide_password=True)
            raise DatabaseInUse(f"{shown} has another indexer; expected none; stop it first")
        connection.commit()  # the lock is the session's; an open transaction would hold back vacuum
        return connection


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # the driver would begin transactions only at the first write: a read must be one too
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        # Survives the death of the process; a loss of power may undo the last ranges, and their cursor with them.
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine
