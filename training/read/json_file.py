"""Files of JSON: an object a line, an array of objects, or one object around such an array; also lines of Python dicts.

A column may be a path of keys, ``product.brand``. Where a path meets a list of objects, as ``line_items.sku`` does, each object
is a row of its own.
"""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from training.read.blocks import Block, blocks, lines_of
from training.read.chunk import Chunk, from_texts
from training.read.opening import File
from training.read.source import Source
from training.read.values import text

CHUNK_ROWS = 50_000
BETWEEN = " \t\r\n[],"  # objects
DEEPEST = 4  # objects within objects whose values are columns
EXCERPT = 1000

Record = Mapping[str, Any]
Found = tuple[int, Any, str]  # line, value or the error, the text


class _NotJsonError(ValueError):
    """A text is no object."""


def read_json(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the records of a file; numbers keep their spelling."""
    rows = _rows(file, source)
    while batch := list(islice(rows, CHUNK_ROWS)):
        names = dict.fromkeys(name for _, row in batch for name in row)
        columns = {name: [row.get(name, "") for _, row in batch] for name in source.columns(str(file), list(names))}
        yield from_texts(str(file), [line for line, _ in batch], columns)


def _rows(file: File, source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    values = _values(file, source)
    first = list(islice(values, 2))
    for line, value, written in chain(first, values):
        try:
            if isinstance(value, Exception):
                raise value
            for record in _records(value, source, is_only=len(first) == 1):
                for row in _exploded(record, source):
                    yield line, row
        except (ValueError, RecursionError) as error:
            reason = "not a JSON object" if not str(error).startswith("value") else str(error)
            source.reject(str(file), line, reason, written[:EXCERPT])


def _values(file: File, source: Source) -> Iterator[Found]:
    """Yield the values of a file, each with its line."""
    remaining = blocks(file, source)
    first = next(remaining, None)
    if first is None:
        return
    start = first.data.lstrip()[:1]
    all_blocks = chain([first], remaining)
    if start == b"[" or (start == b"{" and not _is_record_per_line(first)):
        yield from _stream(all_blocks, source.longest)
    else:
        yield from _lines(file, all_blocks, source)


def _is_record_per_line(block: Block) -> bool:
    """Return whether the first line that is not blank is a whole object, or not even the beginning of one."""
    line = next((line for line in lines_of(block.data) if line.strip()), b"")
    return line.strip().endswith(b"}")


def _lines(file: File, remaining: Iterable[Block], source: Source) -> Iterator[Found]:
    for block in remaining:
        for number, line in enumerate(lines_of(block.data), block.line):
            if not line.strip():
                continue
            if len(line) > source.longest:
                reason = f"longer than data.max_record = {source.longest} bytes"
                source.reject(str(file), number, reason, line[:EXCERPT].decode(errors="replace"))
                continue
            written = line.decode()
            try:
                yield number, _parsed(written), written
            except (ValueError, RecursionError) as error:
                if (record := _python_dict(written)) is None:
                    yield number, error, written
                    continue
                source.accounting.note(f"{file.name}: the lines are Python dicts and no JSON, and are read as such")
                yield number, record, written


def _stream(remaining: Iterable[Block], longest: int) -> Iterator[Found]:
    """Yield the objects of an array, or objects of several lines, without holding the file.

    After what is no JSON, the next line begins anew.
    """
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
    pending, line, at = "", 1, 0
    for block in chain(remaining, [None]):
        if block is not None:
            pending, at = pending[at:] + block.data.decode(), 0
        while True:
            start, at = at, _after_space(pending, at)
            line += pending.count("\n", start, at)
            value: Any
            try:
                value, end = decoder.raw_decode(pending, at)
            except json.JSONDecodeError as error:
                if at == len(pending) or (block is not None and len(pending) - at <= longest):
                    break  # its end may be in the next block
                value, end = error, _next_line(pending, at)
            except (ValueError, RecursionError) as error:
                value, end = error, _next_line(pending, at)
            yield line, value, pending[at:end]
            line += pending.count("\n", at, end)
            at = end


def _after_space(pending: str, at: int) -> int:
    while at < len(pending) and pending[at] in BETWEEN:
        at += 1
    return at


def _next_line(pending: str, at: int) -> int:
    return pending.find("\n", at) + 1 or len(pending)


def _parsed(line: str) -> Any:
    return json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)


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
    is_around = len(lists) == 1 and not has_column and (is_only or bool(source.required))
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


def _exploded(record: Record, source: Source) -> Iterator[dict[str, str]]:
    """Yield the rows of an object: one, or one for each object of the list that a path meets."""
    row = _flat(record, "")
    prefix = _list_on_a_path(record, source.paths)
    for name in source.required:
        if isinstance(record.get(name), list | dict):
            raise ValueError(f"value of {name} is a list or an object")
    if not prefix:
        yield {text(name): text(value) for name, value in row.items()}
        return
    entries = row.pop(prefix)
    for entry in entries:
        found = row | _flat(entry, f"{prefix}.")
        yield {text(name): text(value) for name, value in found.items()}


def _flat(record: Record, before: str, depth: int = 0) -> dict[str, Any]:
    """Return the values by the paths of their keys."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            row |= _flat(value, f"{before}{key}.", depth + 1)
        else:
            row[f"{before}{key}"] = value
    return row


def _list_on_a_path(record: Record, paths: Iterable[str]) -> str:
    """Return the path of the first list of objects on one of the paths, empty without any."""
    for path in paths:
        value: Any = record
        keys = path.split(".")
        for number, key in enumerate(keys[:-1], 1):
            value = value.get(key) if isinstance(value, dict) else None
            if _is_list_of_objects(value):
                return ".".join(keys[:number])
    return ""


def _no_constant(name: str) -> str:
    raise ValueError(f"value {name}")
