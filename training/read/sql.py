"""The result of a query of a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, NullPool, create_engine, inspect, make_url, select, table, text
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from recsys.errors import DataError
from training.read.arrow_file import check_id_type
from training.read.chunk import Chunk
from training.read.location import shown, without_secrets
from training.read.source import Source
from training.read.values import text as spelled

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS = 100_000
EXTRAS = {"psycopg": "the extra `postgresql`"}
KINDS = {int, float, str, bool, datetime, date}  # that Arrow has, in columns of one of them


def read_query(name: str, query: str, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a query while they arrive; their numbers are their lines.

    Raises DataError when the database cannot be reached or refuses the query, or its driver is not installed.
    """
    where, engine, n = shown(name), _engine(name), 0
    try:
        options = {"stream_results": True, "max_row_buffer": CHUNK_ROWS}
        statement = text(query.replace(":", r"\:"))  # no parameters
        with (
            engine.connect() as connection,
            closing(connection.execute(statement, execution_options=options)) as result,
        ):
            if not result.returns_rows:
                raise DataError(f"{where}: the query returns no rows; it must be a SELECT")
            names = list(result.keys())
            columns = source.columns(where, names)
            while rows := result.fetchmany(CHUNK_ROWS):
                arrays = {name: column(values) for name, *values in zip(names, *rows, strict=True) if name in columns}
                for required in source.required:
                    check_id_type(where, required, arrays[required].type)
                yield Chunk(where, range(n + 1, n + len(rows) + 1), arrays, names)
                n += len(rows)
    except SQLAlchemyError as error:
        after = f" after row {n}" if n else ""
        remedy = "" if " " in query.strip() else "; a query is a SELECT and not the name of a table"
        raise DataError(f"{where}: the query failed{after}: {_message(error, engine.url)}{remedy}") from error
    finally:
        engine.dispose()


def selects(name: str) -> dict[str, str]:
    """Return a query of all rows of each table of a database, by the name of the table; raises DataError."""
    engine = _engine(name)
    try:
        names = sorted(inspect(engine).get_table_names())
        queries = (select(text("*")).select_from(table(name)).compile(engine) for name in names)
        return {name: str(query).replace("\n", "") for name, query in zip(names, queries, strict=True)}
    except SQLAlchemyError as error:
        raise DataError(f"{shown(name)}: cannot be opened: {_message(error, engine.url)}") from error
    finally:
        engine.dispose()


def _engine(name: str) -> Engine:
    where = shown(name)
    try:
        url = make_url(name)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise DataError(f"{where}: there is no such file")
        options = {"connect_args": {"connect_timeout": 10}} if url.get_backend_name() == "postgresql" else {}
        return create_engine(url, poolclass=NullPool, **options)
    except ModuleNotFoundError as error:
        needed = EXTRAS.get(error.name or "", f"the Python package {error.name!r}")
        raise DataError(f"{where}: its driver is not installed; install {needed}") from error
    except NoSuchModuleError as error:
        raise DataError(f"{where}: SQLAlchemy does not know this database; install its dialect") from error
    except (SQLAlchemyError, ValueError) as error:
        raise DataError(f"{where}: no URL of a database such as postgresql+psycopg://user@host/database") from error


def column(values: Sequence[Any]) -> pa.Array:
    """Return values of the driver as a column: of their type where they have one that Arrow has, else of texts."""
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) == 1 and kinds <= KINDS:
        with suppress(pa.ArrowInvalid, OverflowError, ValueError):  # an integer of more than 64 bits
            return pa.array(values)
    return pa.array([None if value is None else _spelled(value) for value in values], pa.string())


def _spelled(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return value.isoformat() if isinstance(value, date) else spelled(value)


def _message(error: SQLAlchemyError, url: URL) -> str:
    """Return the message of the driver on one line, without the password."""
    message = without_secrets(str(getattr(error, "orig", None) or error))
    return message.replace(str(url.password), "***") if url.password else message
