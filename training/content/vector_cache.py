"""A file of vectors that were computed before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np

from recsys.data.vectors import Vectors
from recsys.errors import DataError


@contextmanager
def open_cache(path: str, encoder: str) -> Iterator[VectorCache]:
    """Open the vectors of an encoder, named by a fingerprint, in a file that is created if it does not exist.

    An empty `path` keeps nothing. Raises DataError when the file cannot be used.
    """
    if not path:
        yield VectorCache(None, encoder)
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=60)) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS texts"
                " (encoder TEXT, text BLOB, vector BLOB, PRIMARY KEY (encoder, text)) WITHOUT ROWID"
            )
            yield VectorCache(connection, encoder)
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # the last: the message of a damaged file
        raise DataError(f"content.cache = {path!r}: {error}; remove the file or set another") from error


class VectorCache:
    """Vectors by the SHA-256 of what was encoded."""

    def __init__(self, connection: sqlite3.Connection | None, encoder: str) -> None:
        self._connection, self._encoder = connection, encoder
        self._lengths: set[int] = set()

    def load(self, keys: Iterable[bytes]) -> dict[bytes, Vectors]:
        """Return the vectors of the keys that are in the file; raises sqlite3.Error when it is damaged."""
        vectors: dict[bytes, Vectors] = {}
        if self._connection is None:
            return vectors
        query = "SELECT vector FROM texts WHERE encoder = ? AND text = ?"
        try:
            for key in keys:
                for (vector,) in self._connection.execute(query, (self._encoder, key)):
                    vectors[key] = np.frombuffer(vector, dtype=np.float32)
        except (ValueError, TypeError) as error:
            raise sqlite3.DatabaseError(f"a record is damaged: {error}") from error
        self._lengths.update(map(len, vectors.values()))
        if len(self._lengths) > 1:
            raise sqlite3.DatabaseError("a record is damaged: its vectors differ in length")
        return vectors

    def add(self, keys: Iterable[bytes], vectors: Vectors) -> None:
        """Write more vectors to the disk at once, so that they stay when the run is ended."""
        if self._connection is None:
            return
        rows = ((self._encoder, key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True))
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", rows)


def key_of(content: bytes) -> bytes:
    return sha256(content).digest()
