"""The first rows of a file, and how they are written."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from recsys.errors import DataError
from training.init.columns import by_name
from training.read import Accounting, Chunk, Source, read_chunks
from training.read.csv_file import TITLE_LINES
from training.read.files import expand
from training.read.location import is_database, scheme, shown
from training.read.opening import File, open_bytes, plain_name

BYTES = 1 << 18
LINES = 200
ROWS = 100_000
DELIMITERS = (",", "\t", ";", "|", "::")
MARKS = {b"\xef\xbb\xbf": "", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
LIST = "\x1f"  # between the values of a list
SQLITE = b"SQLite format 3\0"
GROUPED = re.compile(rb"\d+:\r?\n\d+,.*\n")
BINARY = (b"PAR1", b"PK\x03\x04", b"ARROW1", b"FEA1", b"ORC")
NAMED = 0.9  # of a field that is the name of a column
DEEPEST = 3  # lists within lists
LIKE_ROW = 0.5  # share of the fields of a first line that are numbers, from which on it is no header


@dataclass(frozen=True)
class Sample:
    """The first rows of a file by column, as texts, and the keys of [data] with which they were read."""

    file: str  # or URL
    columns: Mapping[str, Sequence[str]]
    keys: Mapping[str, Any] = field(default_factory=dict)  # that differ from the defaults
    n_rows: int = 0
    has_header: bool = True
    table: str = ""  # of a database

    def __str__(self) -> str:
        return f"{self.table} of {shown(self.file)}" if self.table else shown(self.file)

    @property
    def names(self) -> list[str]:
        return list(self.columns)


def samples(name: str) -> list[Sample]:
    """Read the first rows of a file, a folder, a URL, or of each table of a database; raises DataError."""
    if is_database(name):
        return _of_database(name)
    if not scheme(name) and Path(name).is_dir():
        return [_read(name, {}, Source("sample", (), Accounting()))]
    file = expand(name, "FILE")[0]
    start = _start(file)
    return _of_database(f"sqlite:///{name}") if start.startswith(SQLITE) else [_of_file(name, file, start)]


def _of_database(name: str) -> list[Sample]:
    from training.read.sql import read_query, selects  # loads SQLAlchemy

    found = [
        _of_chunks(name, {"query": query}, read_query(name, query, Source("sample", (), Accounting())), table=table)
        for table, query in selects(name).items()
    ]
    if not any(sample.n_rows for sample in found):
        raise DataError(f"{shown(name)}: there is no table with rows")
    return [sample for sample in found if sample.n_rows]


def _of_file(name: str, file: File, start: bytes) -> Sample:
    if start.startswith(BINARY):
        return _read(name, {}, Source("sample", (), Accounting()))
    if start.lstrip()[:1] in (b"{", b"["):
        return _of_json(name)
    if GROUPED.match(start):
        raise DataError(
            f"{file}: lines such as '1:' hold the item of the rows below them, as of the Netflix Prize; write it into each "
            f"row: awk -F: 'NF>1{{m=$1;next}}{{print $0\",\"m}}' {file} > ratings.csv"
        )
    keys, header, names = _csv_keys(file, start)
    required = [name for name in names if name][:1]  # comments and titles before the names do not have it
    source = Source("sample", required, Accounting(), header=header, **keys)
    try:
        return _read(name, keys, source, has_header=not header)
    except DataError:  # perhaps of quotes that are none
        if "quoting" in keys:
            raise
        unquoted = replace(source, quoting="none", accounting=Accounting())
        return _read(name, keys | {"quoting": "none"}, unquoted, has_header=not header)


def _start(file: File) -> bytes:
    try:
        with open_bytes(file) as stream:
            return stream.read(BYTES)
    except (OSError, EOFError) as error:
        raise DataError(f"{file}: cannot be read: {error}") from error


def _read(name: str, keys: Mapping[str, Any], source: Source, *, has_header: bool = True) -> Sample:
    found = _of_chunks(name, keys, read_chunks(expand(name, "FILE"), source))
    if not found.n_rows:
        reasons = "".join(f"; left out: {reason}" for (_, reason), _ in source.accounting.reasons.most_common(1))
        raise DataError(f"{found}: there is no row to look at{reasons}")
    return replace(found, has_header=has_header)


def _of_chunks(name: str, keys: Mapping[str, Any], chunks: Iterable[Chunk], table: str = "") -> Sample:
    columns: dict[str, list[str]] = {}
    n_rows = 0
    for chunk in chunks:
        _extend(columns, chunk, n_rows)
        n_rows += len(chunk)
        if n_rows >= ROWS:
            break
    return Sample(name, columns, keys, n_rows, table=table)


def _extend(columns: dict[str, list[str]], chunk: Chunk, n_before: int) -> None:
    for name in chunk.columns:
        columns.setdefault(name, [""] * n_before).extend(chunk.texts(name))
    for values in columns.values():
        values.extend([""] * (n_before + len(chunk) - len(values)))


def _of_json(name: str) -> Sample:
    """Read the objects; of one with lists of objects, each of the list that most likely holds items with what is around it.

    A path of keys names the list.
    """
    found = _read(name, {}, Source("sample", (), Accounting()))
    for _ in range(DEEPEST):
        best = max((by_name(one, "item") for one in found.columns if not _objects(found.columns[one])), default=0.0)
        paths = [
            f"{column}.{key}"
            for column, values in found.columns.items()
            for entry in _objects(values)[:1]
            for key in entry
        ]
        path = max(paths, key=lambda path: by_name(path, "item"), default="")
        of_user = not best and any(by_name(one, "user") for one in found.columns)
        if not path or (by_name(path, "item") <= best and not of_user):
            return found
        found = _read(name, {}, Source("sample", (path,), Accounting()))
    return found


def _objects(values: Sequence[str]) -> list[dict[str, Any]]:
    """Return the objects of the first value that is a list of them."""
    value = next((value for value in values if value), "")
    with suppress(ValueError):
        entries = [json.loads(entry) for entry in value.split(LIST)] if value.startswith("{") else []
        return [entry for entry in entries if isinstance(entry, dict)]
    return []


def _csv_keys(file: File, start: bytes) -> tuple[dict[str, Any], list[str], Sequence[str]]:
    """Return the keys of [data] that differ from the defaults, names of columns for a file without a header, and its own."""
    keys: dict[str, Any] = {}
    encoding = _encoding(start)
    if encoding:
        keys["encoding"] = encoding
    text = start.decode(encoding or "utf-8-sig", errors="replace")
    lines = text.splitlines()[: LINES + 1]
    lines = lines[:-1] if len(lines) > 1 and not text.endswith("\n") and len(start) == BYTES else lines
    lines = [line for line in lines if line.strip() and not line.startswith("#")] or [""]
    if lines[0].lower().startswith("sep="):
        lines = lines[1:] or [""]
    quoting = _quoting(lines)
    if quoting != "double":
        keys["quoting"] = quoting
    delimiter = _delimiter(lines, quoting)
    usual = "\t" if Path(plain_name(file)).suffix.lower() in (".tsv", ".tab") else ","
    if delimiter != usual:
        keys["delimiter"] = delimiter
    rows = _without_title([_fields(line, delimiter, quoting) for line in lines])
    header = [] if _is_header(rows) else [f"column_{number}" for number in range(1, len(rows[0]) + 1)]
    return keys, header, [] if header else rows[0]


def _without_title(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Return the rows from the first one that is as wide as most."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    first = next(place for place, row in enumerate(rows) if len(row) == width)
    return rows[first:] if first <= TITLE_LINES and _is_header(rows[first:]) else rows


def _encoding(start: bytes) -> str:
    """Return the encoding of a file that is not UTF-8; empty for UTF-8 and where a mark says it."""
    if any(start.startswith(mark) for mark in MARKS):
        return ""
    try:
        start[: start.rfind(b"\n") + 1 or len(start)].decode()
    except UnicodeDecodeError:
        return "cp1252"
    return ""


def _quoting(lines: Sequence[str]) -> str:
    if any('\\"' in line for line in lines):
        return "backslash"
    odd = sum(line.count('"') % 2 for line in lines)
    edges = sum(line.count(',"') + line.count('",') + line.count(';"') + line.count('\t"') for line in lines)
    return "none" if odd and not edges else "double"


def _delimiter(lines: Sequence[str], quoting: str) -> str:
    """Return the delimiter that gives most lines the same number of fields, and the most of them."""

    def score(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(_fields(line, delimiter, quoting)) for line in lines)
        width, times = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
        return (times / len(lines) if width > 1 else 0.0), width

    def rank(delimiter: str) -> tuple[float, int, float]:
        share, width = score(delimiter)
        return round(share, 1), width, share

    best = max(DELIMITERS, key=rank)
    if score(best)[0]:
        return best
    return " " if score(" ")[0] == 1 else ","  # spaces are within texts, too


def _fields(line: str, delimiter: str, quoting: str) -> list[str]:
    if len(delimiter) > 1:
        return line.split(delimiter)
    style: Literal[0, 3] = csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL
    escape = "\\" if quoting == "backslash" else None
    try:
        return next(csv.reader([line], delimiter=delimiter, quoting=style, escapechar=escape), [])
    except csv.Error:
        return [line]


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row names columns: no numbers, no value twice, none that a later row has in its place."""
    first, later = rows[0], rows[1:]
    if all(any(by_name(field, role) > NAMED for field in first) for role in ("user", "item")):
        return True
    if sum(map(_is_number_like, first)) > LIKE_ROW * len(first) or len(set(first)) != len(first):
        return False
    if any(_is_number_like(field) for field in first) and len(first) <= 4:
        return False
    repeats = sum(
        field in {row[place] for row in islice(later, LINES) if place < len(row)} for place, field in enumerate(first)
    )
    return repeats == 0


def _is_number_like(text: str) -> bool:
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))
