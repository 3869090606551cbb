"""A SQLite file or a PostgreSQL database behind one small interface: statements, rows, transactions.

SQLAlchemy writes the SQL and knows the drivers; the statements run on the drivers' own connections, because a look at a user
is part of every request and should cost microseconds.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Dialect, create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.elements import ClauseElement

from recsys.errors import EventStoreError
from recsys.events import backends
from recsys.events.backends import NEVER_CLOSED, Backend, Connection, PostgresqlServer, SqliteFile

KINDS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}

Parameters = Mapping[str, Any]
Row = tuple[Any, ...]


class Database:
    """Runs statements on connections of its own, which a forked child leaves alone.

    Parameters
    ----------
    where : str
        A SQLite file, or a database URL.

    Raises
    ------
    EventStoreError
        When the URL is of no known kind, or its driver is not installed.
    """

    def __init__(self, where: str) -> None:
        url = _url(where)
        options: dict[str, Any] = {"paramstyle": "named"} if url.drivername == "sqlite" else {}
        try:
            self.engine = create_engine(url, poolclass=NullPool, **options)
        except ImportError as error:
            name = url.render_as_string(hide_password=True)
            raise EventStoreError(f"event store {name}: {one_line(error)}; install the extra `postgresql`") from error
        self._dialect = self.engine.dialect
        self._backend = _backend(url, self._dialect)
        self.name = self._backend.name
        self._errors = (self._dialect.loaded_dbapi.Error, OSError)
        self._texts: dict[ClauseElement, tuple[str, Parameters]] = {}
        self._begin_anew()

    def has_table(self, name: str) -> bool:
        """Whether there is such a table, and the file that holds it; nothing is created.

        Raises
        ------
        EventStoreError
            When the database cannot be reached.
        """
        if not self._backend.exists():
            return False
        try:
            with self.engine.connect() as connection:
                return inspect(connection).has_table(name)
        except SQLAlchemyError as error:
            raise self._cannot_open(getattr(error, "orig", None) or error) from error

    def create(self, statements: Sequence[ClauseElement], last: tuple[ClauseElement, Parameters]) -> None:
        """Make the database where it is a file that is not there, and run some statements in one transaction.

        Raises
        ------
        EventStoreError
        """
        try:
            self._backend.create()
            with self.writing() as transaction:
                for statement in statements:
                    transaction.execute(statement)
                transaction.execute(*last)
        except (*self._errors, EventStoreError) as error:
            raise self._cannot_open(error.__cause__ or error) from error

    def rows(self, statement: ClauseElement, parameters: Parameters) -> Sequence[Row]:
        """The rows of a query, in one snapshot; tried again on a new connection where the old one was lost.

        Raises
        ------
        EventStoreError
            When the database cannot be reached or does not answer.
        """
        text, own = self._texts.get(statement) or self._text(statement)
        given = {**own, **parameters} if own else parameters
        for may_be_old in (True, False):
            connection = None
            try:
                connection = self._taken()
                found: Sequence[Row] = connection.execute(text, given).fetchall()
            except self._errors as error:
                if not (may_be_old and self._dropped(connection, error)):
                    raise EventStoreError(f"the event store cannot be read: {one_line(error)}") from error
            else:
                self._free.append(connection)
                return found
        raise AssertionError("the second attempt has no end but these two")

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction beside which there is no other that writes; what it did is durable when the block has ended.

        Raises
        ------
        EventStoreError
            When the disk is full, other writers do not let go or the database cannot be reached. Nothing has changed then,
            unless the connection was lost during the commit: nobody knows, and sending the same event ids again is safe.
        """
        self._check_process()
        if not self._one_writer.acquire(
            timeout=backends.PATIENCE
        ):  # fair among threads, which SQLite's own waiting is not
            raise EventStoreError(f"the event store takes nothing now: others write for {backends.PATIENCE:g} s")
        try:
            connection = self._begun()
            try:
                yield Transaction(self, connection)
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._free.append(connection)
        except self._errors as error:
            raise EventStoreError(f"the event store takes nothing now: {one_line(error)}") from error
        finally:
            self._one_writer.release()

    def prepare(self, *statements: ClauseElement) -> None:
        """Keep the texts of statements that run often."""
        for statement in statements:
            self._texts[statement] = self._text(statement)

    def header(self) -> mmap.mmap | None:
        """What is different after every commit of anybody, see :class:`SqliteFile`; None for a database on a server.

        Raises
        ------
        EventStoreError
        """
        self._check_process()
        try:
            return self._backend.header()
        except (*self._errors, ValueError) as error:
            raise EventStoreError(f"the event store cannot be read: {one_line(error)}") from error

    def close(self) -> None:
        """Close the connections that nobody uses; the next statement opens one."""
        self._check_process()
        self._backend.close()
        self._close_free()

    def _close_free(self) -> None:
        while self._free:
            self._free.pop().close()

    def _text(self, statement: ClauseElement) -> tuple[str, Parameters]:
        """The SQL of a statement, and the parameters that it brings."""
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), {name: value for name, value in (compiled.params or {}).items() if value is not None}

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._free: deque[Connection] = deque()
        self._one_writer = threading.Lock()

    def _check_process(self) -> None:
        """A forked child must neither use nor close the connections of its parent: kept, so that nothing closes them."""
        if self._pid != os.getpid():
            NEVER_CLOSED.append(self._free)
            self._backend.leave()
            self._begin_anew()

    def _taken(self) -> Connection:
        self._check_process()
        try:
            return self._free.pop()
        except IndexError:
            return self._backend.connect()

    def _dropped(self, connection: Connection | None, error: Exception) -> bool:
        """Close a connection on which an error came; whether it had been lost before, and others with it."""
        if connection is None:
            return False
        lost = self._dialect.is_disconnect(error, connection, None)  # type: ignore[arg-type]
        connection.close()
        if lost:
            self._close_free()
        return lost

    def _begun(self) -> Connection:
        """A connection in a transaction that nobody else can have at the same time."""
        for may_be_old in (True, False):
            connection = self._taken()
            try:
                self._backend.begin(connection)
            except self._errors as error:
                if not (self._dropped(connection, error) and may_be_old):
                    raise
            else:
                return connection
        raise AssertionError("the second attempt has no end but these two")

    def _cannot_open(self, error: BaseException) -> EventStoreError:
        return EventStoreError(f"event store {self.name}: {getattr(error, 'strerror', None) or one_line(error)}")


class Transaction:
    """Changes of one transaction."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection

    def execute(self, statement: ClauseElement, parameters: Parameters | None = None) -> int:
        """The number of rows that changed."""
        text, own = self._database._texts.get(statement) or self._database._text(statement)
        return int(self._connection.execute(text, {**own, **(parameters or {})}).rowcount)

    def execute_each(self, statement: ClauseElement, parameters: Sequence[Parameters]) -> int:
        """The same for several sets of parameters; the number of rows that changed in all."""
        text, _ = self._database._texts[statement]
        cursor = self._connection.cursor()
        cursor.executemany(text, parameters)
        return int(cursor.rowcount)


def one_line(error: BaseException) -> str:
    """The message of an error of a driver, which may have several lines."""
    return " ".join(str(error).split()) or type(error).__name__


def _backend(url: URL, dialect: Dialect) -> Backend:
    if url.drivername == "sqlite":
        return SqliteFile(Path(url.database or ""), dialect.connect)
    _, options = dialect.create_connect_args(url)
    return PostgresqlServer(url.render_as_string(hide_password=True), dialect.connect, options)


def _url(where: str) -> URL:
    if "://" not in where:
        return URL.create("sqlite", database=str(Path(where).resolve()))
    try:
        url = make_url(where)
    except (SQLAlchemyError, ValueError) as error:
        raise EventStoreError("store.events is no URL such as postgresql+psycopg://user@host/database") from error
    if url.drivername not in KINDS or (url.drivername == "sqlite" and not url.database):
        raise EventStoreError(
            f"store.events = {url.render_as_string(hide_password=True)!r}: give a SQLite file or a URL that begins with "
            "postgresql+psycopg://"
        )
    return url.set(drivername=KINDS[url.drivername])
