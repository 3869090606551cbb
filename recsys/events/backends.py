"""How connections to the two kinds of databases are opened, and how the only writer begins."""

from __future__ import annotations

import mmap
import os
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from recsys.errors import EventStoreError

PATIENCE = 5.0  # seconds that a writer waits for others, and a reader for an answer
WRITERS = 0x72656373  # names the lock of writers in PostgreSQL
HEADER_BYTES = 96  # two copies of 48
NEVER_CLOSED: list[object] = []

Connection = Any  # of sqlite3 or psycopg, which agree in what is used of them
Connect = Callable[..., Connection]


class Backend(Protocol):
    """One kind of database."""

    @property
    def name(self) -> str:
        """For messages."""

    def exists(self) -> bool:
        """Whether there is something to connect to, as far as that can be told without connecting."""

    def create(self) -> None:
        """Make an empty database where that needs nobody else; raises OSError or an error of the driver."""

    def connect(self) -> Connection:
        """A connection in which every statement is committed, until a BEGIN; raises OSError or an error of the driver."""

    def begin(self, connection: Connection) -> None:
        """Begin a transaction of the only writer; raises OSError or an error of the driver."""

    def header(self) -> mmap.mmap | None:
        """What is different after every commit of anybody, as shared memory of 96 bytes; None where there is no such thing."""

    def leave(self) -> None:
        """Touch nothing that was opened before a fork."""

    def close(self) -> None:
        """Close what was opened beside the connections."""


class SqliteFile:
    """A SQLite file in write-ahead mode, in which readers do not wait for a writer.

    Parameters
    ----------
    path : Path
    connect : callable
        The driver's.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        self.path, self._connect = path, connect
        self._identity: tuple[int, int] | None = None
        self._anchor: Connection | None = None
        self._header: mmap.mmap | None = None

    @property
    def name(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.is_file()

    def create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_dir():
            raise IsADirectoryError("it is a folder")
        self._connect(self._uri("rwc"), uri=True).close()  # not by hand, see header()

    def connect(self) -> Connection:
        self._check_identity()
        options = {"timeout": PATIENCE, "isolation_level": None, "check_same_thread": False}
        connection = self._connect(self._uri("rw"), uri=True, **options)
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")  # each commit is on the disk
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        return connection

    def begin(self, connection: Connection) -> None:
        self._check_identity()
        connection.execute("PRAGMA busy_timeout = 0")
        _until_free(lambda: connection.execute("BEGIN IMMEDIATE"))
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")

    def header(self) -> mmap.mmap | None:
        """The header of the ``-shm`` file, which all connections share and every commit changes
        (https://sqlite.org/walformat.html, section 2.2)."""
        if self._header is None:
            self._anchor = self.connect()  # while one connection is open, SQLite keeps the file
            self._anchor.execute("SELECT 1 FROM sqlite_schema").fetchall()
            handle = os.open(f"{self.path}-shm", os.O_RDONLY)
            self._header = mmap.mmap(handle, HEADER_BYTES, prot=mmap.PROT_READ)
            # When a process closes any of its handles of a file, POSIX takes away all locks that the process has on it, also
            # those of SQLite, and another process may then empty the file. So the handles of the map stay open.
            NEVER_CLOSED.append(self._header)
        return self._header

    def leave(self) -> None:
        NEVER_CLOSED.append(self._anchor)
        self._anchor = self._header = None

    def close(self) -> None:
        if self._anchor is not None:
            self._anchor.close()
        self._anchor = self._header = None

    def _uri(self, mode: str) -> str:
        return f"file:{quote(self.name)}?mode={mode}"

    def _check_identity(self) -> None:
        """Events that go into a file without a name would be acknowledged and lost; raises FileNotFoundError."""
        found = self.path.stat()
        here = found.st_dev, found.st_ino
        if self._identity not in (None, here):
            raise FileNotFoundError(f"{self.path} was removed or replaced; start again")
        self._identity = here


def _write_ahead(connection: Connection) -> None:
    """Switch to the mode, which the file keeps; SQLite does not wait for others here, whatever its timeout is."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        _until_free(lambda: connection.execute("PRAGMA journal_mode = WAL"))


def _until_free(attempt: Callable[[], object]) -> None:
    """Wait for another writer.

    SQLite's own waiting looks again 10 times in a second. Beside a process that writes all the time it found the database free
    too seldom: within 5 s a writer in 20 gave up.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            attempt()
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        else:
            return
        time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311


class PostgresqlServer:
    """A database on a PostgreSQL server.

    Parameters
    ----------
    name : str
        Its URL without a password.
    connect : callable
        The driver's.
    options : mapping
        Where and as whom to connect.
    """

    def __init__(self, name: str, connect: Connect, options: Mapping[str, Any]) -> None:
        self.name, self._connect = name, connect
        self._options = {"connect_timeout": int(PATIENCE), "application_name": "recsys", **options}

    def exists(self) -> bool:
        return True

    def create(self) -> None:
        pass

    def connect(self) -> Connection:
        connection = self._connect(**self._options, autocommit=True, client_encoding="utf8")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise EventStoreError(
                f"event store {self.name}: its encoding is {encoding}, which cannot hold every id; use UTF8"
            )
        milliseconds = str(int(PATIENCE * 1000))
        for limit in ("lock_timeout", "statement_timeout"):
            connection.execute("SELECT set_config(%s, %s, false)", (limit, milliseconds))
        return connection

    def begin(self, connection: Connection) -> None:
        connection.execute("BEGIN")
        # Numbers are drawn before the commit. Without the lock, number 7 could be committed after 8 was read, and whoever
        # goes on from 8 would never see it.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))

    def header(self) -> None:
        return None

    def leave(self) -> None:
        pass

    def close(self) -> None:
        pass
