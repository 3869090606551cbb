"""SQLAlchemy engines for the two kinds of databases, and how a writing transaction begins on each."""

from __future__ import annotations

import mmap
import os
import random
import select
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from recsys.errors import EventStoreError

WAIT_SECONDS = 5.0  # of a writer for other writers, and of a reader for an answer
WRITERS = 0x72656373  # key of the advisory lock of writers in PostgreSQL
HEADER_BYTES = 96  # two copies of 48
KEPT_OPEN: list[object] = []  # neither closed nor collected while the process lives

# The pool keeps every connection: there are at most as many as threads that ask at the same time.
POOL: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 0, "pool_use_lifo": True, "isolation_level": "AUTOCOMMIT"}


class Backend:
    """Kind of database; with `engine`, every statement is its own transaction until :meth:`begin`."""

    name: str  # for messages, without a password
    engine: Engine

    def exists(self) -> bool:
        """Return False if there is certainly no database; opens no connection; raises OSError."""
        return True

    def create(self) -> None:
        """Create an empty database if it is a file; raises OSError or an error of the driver."""

    def begin(self, connection: Any) -> None:
        """Begin a transaction that excludes all other writers on the driver's connection; raises an error of the driver."""
        raise NotImplementedError

    def header(self) -> mmap.mmap | None:
        """Return 96 bytes of shared memory that every commit of any process changes; None for a server."""
        return None

    def drop_header(self, *, close: bool) -> None:
        """Open the header anew next time; `close` the connection that keeps it, or leave that to the parent process."""


class SqliteFile(Backend):
    """SQLite file in write-ahead mode, in which readers do not wait for a writer; `path` is absolute."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        self._identity: tuple[int, int] | None = None
        self._anchor: sqlite3.Connection | None = None
        self._header: mmap.mmap | None = None
        url = URL.create("sqlite", database=self.name)
        self.engine = create_engine(url, creator=self._connect, paramstyle="named", **POOL)

    def exists(self) -> bool:
        try:
            self._check_kind()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True  # or OSError: what cannot be looked at is not missing

    def create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        sqlite3.connect(self._uri("rwc"), uri=True).close()  # SQLite opens the file itself, see header()

    def begin(self, connection: sqlite3.Connection) -> None:
        self._check_identity()
        connection.execute("PRAGMA busy_timeout = 0")
        _until_free(lambda: connection.execute("BEGIN IMMEDIATE"))
        connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")

    def header(self) -> mmap.mmap | None:
        """Return the header of the ``-shm`` file, which all connections share (https://sqlite.org/walformat.html, 2.2).

        docs/decisions/0024-the-header-of-sqlite.md has the reason for it, rather than ``PRAGMA data_version``.
        """
        if self._header is None:
            self._anchor = self._connect()  # SQLite keeps the file while a connection is open
            self._anchor.execute("SELECT 1 FROM sqlite_schema").fetchall()
            handle = os.open(f"{self.path}-shm", os.O_RDONLY)
            self._header = mmap.mmap(handle, HEADER_BYTES, prot=mmap.PROT_READ)
            # Closing any handle of a file drops all POSIX locks of the process on it, those of SQLite too, and another
            # process could then truncate the file. So the handles of the map stay open.
            KEPT_OPEN.append(self._header)
        return self._header

    def drop_header(self, *, close: bool) -> None:
        if self._anchor is not None:
            self._anchor.close() if close else KEPT_OPEN.append(self._anchor)
        self._anchor = self._header = None

    def _check_kind(self) -> None:
        if S_ISDIR(self.path.stat().st_mode):
            raise IsADirectoryError("it is a folder")

    def _uri(self, mode: str) -> str:
        return f"file:{quote(self.name)}?mode={mode}"

    def _connect(self) -> sqlite3.Connection:
        self._check_identity()
        connection = sqlite3.connect(
            self._uri("rw"), WAIT_SECONDS, isolation_level=None, check_same_thread=False, uri=True
        )
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # the file keeps the mode
            _until_free(lambda: connection.execute("PRAGMA journal_mode = WAL"))  # it has no timeout
        connection.execute("PRAGMA synchronous = FULL")  # each commit is on the disk
        connection.execute("PRAGMA secure_delete = ON")  # deleted rows are overwritten
        return connection

    def _check_identity(self) -> None:
        """Raise FileNotFoundError if the file was removed or replaced: acknowledged events would be lost with it."""
        status = self.path.stat()
        identity = status.st_dev, status.st_ino
        if self._identity not in (None, identity):
            raise FileNotFoundError(f"{self.path} was removed or replaced; start again")
        self._identity = identity


def _until_free(attempt: Callable[[], object]) -> None:
    """Repeat a statement until no other writer holds the database, or WAIT_SECONDS have passed.

    SQLite's own busy handler tries 10 times a second, too seldom beside a process that writes all the time: 1 writer in 20
    gave up after 5 s.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            attempt()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311


class PostgresqlServer(Backend):
    """Database on a PostgreSQL server; raises ImportError when the driver is not installed."""

    def __init__(self, url: URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        options = {"connect_timeout": int(WAIT_SECONDS), "application_name": "recsys", "client_encoding": "utf8"}
        self.engine = create_engine(url, connect_args=options, **POOL)
        event.listen(self.engine, "connect", self._limit)
        event.listen(self.engine, "checkout", _refuse_ended)

    def begin(self, connection: Any) -> None:
        connection.execute("BEGIN")
        # A number is drawn before the commit. Without the lock, event 8 could be visible before event 7, and a reader that
        # continues after 8 would never see 7.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))

    def _limit(self, connection: Any, _: object) -> None:
        """Refuse a database that cannot hold every id, and bound how long a statement waits."""
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            problem = f"its encoding is {encoding}, which cannot hold every id; use UTF8"
            raise EventStoreError(f"event store {self.name}: {problem}")
        for limit in ("lock_timeout", "statement_timeout"):
            connection.execute("SELECT set_config(%s, %s, false)", (limit, str(int(WAIT_SECONDS * 1000))))


def _refuse_ended(connection: Any, *_: object) -> None:
    """Raise DisconnectionError if the server has closed an idle connection; the pool then opens another.

    The socket of an idle connection is readable only when the server has closed it. ``pool_pre_ping`` would send a query, which
    takes as long as reading a user's events.
    """
    if not connection.closed:
        readable = select.poll()
        readable.register(connection, select.POLLIN)
        if not readable.poll(0):
            return
    raise DisconnectionError
