"""Files of JSON: an object a line, an array of objects, or one object around such an array; also lines of Python dicts.

A column may be a path of keys, ``product.brand``. Where a path meets a list of objects, as ``line_items.sku`` does, each object
is a row of its own, also in a list within a list.
"""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from recsys.errors import DataError
from training.read.blocks import Block, blocks, lines_of
from training.read.chunk import Chunk, from_texts
from training.read.opening import File
from training.read.source import Source
from training.read.values import text

CHUNK_ROWS = 50_000
BETWEEN = " \t\r\n[],"  # objects
DEEPEST = 4  # objects within objects whose values are columns
EXCERPT = 1000
NESTED = (dict, list)

Record = Mapping[str, Any]
Found = tuple[int, Any, str]  # line, value or the error, the text


DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)  # NaN is a text, as in CSV


class _NotJsonError(ValueError):
    """A text is no object."""


def read_json(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the records of a file; numbers keep their spelling."""
    if bracketed := next((path for path in source.paths if "[]" in path), ""):
        plain = bracketed.replace("[]", "")
        raise DataError(f"{file}: there is no column {bracketed!r}; paths have no brackets: set it to {plain!r}")
    rows = _rows(file, source)
    while batch := list(islice(rows, CHUNK_ROWS)):
        names = dict.fromkeys(name for _, row in batch for name in row)
        columns = {name: [row.get(name, "") for _, row in batch] for name in source.columns(str(file), list(names))}
        yield from_texts(str(file), [line for line, _ in batch], columns)


def _rows(file: File, source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    values = _values(file, source)
    first = list(islice(values, 2))
    lists = list(dict.fromkeys(path[:end] for path in source.paths for end in _dots(path)))
    for line, value, written in chain(first, values):
        try:
            if isinstance(value, Exception):
                raise value
            if isinstance(value, dict) and not any(type(inner) in NESTED for inner in value.values()):
                yield line, {text(name): text(inner) for name, inner in value.items()}
                continue
            for record in _records(value, source, is_only=len(first) == 1):
                _check(record, source.required)
                for row in _exploded(record, lists):
                    yield line, {text(name): text(inner) for name, inner in row.items()}
        except (ValueError, RecursionError) as error:
            reason = "not a JSON object" if not str(error).startswith("value") else str(error)
            source.reject(str(file), line, reason, written[:EXCERPT])


def _values(file: File, source: Source) -> Iterator[Found]:
    """Yield the values of a file, each with its line."""
    remaining = blocks(file, source, whole_lines=False)
    first = next(remaining, None)
    if first is None:
        return
    start, pieces = first.data.lstrip()[:1], chain([first], remaining)
    if start == b"[" or (start == b"{" and not _is_record_per_line(first)):
        yield from _stream(file, pieces, source)
    else:
        yield from _lines(file, pieces, source)


def _is_record_per_line(block: Block) -> bool:
    """Return whether the first line that is not blank is a whole object, or not even the beginning of one."""
    line = next((line for line in lines_of(block.data) if line.strip()), b"")
    return line.strip().endswith(b"}")


def _lines(file: File, pieces: Iterable[Block], source: Source) -> Iterator[Found]:
    rest, number = b"", 1
    for piece in chain(pieces, [None]):
        lines = lines_of(rest + (b"" if piece is None else piece.data))
        rest = lines.pop() if lines and piece is not None and not lines[-1].endswith(b"\n") else b""
        for place, line in enumerate(lines):
            if line.strip():
                yield from _value_of_line(file, number + place, line, source)
        number += len(lines)
        if len(rest) > source.longest:
            raise DataError(f"{file} line {number}: longer than {source.longest} bytes; is this a text file?")


def _value_of_line(file: File, number: int, line: bytes, source: Source) -> Iterator[Found]:
    if len(line) > source.longest:
        reason = f"longer than data.max_record = {source.longest} bytes"
        source.reject(str(file), number, reason, line[:EXCERPT].decode(errors="replace"))
        return
    written = line.decode()
    try:
        yield number, _parsed(written), written
    except (ValueError, RecursionError) as error:
        record = _python_dict(written)
        if record is not None:
            source.accounting.note(f"{file.name}: the lines are Python dicts and no JSON, and are read as such")
        yield number, error if record is None else record, written


def _stream(file: File, pieces: Iterable[Block], source: Source) -> Iterator[Found]:
    """Yield the objects of an array, or objects of several lines, without holding the file.

    An object that begins the file may be as long as the file. After what is no JSON, the next line begins anew; raises
    DataError where that is far.
    """
    pending, line, at, is_first, enough = "", 1, 0, True, 0
    for piece in chain(pieces, [None]):
        if piece is not None:
            pending, at = pending[at:] + piece.data.decode(), 0
            if len(pending) < enough:
                continue
        while True:
            start, at = at, _after_space(pending, at)
            is_first = is_first and "[" not in pending[start:at]
            line += pending.count("\n", start, at)
            value: Any
            try:
                value, end = DECODER.raw_decode(pending, at)
            except json.JSONDecodeError as error:
                n_left = len(pending) - at
                if not n_left or (piece is not None and (is_first or n_left <= source.longest)):
                    enough = 2 * n_left if is_first else 0  # a long object is not begun anew with every piece
                    break  # its end may be in the next piece
                value, end = error, _next_line(file, pending, at, line)
            except (ValueError, RecursionError) as error:
                value, end = error, _next_line(file, pending, at, line)
            yield line, value, pending[at : min(end, at + EXCERPT)]
            is_first = False
            line += pending.count("\n", at, end)
            at = end


def _after_space(pending: str, at: int) -> int:
    while at < len(pending) and pending[at] in BETWEEN:
        at += 1
    return at


def _next_line(file: File, pending: str, at: int, line: int) -> int:
    """Return where the next line begins; raises DataError where it is far, so that nothing vanishes with this one."""
    end = pending.find("\n", at) + 1 or len(pending)
    if end - at <= EXCERPT:
        return end
    raise DataError(f"{file} line {line}: no JSON begins with {pending[at : at + 40]!r}")


def _parsed(line: str) -> Any:
    return DECODER.decode(line)


def _python_dict(line: str) -> Record | None:
    """Return the dict that a line of Python spells, its numbers as texts."""
    try:
        value = literal_eval(line.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _records(value: Any, source: Source, *, is_only: bool) -> Iterator[Record]:
    """Yield the objects of a value: itself, or those of the only list of objects in an object without the columns.

    Without required columns, that is an object which is the only one of its file.
    """
    if not isinstance(value, dict):
        raise _NotJsonError
    value = _plain(value)
    lists = [inner for inner in value.values() if _is_list_of_objects(inner)]
    has_column = any(name.partition(".")[0] in value for name in source.required or source.coded)
    has_inner = len(lists) == 1 and any(name.partition(".")[0] in lists[0][0] for name in source.required)
    is_around = len(lists) == 1 and not has_column and (is_only or has_inner)
    yield from map(_plain, lists[0]) if is_around else [value]


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) for entry in value)


def _plain(value: Any) -> Any:
    """Return a value without the types of MongoDB: ``{"$oid": "x"}`` is ``x``."""
    if isinstance(value, dict):
        if len(value) == 1 and (key := next(iter(value))).startswith("$"):
            return _plain(value[key])
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _dots(path: str) -> Iterator[int]:
    return (place for place, sign in enumerate(path) if sign == ".")


def _check(record: Record, required: Sequence[str]) -> None:
    for name in required:
        if isinstance(record.get(name), NESTED):
            raise ValueError(f"value of {name} is a list or an object")


def _exploded(record: Record, lists: Sequence[str], before: str = "") -> Iterator[dict[str, Any]]:
    """Yield the rows of an object: one, or those of each object of the first of the `lists` that it has."""
    row = _flat(record, before)
    prefix = next((path for path in lists if _is_list_of_objects(row.get(path))), "")
    for entry in row.pop(prefix) if prefix else ():
        for inner in _exploded(entry, lists, f"{prefix}."):
            yield row | inner
    if not prefix:
        yield row


def _flat(record: Record, before: str, depth: int = 0) -> dict[str, Any]:
    """Return the values by the paths of their keys."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            row |= _flat(value, f"{before}{key}.", depth + 1)
        else:
            row[f"{before}{key}"] = value
    return row
