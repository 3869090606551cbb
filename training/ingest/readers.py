"""Files of records as chunks of string columns: CSV, JSON lines and Parquet, also gzipped.

Nothing is guessed: ids stay the bytes that they are in the file, so ``00123``, ``NA`` and twenty digits survive.
"""

from __future__ import annotations

import csv
import glob
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from recsys.errors import DataError, did_you_mean
from training.ingest.accounting import Accounting

CHUNK_ROWS = 50_000
LONGEST_LINE = 1 << 20
BUFFER = 1 << 18
OTHER_DELIMITERS = (";", "\t", "|", ",")
LIST_JOINT = "\x1f"  # between the entries of a list of JSON or Parquet: the unit separator, in no text


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
    """Where to read, and whom to tell about bad rows.

    Parameters
    ----------
    what : str
        Name in the accounting: interactions, items or tags.
    required : sequence of str
        Columns without which the file is refused.
    accounting : Accounting
    delimiter : str
        Between the fields of a CSV file, one character or (for the old MovieLens files) several.
    header : sequence of str or None
        Column names of a CSV file that has no header line.
    encoding : str
    """

    what: str
    required: Sequence[str]
    accounting: Accounting
    delimiter: str = ","
    header: Sequence[str] | None = None
    encoding: str = "utf-8"

    def reject(self, file: Path, line: int, reason: str, row: object) -> None:
        self.accounting.count_read(self.what)
        self.accounting.reject(self.what, file, line, reason, row)


def expand(pattern: str, key: str) -> list[Path]:
    """The files that a name or a glob stands for, sorted; raises DataError when there is none."""
    if not pattern:
        raise DataError(f"{key} is not set; give the file in the configuration or with --set {key}=FILE")
    files = [Path(pattern)] if Path(pattern).is_file() else sorted(Path(name) for name in glob.glob(pattern))
    files = [file for file in files if file.is_file()]
    if not files:
        raise DataError(f"{key} = {pattern!r}: there is no such file")
    return files


def read_chunks(files: Iterable[Path], source: Source) -> Iterator[Chunk]:
    """The rows of all files, in chunks.

    Raises
    ------
    DataError
        When a file cannot be decoded, has no usable header, lacks a column or is of an unknown kind.
    """
    for file in files:
        yield from _reader(file)(file, source)


def _reader(file: Path) -> Callable[[Path, Source], Iterator[Chunk]]:
    suffix = Path(file.name.removesuffix(".gz")).suffix.lower()
    if suffix in (".csv", ".tsv", ".dat", ".data", ".item", ".txt"):
        return _read_csv
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _read_jsonl
    if suffix == ".parquet":
        return _read_parquet
    raise DataError(f"{file}: unknown kind of file {suffix!r}; use .csv, .jsonl or .parquet, also with .gz")


def _lines(file: Path, encoding: str) -> Iterator[str]:
    number = 0
    try:
        with _opened(file) as stream:
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


def _opened(file: Path) -> BinaryIO:
    if file.suffix == ".gz":
        return io.BufferedReader(gzip.open(file), BUFFER)  # its own readline is slow
    return file.open("rb")


def _read_csv(file: Path, source: Source) -> Iterator[Chunk]:
    rows = _split_long(file, source) if len(source.delimiter) > 1 else _csv_rows(file, source)
    header = list(source.header) if source.header else _header(file, rows)
    _check_header(file, header, source)
    for numbered in _batches(_full_rows(file, rows, len(header), source)):
        values = list(zip(*(row for _, row in numbered), strict=True))
        yield _counted(
            Chunk(file, [line for line, _ in numbered], dict(zip(header, map(list, values), strict=True))), source
        )


def _csv_rows(file: Path, source: Source) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(file, source.encoding), delimiter=source.delimiter, strict=True)
    if source.header:
        reader = csv.reader(
            _lines(file, source.encoding), delimiter=source.delimiter, strict=True, quoting=csv.QUOTE_NONE
        )
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise DataError(f"{file}: a quote that opens at line {line} is never closed") from error
            if "field limit" in str(error):
                most = csv.field_size_limit()
                raise DataError(
                    f"{file}: a field from line {line} on is longer than {most} characters; is a quote left open?"
                ) from error
            source.reject(file, line, f"not CSV: {error}", "")
            continue
        if row:
            yield line, row


def _split_long(file: Path, source: Source) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(_lines(file, source.encoding), 1):
        if line.strip():
            yield number, line.rstrip("\r\n").split(source.delimiter)


def _header(file: Path, rows: Iterator[tuple[int, list[str]]]) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise DataError(f"{file}: the file is empty or not CSV; the first line must name the columns")
    return first[1]


def _check_header(file: Path, header: list[str], source: Source) -> None:
    repeated = sorted(name for name, times in Counter(header).items() if times > 1)
    if repeated:
        raise DataError(f"{file}: column {repeated[0]!r} stands twice in the header; names must be unique")
    for name in source.required:
        if name not in header:
            other = next((one for one in OTHER_DELIMITERS if len(header) == 1 and one in header[0]), None)
            if other is not None:
                raise DataError(
                    f"{file}: its columns are separated by {other!r}; set data.delimiter = {json.dumps(other)}"
                )
            raise DataError(
                f"{file}: there is no column {name!r}{did_you_mean(name, header)} (columns are set in [data])"
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
    for numbered in _batches(_json_rows(file, source)):
        names = dict.fromkeys(name for _, row in numbered for name in row)
        columns = {name: [row.get(name, "") for _, row in numbered] for name in names}
        _check_header(file, list(names), source)
        yield _counted(Chunk(file, [line for line, _ in numbered], columns), source)


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
        with _opened(file) as stream:
            opened = parquet.ParquetFile(stream)
            _check_header(file, list(opened.schema_arrow.names), source)
            line = 1
            for batch in opened.iter_batches(CHUNK_ROWS):
                columns = {name: _strings(file, name, batch.column(name), source) for name in batch.schema.names}
                yield _counted(Chunk(file, list(range(line, line + batch.num_rows)), columns), source)
                line += batch.num_rows
    except (OSError, EOFError, zlib.error, ValueError, NotImplementedError) as error:
        raise DataError(f"{file}: cannot be read as Parquet: {' '.join(str(error).split())}") from error


def _strings(file: Path, name: str, column: Any, source: Source) -> list[str]:
    import pyarrow

    if name in source.required and not (_is_text(column.type) or pyarrow.types.is_integer(column.type)):
        raise DataError(f"{file}: column {name!r} is of type {column.type}; ids must be strings or integers")
    if pyarrow.types.is_timestamp(column.type):
        column = column.cast(pyarrow.timestamp("s", tz=column.type.tz), safe=False).cast(pyarrow.int64())
    return [_text(value) for value in column.to_pylist()]


def _is_text(kind: Any) -> bool:
    import pyarrow

    inner = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
    return bool(pyarrow.types.is_string(inner) or pyarrow.types.is_large_string(inner))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        value.encode("utf-8")  # a lone surrogate, which JSON can spell, raises ValueError
        return value
    if isinstance(value, list):
        return LIST_JOINT.join(_text(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _no_constant(name: str) -> str:
    raise ValueError(f"value {name}")


def _counted(chunk: Chunk, source: Source) -> Chunk:
    source.accounting.count_read(source.what, len(chunk))
    return chunk


def _batches(rows: Iterator[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    batch: list[tuple[int, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == CHUNK_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
