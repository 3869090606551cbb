"""Queries and writing transactions on a SQLite file or a PostgreSQL database.

SQLAlchemy writes the SQL and keeps the connections. Statements run on the cursors of the drivers, because every request may
read the events of a user, and SQLAlchemy's own `execute` would double the time of that.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ClauseElement

from recsys.errors import EventStoreError
from recsys.events import backends
from recsys.events.backends import KEPT_OPEN, Backend, PostgresqlServer, SqliteFile

POSTGRESQL = "postgresql+psycopg"

Parameters = Mapping[str, Any]
Row = tuple[Any, ...]


class Database:
    """Connections to a SQLite file or a database by its URL; a forked child opens connections of its own.

    Raises
    ------
    EventStoreError
        When the URL is of no known kind, or its driver is not installed. Every method raises it when the database cannot be
        reached or does not answer.
    """

    def __init__(self, where: str) -> None:
        self._backend = _backend(where)
        self.name, self.engine = self._backend.name, self._backend.engine
        self._errors = (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error, OSError)
        self._compiled: dict[ClauseElement, tuple[str, Parameters]] = {}
        self._writing = threading.Lock()
        OPEN.add(self)

    def has_table(self, name: str) -> bool:
        """Return whether the table exists; creates nothing."""
        try:
            return self._backend.exists() and inspect(self.engine).has_table(name)
        except self._errors as error:
            raise self._cannot_open(error) from error

    def create(self, statements: Sequence[ClauseElement], parameters: Parameters) -> None:
        """Create the file if it is missing, and run statements in one transaction; the last one has the parameters."""
        *others, last = statements
        try:
            self._backend.create()
            with self.writing() as execute:
                for statement in others:
                    execute(statement)
                execute(last, parameters)
        except (*self._errors, EventStoreError) as error:
            raise self._cannot_open(error.__cause__ or error) from error

    def rows(self, statement: ClauseElement, parameters: Parameters) -> Sequence[Row]:
        """Return the rows of a query, which sees one snapshot."""
        text, own = self.compiled(statement)
        try:
            with closing(self.engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute(text, {**own, **parameters} if own else parameters)
                return cursor.fetchall()
        except self._errors as error:
            raise EventStoreError(f"the event store cannot be read: {one_line(error)}") from error

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        """Begin a transaction that excludes other writers; its changes are durable after the block.

        Raises
        ------
        EventStoreError
            When the disk is full, other writers do not finish or the database cannot be reached. Nothing has changed then,
            except if the connection was lost during the commit, which may have happened; to send the same event ids again
            is safe.
        """
        refused = "the event store takes nothing now"
        if not self._writing.acquire(timeout=backends.WAIT_SECONDS):  # threads queue here, cheaper than at the database
            raise EventStoreError(f"{refused}: others write for {backends.WAIT_SECONDS:g} s")
        try:
            with closing(self.engine.raw_connection()) as connection:  # closing rolls back what was not committed
                self._backend.begin(connection.driver_connection)
                yield Execute(self, connection.cursor())
                connection.commit()
        except self._errors as error:
            raise EventStoreError(f"{refused}: {one_line(error)}") from error
        finally:
            self._writing.release()

    def prepare(self, *statements: ClauseElement) -> None:
        """Keep the SQL of statements that run often."""
        for statement in statements:
            self._compiled[statement] = self.compiled(statement)

    def header(self) -> mmap.mmap | None:
        """Return bytes that every commit of any process changes, see :meth:`SqliteFile.header`; None for a server."""
        try:
            return self._backend.header()
        except (*self._errors, ValueError) as error:
            raise EventStoreError(f"the event store cannot be read: {one_line(error)}") from error

    def close(self) -> None:
        """Close the connections that are not in use; the next statement opens one."""
        self._backend.drop_header(close=True)
        self.engine.dispose()

    def leave_to_parent(self) -> None:
        """After a fork: neither use nor close the connections of the parent process."""
        KEPT_OPEN.append(self.engine.pool)
        self.engine.dispose(close=False)
        self._backend.drop_header(close=False)
        self._writing = threading.Lock()

    def compiled(self, statement: ClauseElement) -> tuple[str, Parameters]:
        """Return the SQL of a statement and its own parameters."""
        if statement in self._compiled:
            return self._compiled[statement]
        compiled = statement.compile(dialect=self.engine.dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), {name: value for name, value in (compiled.params or {}).items() if value is not None}

    def _cannot_open(self, error: BaseException) -> EventStoreError:
        return EventStoreError(f"event store {self.name}: {getattr(error, 'strerror', None) or one_line(error)}")


@dataclass(frozen=True)
class Execute:
    """Runs a statement of a transaction, once or with each of several parameters; returns the number of changed rows."""

    database: Database
    cursor: Any

    def __call__(self, statement: ClauseElement, parameters: Parameters | Sequence[Parameters] | None = None) -> int:
        text, own = self.database.compiled(statement)
        if isinstance(parameters, Sequence):
            self.cursor.executemany(text, [{**own, **row} for row in parameters] if own else parameters)
        else:
            self.cursor.execute(text, {**own, **(parameters or {})})
        return int(self.cursor.rowcount)

    def rows(self, statement: ClauseElement, parameters: Parameters) -> Sequence[Row]:
        """Return the rows of a query within the transaction."""
        text, own = self.database.compiled(statement)
        self.cursor.execute(text, {**own, **parameters})
        found: Sequence[Row] = self.cursor.fetchall()
        return found


OPEN: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in OPEN:
        database.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)


def one_line(error: BaseException) -> str:
    """Return the message of a driver's error, which may have several lines."""
    error = getattr(error, "orig", None) or error
    return " ".join(str(error).split()) or type(error).__name__


def _backend(where: str) -> Backend:
    if "://" not in where:
        return SqliteFile(Path(where).resolve())
    try:
        url = make_url(where)
    except (SQLAlchemyError, ValueError) as error:
        raise EventStoreError("store.events is no URL such as postgresql+psycopg://user@host/database") from error
    if url.drivername == "sqlite" and url.database:
        return SqliteFile(Path(url.database))
    if url.drivername not in ("postgresql", POSTGRESQL):
        name = url.render_as_string(hide_password=True)
        raise EventStoreError(f"store.events = {name!r}: give a SQLite file or a URL that begins with {POSTGRESQL}://")
    url = url.set(drivername=POSTGRESQL)
    try:
        return PostgresqlServer(url)
    except ImportError as error:
        name = url.render_as_string(hide_password=True)
        raise EventStoreError(f"event store {name}: {one_line(error)}; install the extra `postgresql`") from error
