"""Files of records as chunks of string columns: CSV, JSON lines and Parquet, also gzipped.

Ids keep every byte that they have in the file, so ``00123``, ``NA`` and twenty digits survive.
"""

from __future__ import annotations

import csv
import glob
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from recsys.errors import DataError, did_you_mean
from training.ingest.accounting import Accounting

CHUNK_ROWS = 50_000
LONGEST_LINE = 1 << 20
BUFFER = 1 << 18
OTHER_DELIMITERS = (";", "\t", "|", ",")
LIST_JOINT = "\x1f"  # between the entries of a list of JSON or Parquet: the unit separator, in no text

Row = TypeVar("Row")


@dataclass(frozen=True)
class Chunk:
    """Rows of one file: the line number of each, and its values by column; an absent value is an empty string."""

    file: Path
    lines: list[int]
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class Source:
    """How files are read, and where bad rows are counted."""

    what: str  # name in the accounting: interactions, items or tags
    required: Sequence[str]  # columns without which a file is refused
    accounting: Accounting
    delimiter: str = ","  # of CSV fields; the old MovieLens files have several characters
    header: Sequence[str] | None = None  # column names of a CSV file without a header line
    encoding: str = "utf-8"

    def reject(self, file: Path, line: int, reason: str, row: object) -> None:
        self.accounting.read[self.what] += 1
        self.accounting.reject(self.what, file, line, reason, row)


def expand(pattern: str, key: str) -> list[Path]:
    """Return the files of a name or a glob, sorted; raises DataError when there is none."""
    if not pattern:
        raise DataError(f"{key} is not set; give the file in the configuration or with --set {key}=FILE")
    names = [pattern] if Path(pattern).is_file() else glob.glob(pattern)
    files = sorted(file for file in map(Path, names) if file.is_file())
    if not files:
        raise DataError(f"{key} = {pattern!r}: there is no such file")
    return files


def read_chunks(files: Iterable[Path], source: Source) -> Iterator[Chunk]:
    """Yield the rows of all files.

    Raises DataError when a file cannot be decoded, has no usable header, lacks a column or is of an unknown kind.
    """
    for file in files:
        suffix = Path(file.name.removesuffix(".gz")).suffix.lower()
        reader = READERS.get(suffix)
        if reader is None:
            raise DataError(f"{file}: unknown kind of file {suffix!r}; use .csv, .jsonl or .parquet, also with .gz")
        for chunk in reader(file, source):
            source.accounting.read[source.what] += len(chunk)
            yield chunk


def _lines(file: Path, encoding: str) -> Iterator[str]:
    number = 0
    try:
        with _open(file) as stream:
            while raw := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(raw) > LONGEST_LINE:
                    raise DataError(f"{file} line {number}: longer than {LONGEST_LINE} bytes; is this a text file?")
                yield (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).decode(encoding)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{file} line {number}: byte 0x{byte:02x} is not {encoding}; convert the file") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read after line {number}: {error}") from error


def _open(file: Path) -> BinaryIO:
    if file.suffix == ".gz":
        return io.BufferedReader(gzip.open(file), BUFFER)  # its own readline is slow
    return file.open("rb")


def _read_csv(file: Path, source: Source) -> Iterator[Chunk]:
    rows = _split_long(file, source) if len(source.delimiter) > 1 else _csv_rows(file, source)
    _, header = (0, list(source.header)) if source.header else next(rows, (0, None))
    if header is None:
        raise DataError(f"{file}: the file is empty or not CSV; the first line must name the columns")
    _check_header(file, header, source)
    for batch in _batches(_full_rows(file, rows, len(header), source)):
        values = zip(*(row for _, row in batch), strict=True)
        yield Chunk(file, [line for line, _ in batch], dict(zip(header, map(list, values), strict=True)))


def _csv_rows(file: Path, source: Source) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        _lines(file, source.encoding),
        delimiter=source.delimiter,
        strict=True,
        quoting=csv.QUOTE_NONE if source.header else csv.QUOTE_MINIMAL,
    )
    while True:
        line = reader.line_num + 1
        try:
            if row := next(reader):
                yield line, row
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise DataError(f"{file}: a quote that opens at line {line} is never closed") from error
            if "field limit" in str(error):
                field = f"a field from line {line} on is longer than {csv.field_size_limit()} characters"
                raise DataError(f"{file}: {field}; is a quote left open?") from error
            source.reject(file, line, f"not CSV: {error}", "")


def _split_long(file: Path, source: Source) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(_lines(file, source.encoding), 1):
        if line.strip():
            yield number, line.rstrip("\r\n").split(source.delimiter)


def _check_header(file: Path, header: list[str], source: Source) -> None:
    repeated = sorted(name for name, times in Counter(header).items() if times > 1)
    if repeated:
        raise DataError(f"{file}: column {repeated[0]!r} is twice in the header; names must be unique")
    missing = next((name for name in source.required if name not in header), None)
    if missing is None:
        return
    for other in OTHER_DELIMITERS:
        if len(header) == 1 and other in header[0]:
            raise DataError(f"{file}: its columns are separated by {other!r}; set data.delimiter = {json.dumps(other)}")
    raise DataError(
        f"{file}: there is no column {missing!r}{did_you_mean(missing, header)} (columns are set in [data])"
    )


def _full_rows(
    file: Path, rows: Iterator[tuple[int, list[str]]], width: int, source: Source
) -> Iterator[tuple[int, list[str]]]:
    for line, row in rows:
        if len(row) == width:
            yield line, row
        else:
            source.reject(file, line, "wrong number of fields", row)


def _read_jsonl(file: Path, source: Source) -> Iterator[Chunk]:
    for batch in _batches(_json_rows(file, source)):
        names = dict.fromkeys(name for _, row in batch for name in row)
        columns = {name: [row.get(name, "") for _, row in batch] for name in names}
        _check_header(file, list(names), source)
        yield Chunk(file, [line for line, _ in batch], columns)


def _json_rows(file: Path, source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(_lines(file, "utf-8"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)
            if not isinstance(record, dict):
                raise ValueError("not an object")
            for name in source.required:
                if isinstance(record.get(name), list | dict):
                    raise ValueError(f"value of {name} is a list or an object")
            yield number, {_text(name): _text(value) for name, value in record.items()}
        except (ValueError, RecursionError) as error:
            reason = "not a JSON object" if not str(error).startswith("value") else str(error)
            source.reject(file, number, reason, line)


def _read_parquet(file: Path, source: Source) -> Iterator[Chunk]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise DataError(f"{file}: reading Parquet needs pyarrow; install the extra `parquet`") from error
    try:
        with _open(file) as stream:
            table = parquet.ParquetFile(stream)
            _check_header(file, list(table.schema_arrow.names), source)
            line = 1
            for batch in table.iter_batches(CHUNK_ROWS):
                columns = {name: _strings(file, name, batch.column(name), source) for name in batch.schema.names}
                yield Chunk(file, list(range(line, line + batch.num_rows)), columns)
                line += batch.num_rows
    except (OSError, EOFError, zlib.error, ValueError, NotImplementedError) as error:
        raise DataError(f"{file}: cannot be read as Parquet: {' '.join(str(error).split())}") from error


def _strings(file: Path, name: str, column: Any, source: Source) -> list[str]:
    import pyarrow
    from pyarrow import types

    inner = column.type.value_type if types.is_dictionary(column.type) else column.type
    is_id = types.is_string(inner) or types.is_large_string(inner) or types.is_integer(column.type)
    if name in source.required and not is_id:
        raise DataError(f"{file}: column {name!r} is of type {column.type}; ids must be strings or integers")
    if types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("s", tz=column.type.tz), safe=False).cast(pyarrow.int64())
    return [_text(value) for value in column.to_pylist()]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        value.encode("utf-8")  # a lone surrogate, which JSON can spell, raises ValueError
        return value
    if isinstance(value, list):
        return LIST_JOINT.join(map(_text, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _no_constant(name: str) -> str:
    raise ValueError(f"value {name}")


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    return iter(lambda: list(islice(rows, CHUNK_ROWS)), [])


READERS = {
    **dict.fromkeys((".csv", ".tsv", ".dat", ".data", ".item", ".txt"), _read_csv),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), _read_jsonl),
    ".parquet": _read_parquet,
}
