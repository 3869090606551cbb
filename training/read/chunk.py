"""Rows of a source as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows of one source: the line of each, and its values by column.

    A column is an Arrow array (n,) of the type that the source has; an absent value is null or an empty string. Text files have
    strings, some of them coded by a dictionary.
    """

    source: str  # of the file or the database, in messages
    lines: Sequence[int]
    columns: Mapping[str, pa.Array]
    names: Sequence[str] = ()  # of all columns of the source, also of those that are not read
    raw: Callable[[int], str] | None = None  # returns a row as it is written

    def __len__(self) -> int:
        return len(self.lines)

    def texts(self, name: str) -> list[str]:
        """Return the values of a column as texts, an absent one as an empty text."""
        from training.read.values import texts

        return texts(self.columns[name])

    def take(self, rows: NDArray[np.intp]) -> Chunk:
        """Return the rows at some positions."""
        raw = self.raw
        return replace(
            self,
            lines=[self.lines[row] for row in rows.tolist()],
            columns={name: column.take(rows) for name, column in self.columns.items()},
            raw=raw and (lambda number: raw(int(rows[number]))),
        )

    def row(self, number: int) -> object:
        """Return a row as it is written, or its values."""
        if self.raw is not None:
            return self.raw(number)
        return [str(column[number].as_py()) for column in self.columns.values()]


def from_texts(source: str, lines: Sequence[int], columns: Mapping[str, Sequence[Any]]) -> Chunk:
    """Return a chunk of columns of texts."""
    import pyarrow as pa

    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return Chunk(source, lines, arrays, tuple(columns))
