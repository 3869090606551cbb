"""Files of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from training.read.blocks import blocks, lines_of
from training.read.chunk import Chunk, from_texts
from training.read.source import Source
from training.read.values import text

CHUNK_ROWS = 50_000


def read_jsonl(file: Path, source: Source) -> Iterator[Chunk]:
    """Yield the records of a file, one object a line; numbers keep their spelling."""
    rows = _rows(file, source)
    while batch := list(islice(rows, CHUNK_ROWS)):
        names = dict.fromkeys(name for _, row in batch for name in row)
        columns = {name: [row.get(name, "") for _, row in batch] for name in source.columns(str(file), list(names))}
        yield from_texts(str(file), [line for line, _ in batch], columns)


def _rows(file: Path, source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    for block in blocks(file, source):
        for number, line in enumerate(lines_of(block.data), block.line):
            if not line.strip():
                continue
            if len(line) > source.longest:
                reason = f"longer than data.max_record = {source.longest} bytes"
                source.reject(str(file), number, reason, line[:1000].decode(errors="replace"))
                continue
            try:
                yield number, _record(line, source)
            except (ValueError, RecursionError) as error:
                reason = "not a JSON object" if not str(error).startswith("value") else str(error)
                source.reject(str(file), number, reason, line.decode())


def _record(line: bytes, source: Source) -> dict[str, str]:
    record = json.loads(line, parse_int=str, parse_float=str, parse_constant=_no_constant)
    if not isinstance(record, dict):
        raise ValueError("not an object")
    for name in source.required:
        if isinstance(record.get(name), list | dict):
            raise ValueError(f"value of {name} is a list or an object")
    return {text(name): text(value) for name, value in record.items()}


def _no_constant(name: str) -> str:
    raise ValueError(f"value {name}")
