"""Workbooks of Excel and LibreOffice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any

from recsys.errors import DataError
from training.read.chunk import Chunk, from_texts
from training.read.opening import DAMAGE, File, open_bytes
from training.read.source import Source
from training.read.values import text

CHUNK_ROWS = 50_000


def read_excel(file: File, source: Source) -> Iterator[Chunk]:
    """Yield the rows of the first sheet, whose first row names the columns, as texts; whole numbers have no point.

    Raises DataError when the file is damaged or has no rows, or the extra `excel` is not installed.
    """
    rows = _rows(file, source)
    _, names = next(rows, (0, []))
    if not any(names):
        raise DataError(f"{file}: its first sheet is empty; the first row must name the columns")
    columns = source.columns(str(file), names)
    while batch := list(islice(rows, CHUNK_ROWS)):
        values = zip(*(row for _, row in batch), strict=True)
        texts = {name: column for name, column in zip(names, values, strict=True) if name in columns}
        yield from_texts(str(file), [line for line, _ in batch], texts)


def _rows(file: File, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their numbers in the sheet."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ModuleNotFoundError as error:
        raise DataError(f"{file}: workbooks need the extra `excel`; install it, or save the sheet as CSV") from error
    try:
        with open_bytes(file, source.advance) as stream:
            workbook = CalamineWorkbook.from_filelike(stream)
        first, *others = workbook.sheet_names
        if others:
            source.accounting.note(f"{file}: read is the sheet {first!r}, not {', '.join(map(repr, others))}")
        for number, row in enumerate(workbook.get_sheet_by_index(0).to_python(skip_empty_area=False), 1):
            if any(value != "" for value in row):
                yield number, [_cell(value) for value in row]
    except (*DAMAGE, CalamineError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as a workbook: {' '.join(str(error).split())}") from error


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return value.isoformat() if isinstance(value, date) else text(value)
