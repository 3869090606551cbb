"""Parquet files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recsys.errors import DataError
from training.read.chunk import Chunk
from training.read.opening import open_bytes
from training.read.source import Source

CHUNK_ROWS = 1_000_000


def read_parquet(file: Path, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a file; raises DataError when it is damaged or an id is neither a string nor an integer."""
    from pyarrow import parquet

    try:
        with open_bytes(file) as stream:
            table = parquet.ParquetFile(stream)
            names = list(table.schema_arrow.names)
            columns, line = source.columns(str(file), names), 1
            for name in source.required:
                _check_type(file, name, table.schema_arrow.field(name).type)
            for batch in table.iter_batches(CHUNK_ROWS, columns=columns):
                arrays = {name: batch.column(name) for name in batch.schema.names}
                source.advance(batch.nbytes)
                yield Chunk(str(file), range(line, line + batch.num_rows), arrays, names)
                line += batch.num_rows
    except (OSError, EOFError, zlib.error, ValueError, NotImplementedError) as error:
        raise DataError(f"{file}: cannot be read as Parquet: {' '.join(str(error).split())}") from error


def _check_type(file: Path, name: str, kind: Any) -> None:
    from pyarrow import types

    inner = kind.value_type if types.is_dictionary(kind) else kind
    if not (types.is_string(inner) or types.is_large_string(inner) or types.is_integer(kind)):
        raise DataError(f"{file}: column {name!r} is of type {kind}; ids must be strings or integers")
