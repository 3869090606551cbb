"""Tables as CSV, JSON lines or Parquet files, written atomically; files of ids."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from recsys.errors import ConfigError, DataError

FORMATS = (".csv", ".csv.gz", ".parquet", ".jsonl")
CHUNK_ROWS = 100_000

Row = tuple[object, ...]


def check_format(path: Path) -> str:
    """Return the format of a file by its name; raises ConfigError for an unknown one or when Parquet is not installed."""
    kind = next((kind for kind in FORMATS if path.name.endswith(kind)), None)
    if kind is None:
        raise ConfigError(f"{path}: unknown kind of file; use one of {', '.join(FORMATS)}")
    if kind == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise ConfigError(f"{path}: writing Parquet needs pyarrow; install the extra `parquet`") from error
    return kind


def read_ids(path: Path, option: str) -> list[str]:
    """Return the ids of a file, one per line, unchanged; raises DataError that names `option` if it is unreadable."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{option} {path}: cannot be read: {error}") from error
    return [line.removesuffix("\r") for line in lines if line.removesuffix("\r")]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row], types: Mapping[str, str]) -> int:
    """Write `rows` with `columns` and return their number.

    `types` has the type of each column in a Parquet file (int32, float32), by default strings. Raises DataError when the file
    cannot be written; an existing file is unchanged then.
    """
    kind = check_format(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == ".parquet":
            written = _write_parquet(partial, columns, iter(rows), types)
        else:
            with _open_text(partial, kind) as stream:
                write = _csv_lines if kind.startswith(".csv") else _json_lines
                written = write(stream, columns, rows)
        os.replace(partial, path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if isinstance(error, OSError):
            raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise
    return written


def _open_text(path: Path, kind: str) -> TextIO:
    if kind == ".csv.gz":
        packed = gzip.GzipFile(path, "wb", compresslevel=5, mtime=0)
        return io.TextIOWrapper(packed, encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _csv_lines(stream: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> int:
    plain = csv.writer(stream, lineterminator="\n")
    quoted = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    written = 0
    for row in rows:
        cells = [f"{value:.6g}" if isinstance(value, float) else value for value in row]
        returns = any(isinstance(cell, str) and "\r" in cell for cell in cells)  # `plain` does not quote it
        (quoted if returns else plain).writerow(cells)
        written += 1
    return written


def _json_lines(stream: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> int:
    written, encode = 0, json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # json.dumps would make one a row
    for row in rows:
        stream.write(encode(dict(zip(columns, row, strict=True))) + "\n")
        written += 1
    return written


def _write_parquet(path: Path, columns: Sequence[str], rows: Iterator[Row], types: Mapping[str, str]) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(name, getattr(pyarrow, types.get(name, "string"))()) for name in columns])
    written = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while chunk := list(islice(rows, CHUNK_ROWS)):
            values: list[Any] = [list(column) for column in zip(*chunk, strict=True)]
            writer.write_table(pyarrow.table(values, schema=schema))
            written += len(chunk)
    return written
