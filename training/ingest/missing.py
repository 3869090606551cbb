"""Texts that mean no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from training.read import Chunk

if TYPE_CHECKING:
    import pyarrow as pa


def without(chunks: Iterable[Chunk], missing: Sequence[str]) -> Iterator[Chunk]:
    """Yield chunks in which the values that spell one of the `missing` texts are null."""
    if not missing:
        yield from chunks
        return
    for chunk in chunks:
        columns = {name: _null_where(column, missing) for name, column in chunk.columns.items()}
        yield replace(chunk, columns=columns)


def _null_where(column: pa.Array, missing: Sequence[str]) -> pa.Array:
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _null_where(column.dictionary, missing))
    values = []
    for text in missing:
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            values.append(pa.scalar(text).cast(column.type))
    if not values:
        return column
    is_missing = compute.is_in(column, value_set=pa.array(values, column.type))
    return compute.if_else(is_missing, pa.scalar(None, column.type), column)
