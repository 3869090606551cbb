"""Columns that rows take from another file by an id, as order lines take the customer of their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recsys.errors import DataError
from training.read.chunk import Chunk
from training.read.values import arrow_codes

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class JoinedRows:
    """Rows with an id each: `ids` (n,), and their other columns, (n,), as codes of texts; `names` has those not read, too."""

    ids: pa.Array
    columns: Mapping[str, pa.Array]
    names: Sequence[str]

    @classmethod
    def of(cls, chunks: Iterable[Chunk], key: str) -> JoinedRows:
        """Collect rows by the ids in their column `key`; raises DataError when there is none, or an id is there twice."""
        import pyarrow as pa
        from pyarrow import compute

        parts: dict[str, list[pa.Array]] = {}
        names: dict[str, None] = {}
        where = ""
        for chunk in chunks:
            where = chunk.source
            names.update(dict.fromkeys(chunk.names))
            for name, column in chunk.columns.items():
                codes, distinct = arrow_codes(column)
                parts.setdefault(name, []).append(distinct.take(pa.array(codes)))
        if not parts:
            raise DataError("the file to join has no rows")
        columns = {name: pa.concat_arrays(arrays) for name, arrays in parts.items()}
        ids = columns.pop(key)
        if len(ids.unique()) < len(ids):
            counts = compute.value_counts(ids)
            twice = counts.filter(compute.greater(counts.field(1), 1))[0]["values"].as_py()
            raise DataError(f"{where}: {key} {twice!r} is there twice; a file to join has a row for each id")
        texts = {name: column.dictionary_encode() for name, column in columns.items()}
        return cls(ids, texts, [name for name in names if name != key])

    def join(self, chunk: Chunk, on: str) -> Chunk:
        """Return a chunk with the columns that it lacks, by the ids in its column `on`; null where an id has no row."""
        import pyarrow as pa
        from pyarrow import compute

        codes, ids = arrow_codes(chunk.columns[on])
        rows = compute.index_in(ids, value_set=self.ids).take(pa.array(codes))
        taken = {name: column.take(rows) for name, column in self.columns.items() if name not in chunk.columns}
        return replace(chunk, columns={**chunk.columns, **taken}, names=(*chunk.names, *self.names))
