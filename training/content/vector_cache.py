"""A file of vectors that were computed before."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from recsys.data.vectors import Vectors
from recsys.errors import DataError

LOOKUP = 500


@contextmanager
def opened(path: str, maker: str) -> Iterator[VectorCache]:
    """The vectors in a file that were made by one encoder; the file is made where there is none.

    Parameters
    ----------
    path : str
        ``content.cache``; empty: nothing is kept.
    maker : str
        What tells the encoder from others.

    Raises
    ------
    DataError
        When the file cannot be used.
    """
    if not path:
        yield VectorCache(None, maker)
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS texts"
                " (encoder TEXT, text BLOB, vector BLOB, PRIMARY KEY (encoder, text)) WITHOUT ROWID"
            )
            yield VectorCache(connection, maker)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # the last: the message of a damaged file
        raise DataError(f"content.cache = {path!r}: {error}; remove the file or set another") from error


class VectorCache:
    """Vectors by the SHA-256 of what was encoded."""

    def __init__(self, connection: sqlite3.Connection | None, maker: str) -> None:
        self._connection, self._maker = connection, maker

    def known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """Those of the given keys that are there; raises sqlite3.Error when the file is damaged."""
        found: dict[bytes, Vectors] = {}
        for start in range(0, len(keys) if self._connection else 0, LOOKUP):
            assert self._connection is not None
            some = keys[start : start + LOOKUP]
            marks = ",".join("?" * len(some))
            query = f"SELECT text, vector FROM texts WHERE encoder = ? AND text IN ({marks})"  # noqa: S608 question marks
            rows = self._connection.execute(query, (self._maker, *some))
            try:
                found.update((key, np.frombuffer(vector, dtype=np.float32)) for key, vector in rows)
            except (ValueError, TypeError) as error:
                raise sqlite3.DatabaseError(f"a record is damaged: {error}") from error
        if len({len(vector) for vector in found.values()}) > 1:
            raise sqlite3.DatabaseError("a record is damaged: its vectors differ in length")
        return found

    def add(self, keys: Sequence[bytes], vectors: Vectors) -> None:
        """Keep more, at once on the disk, so that it stays when the run is ended."""
        if self._connection is None:
            return
        rows = ((self._maker, key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", rows)


def key_of(content: bytes) -> bytes:
    """The key of what is encoded."""
    return hashlib.sha256(content).digest()
