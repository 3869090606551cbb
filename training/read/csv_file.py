"""CSV files.

Blocks of lines go through the reader of Arrow where a line is a record. Quoted fields with line ends, and quotes that are not
those of CSV, go through the reader of Python, which knows the line of each record.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from recsys.errors import DataError
from training.read.blocks import MARK, Block, blocks, lines_of
from training.read.chunk import Chunk, from_texts
from training.read.opening import File, plain_name
from training.read.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

AHEAD = 2  # blocks
ESCAPED = 'not CSV: quotes are escaped by backslashes; set data.quoting = "backslash"'
WRONG_WIDTH = "wrong number of fields"
COMMENT = b"#"
TITLE_LINES = 50  # at most, before the names of the columns
MOST_LINES = 1000  # of a record
FEW_LINES = 10  # of a record that are looked at
PEEKED, PEEKED_BYTES = 100, 1 << 16  # lines that tell whether a delimiter ends every row
EXCEL_SEPARATOR = re.compile(rb'"?sep=(.)"?\r?\n')
QUOTE, LINE_END, RETURN = b'"\n\r'


@dataclass(frozen=True)
class Dialect:
    """How the fields of a file are written."""

    file: File
    source: Source
    delimiter: str
    names: Sequence[str]  # of the columns; empty for one that is not read
    columns: Sequence[str]  # those that are read

    def fields(self, line: str) -> list[str]:
        """Return the fields of a record of one line; raises csv.Error."""
        return next(self.records(iter([line])), [])

    def records(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Return the reader of the records in lines."""
        return self.split(lines) if len(self.delimiter) > 1 else self.reader(lines)

    def reject(self, line: int, reason: str, written: bytes) -> None:
        self.source.reject(str(self.file), line, reason, written.decode())

    def split(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """Yield the fields of each line between delimiters of several characters."""
        for line in lines:
            text = line.rstrip("\r\n")
            yield text.split(self.delimiter) if text.strip() else []

    def reader(self, lines: Iterator[str] | list[str]):  # type: ignore[no-untyped-def]
        """Return the reader of Python for a delimiter of one character."""
        quoting: Literal[0, 3] = csv.QUOTE_NONE if self.source.quoting == "none" else csv.QUOTE_MINIMAL
        escape = "\\" if self.source.quoting == "backslash" else None
        return csv.reader(lines, delimiter=self.delimiter, quoting=quoting, escapechar=escape, strict=True)


def read_csv(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the rows of a file; raises DataError when it has no usable header."""
    remaining = blocks(file, source)
    dialect, first = _dialect(file, source, next(remaining, Block(b"", 1)))
    with ThreadPoolExecutor(1) as pool:
        ahead = _Ahead(pool, dialect, chain([first], remaining))
        for block, parsed in ahead:
            chunk, rest = _chunk(dialect, block, parsed.result(), ahead)
            while rest is not None:
                if len(chunk):
                    yield chunk
                chunk, rest = _chunk(dialect, rest, _parsed(dialect, rest), ahead)
            if len(chunk):
                yield chunk


class _Ahead:
    """Blocks with the rows that Arrow reads in them, in a thread of its own, while those before are counted."""

    def __init__(self, pool: Executor, dialect: Dialect, remaining: Iterator[Block]) -> None:
        self.pool, self.dialect, self.remaining = pool, dialect, remaining
        self.pending: deque[tuple[Block, Future[pa.Table | None]]] = deque()

    def __iter__(self) -> Iterator[tuple[Block, Future[pa.Table | None]]]:
        return self

    def __next__(self) -> tuple[Block, Future[pa.Table | None]]:
        while len(self.pending) < AHEAD and (block := next(self.remaining, None)) is not None:
            self.pending.append((block, self.pool.submit(_parsed, self.dialect, block)))
        if not self.pending:
            raise StopIteration
        return self.pending.popleft()


def _dialect(file: File, source: Source, block: Block) -> tuple[Dialect, Block]:
    """Return how a file is written, from its first lines, and the first block without the header."""
    delimiter = source.delimiter or ("\t" if Path(plain_name(file)).suffix.lower() in (".tsv", ".tab") else ",")
    if excel := EXCEL_SEPARATOR.match(block.data):
        delimiter = source.delimiter or excel[1].decode()
        block = _after(block, excel.end(), 1)
    names = list(source.header)
    dialect = Dialect(file, source, delimiter, names, ())
    if not names:
        names, block = _header(dialect, block)
    source.accounting.before[source.what] += block.line - 1
    columns = source.columns(str(file), names)
    rows = _first_rows(block)
    if _has_further_field(dialect, rows, len(names)):
        if all(row.endswith(delimiter.encode()) for row in rows):
            names = [*names, ""]
            source.accounting.note(f"{file.name}: the rows have a delimiter more than the header, at their end")
        else:
            source.accounting.hints[WRONG_WIDTH] = "the rows have one field more than the header; name it there"
    return Dialect(file, source, delimiter, names, columns), block


def _header(dialect: Dialect, block: Block) -> tuple[list[str], Block]:
    """Return the names of the columns, and the block after them; the first lines may be a title or comments."""
    required, note = set(dialect.source.required), dialect.source.accounting.note
    end, n_comments, first, first_line = 0, 0, None, 0
    for n, line in enumerate(lines_of(block.data), 1):
        end += len(line)
        if first and n > first_line + TITLE_LINES:
            break
        try:
            names = _names(dialect, line, required)
        except csv.Error:
            break
        n_comments += line.startswith(COMMENT)
        if names and required <= set(names):
            if first:
                note(f"{dialect.file.name}: line {n} names the columns, and the lines before it are left out")
            elif n_comments:
                note(f"{dialect.file.name}: {n_comments} lines of comments come before the rows")
            return names, _after(block, end, n)
        if names and not first:
            first, first_line = (names, _after(block, end, n)), n
    if first:
        return first
    raise DataError(f"{dialect.file}: the file is empty or not CSV; the first line must name the columns")


def _names(dialect: Dialect, line: bytes, required: set[str]) -> list[str]:
    """Return the fields of a line, none of a comment that does not name the columns."""
    names = dialect.fields(line.decode()) if line.strip() else []
    if not line.startswith(COMMENT) or required <= set(names):
        return names
    names = dialect.fields(line.lstrip(COMMENT).decode().lstrip())  # "# user_id,item_id" has the names
    return names if required <= set(names) else []


def _after(block: Block, end: int, n_lines: int) -> Block:
    return Block(block.data[end:], block.line + n_lines)


def _has_further_field(dialect: Dialect, rows: Sequence[bytes], width: int) -> bool:
    """Return whether all of the first rows have one field more than the header."""
    with suppress(csv.Error, UnicodeDecodeError):
        return bool(rows) and all(len(dialect.fields(line.decode())) == width + 1 for line in rows)
    return False


def _first_rows(block: Block) -> list[bytes]:
    lines = block.data[:PEEKED_BYTES].split(b"\n")[:-1]  # the last one may go on
    return [line.rstrip(b"\r") for line in lines if line.rstrip(b"\r")][:PEEKED]


def _chunk(dialect: Dialect, block: Block, table: pa.Table | None, ahead: _Ahead) -> tuple[Chunk, Block | None]:
    """Return the rows of a block, and what is left of a later block into which its last record reached."""
    if table is not None:
        return _arrow_chunk(dialect, table, range(block.line, block.line + len(table)), block), None
    if len(dialect.delimiter) > 1 or not _is_record_per_line(block.data, dialect):
        return _python_rows(dialect, block, (later for later, _ in ahead))
    good, lines = _full_lines(dialect, block)
    return _arrow_chunk(dialect, _arrow_table(dialect, b"".join(good))[0], lines, block), None


def _parsed(dialect: Dialect, block: Block) -> pa.Table | None:
    """Return the rows of a block of which every line is one, None for another block."""
    data = block.data
    if len(dialect.delimiter) > 1 or not _is_record_per_line(data, dialect):
        return None
    if _may_have_long_line(data, dialect.source.longest):
        return None
    table, n_bad = _arrow_table(dialect, data)
    return table if not n_bad and len(table) == block.n_lines else None


def _may_have_long_line(data: bytes, longest: int) -> bool:
    """Return whether some part of half of that length has no line end."""
    half = max(1, longest // 2)
    return any(data.find(b"\n", start, start + half) < 0 for start in range(0, len(data) - half, half))


def _is_record_per_line(data: bytes, dialect: Dialect) -> bool:
    """Return whether all quotes are those of CSV and no field has a line end, so that Arrow reads what Python reads."""
    if data.startswith(MARK):  # Arrow takes it for that of a file
        return False
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return False
    if dialect.source.quoting == "none" or b'"' not in data:
        return dialect.source.quoting != "backslash" or b"\\" not in data
    if dialect.source.quoting == "backslash":
        return False
    bytes_ = np.frombuffer(data, np.uint8)
    is_quote = bytes_ == QUOTE
    at = np.flatnonzero(is_quote)
    if len(at) % 2:
        return False
    edges = np.zeros(256, bool)
    edges[[ord(dialect.delimiter), QUOTE, LINE_END, RETURN]] = True
    before, after = at[::2] - 1, at[1::2] + 1
    starts = edges[bytes_[before]] | (before < 0)
    ends = edges[bytes_[np.minimum(after, len(data) - 1)]] | (after == len(data))
    is_inside = np.cumsum(is_quote, dtype=np.uint8) & 1  # the parity survives the overflow
    return bool(starts.all() and ends.all() and not (is_inside.view(bool) & (bytes_ == LINE_END)).any())


def _arrow_table(dialect: Dialect, data: bytes) -> tuple[pa.Table, int]:
    """Return the rows of the right number of fields, and the number of the others."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    bad = [0]

    def skip(_: object) -> str:
        bad[0] += 1
        return "skip"

    of_codes = pa.dictionary(pa.int32(), pa.string())
    types = {name: of_codes if name in dialect.source.coded else pa.string() for name in dialect.columns}
    if not data:
        return pa.schema(types).empty_table(), 0
    names = [name or f"\0{number}" for number, name in enumerate(dialect.names)]
    quote = False if dialect.source.quoting == "none" else '"'
    table = arrow.read_csv(
        pa.BufferReader(data),
        arrow.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        arrow.ParseOptions(delimiter=dialect.delimiter, quote_char=quote, invalid_row_handler=skip),
        arrow.ConvertOptions(column_types=types, include_columns=list(types), check_utf8=False),
    )
    return table, bad[0]


def _arrow_chunk(dialect: Dialect, table: pa.Table, lines: Sequence[int], block: Block) -> Chunk:
    written: list[bytes] = []

    def raw(row: int) -> str:
        if not written:
            written.extend(block.data.split(b"\n"))
        return written[lines[row] - block.line].decode()

    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    return Chunk(str(dialect.file), lines, columns, tuple(dialect.names), raw)


def _full_lines(dialect: Dialect, block: Block) -> tuple[list[bytes], list[int]]:
    """Return the lines with the right number of fields, and their numbers; reject the others that are not blank."""
    good, numbers, width, longest = [], [], len(dialect.names), dialect.source.longest
    mark = dialect.delimiter.encode()
    for number, line in enumerate(lines_of(block.data), block.line):
        has_quotes = b'"' in line and dialect.source.quoting != "none"
        if not line.rstrip(b"\r\n"):
            continue
        if len(line) > longest:
            dialect.reject(number, f"longer than data.max_record = {longest} bytes", line)
        elif (len(dialect.fields(line.decode())) if has_quotes else line.count(mark) + 1) != width:
            dialect.reject(number, WRONG_WIDTH, line)
        else:
            good.append(line)
            numbers.append(number)
    return good, numbers


class _Lines:
    """The lines of a block and, where its last record is not closed, those of later blocks."""

    def __init__(self, dialect: Dialect, block: Block, later: Iterator[Block]) -> None:
        self.dialect, self.block, self.later = dialect, block, later
        self.lines = lines_of(block.data)
        self.read = 0  # lines
        self.first = 0  # lines before the present record

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.read == len(self.lines):
            if self.first == self.read or (block := next(self.later, None)) is None:
                raise StopIteration
            self.lines += lines_of(block.data)
        self._check()
        self.read += 1
        return self.lines[self.read - 1].decode()

    def _check(self) -> None:
        """Raise DataError when the present record is too long."""
        n_lines = self.read - self.first
        if n_lines < FEW_LINES:
            return
        place = f"{self.dialect.file} line {self.block.line + self.first}: a quote opens here"
        remedy = 'if the file has no quoted fields, set data.quoting = "none"'
        if n_lines >= MOST_LINES:
            raise DataError(f"{place} and is not closed within {MOST_LINES} lines; {remedy}")
        if n_lines == FEW_LINES and self._are_rows(self.lines[self.first + 1 : self.read]):
            raise DataError(
                f"{place} and the next {n_lines - 1} lines, which look like rows, are in its field; {remedy}"
            )

    def _are_rows(self, lines: Sequence[bytes]) -> bool:
        mark = self.dialect.delimiter.encode()
        return len(self.dialect.names) > 1 and all(line.count(mark) + 1 == len(self.dialect.names) for line in lines)

    def written(self) -> bytes:
        """Return the lines of the present record."""
        return b"".join(self.lines[self.first : self.read])

    def rest(self, start: int) -> Block | None:
        """Return the lines from the one of this number on, which belong to a later block."""
        data = b"".join(self.lines[start:])
        return Block(data, self.block.line + start) if data else None


def _python_rows(dialect: Dialect, block: Block, later: Iterator[Block]) -> tuple[Chunk, Block | None]:
    """Return the rows of a block as the reader of Python sees them, and the unread lines of a later one."""
    csv.field_size_limit(sys.maxsize)  # lines are bounded already
    lines, n = _Lines(dialect, block, later), block.n_lines
    rows: list[list[str]] = []
    numbers: list[int] = []
    records = dialect.records(lines)
    while lines.read < n:
        lines.first = lines.read
        number = block.line + lines.first
        try:
            row = next(records)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise DataError(f"{dialect.file}: a quote that opens at line {number} is never closed") from error
            written = lines.written()
            dialect.reject(number, ESCAPED if b'\\"' in written else f"not CSV: {error}", written)
            continue
        if lines.read - lines.first > 1:
            dialect.source.accounting.span(dialect.source.what, str(dialect.file), number, lines.read - lines.first)
        if not row:
            continue
        if len(row) != len(dialect.names):
            dialect.reject(number, WRONG_WIDTH, lines.written())
        elif sum(map(len, row)) > dialect.source.longest:
            dialect.reject(number, f"longer than data.max_record = {dialect.source.longest} bytes", lines.written())
        else:
            rows.append(row)
            numbers.append(number)
    values = zip(*rows, strict=True) if rows else [()] * len(dialect.names)
    columns = {name: column for name, column in zip(dialect.names, values, strict=True) if name in dialect.columns}
    return from_texts(str(dialect.file), numbers, columns), lines.rest(lines.read)
