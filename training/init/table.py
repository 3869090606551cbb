"""A file or a table of a database whose columns are described."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recsys.config import Decimal
from training.ingest.numbers import parsed
from training.init import cleaning
from training.init.columns import MOST, Column, by_name, column
from training.init.finding import Finding
from training.init.sample import LIST, Sample

NAMED = 0.4  # of a name that says what its column is


@dataclass(frozen=True)
class Table:
    sample: Sample
    columns: Mapping[str, Column]
    points: Mapping[str, Decimal]  # of amounts with a currency or separators of thousands, by column

    @property
    def name(self) -> str:
        return self.sample.table or Path(self.sample.file).name

    def best(self, role: str, out: Sequence[str] = (), known: Collection[str] = ()) -> tuple[str, float]:
        """Return the column whose name says most that it has a role and which may be of it, and how much.

        A column whose ids are `known` goes first, and a full one before one with gaps.
        """
        named = {name: by_name(name, role) for name, it in self.columns.items() if _may_be(it, role)}
        scores = {name: score for name, score in named.items() if name not in out and score >= NAMED}
        filled = {name: scores[name] * self.columns[name].n for name in scores}
        best = max(scores, key=lambda name: (name in known, filled[name]), default="")
        return best, scores.get(best, 0.0)

    def ids(self) -> list[str]:
        return [name for name, it in self.columns.items() if it.is_id and not it.is_type and name and not is_nested(it)]


def _may_be(it: Column, role: str) -> bool:
    if role in ("user", "item"):
        is_named = by_name(it.name, role) > MOST and it.repeats > 1  # ids such as 1234.5678 of a browser
        return (it.is_id or is_named) and not is_nested(it)
    if role == "value":
        return it.is_count and it.like_time < MOST
    if role == "timestamp":
        return it.like_time > MOST
    return it.is_type if role == "event" else it.n > 0


def is_nested(it: Column) -> bool:
    return any(LIST in value or value.startswith(("{", "[")) for value in it.commonest)


def described(found: Sample) -> Table:
    """Describe the columns; amounts as people write them by the numbers that they spell."""
    points: dict[str, Decimal] = {}
    columns = {}
    for name, values in found.columns.items():
        point = cleaning.decimal_point(values) if by_name(name, "value") >= NAMED else None
        points |= {name: point} if point else {}
        columns[name] = column(name, values if point is None else [_plain_number(value, point) for value in values])
    return Table(found, columns, points)


def _plain_number(text: str, point: Decimal) -> str:
    value = parsed(text, point)
    return text if value is None else f"{value:g}"


def renamed(table: Table, names: Mapping[str, str]) -> Table:
    """Give columns of a file without a header their names."""
    values = {names.get(name, name): texts for name, texts in table.sample.columns.items()}
    columns = {new: replace(it, name=new) for new, it in zip(values, table.columns.values(), strict=True)}
    return replace(table, sample=replace(table.sample, columns=values), columns=columns)


def shared_ids(table: Table, name: str, other: Table, key: str) -> float:
    """Return the share of the ids of a column that a column of another table has."""
    ids = set(table.sample.columns[name]) - {""}
    return len(ids & set(other.sample.columns[key])) / max(1, len(ids))


def most_shared(table: Table, name: str, others: Sequence[Table]) -> float:
    """Return the largest share of the ids of a column that a column of unique ids of another table has."""
    shares = [
        shared_ids(table, name, other, key) for other in others for key, it in other.columns.items() if it.is_unique
    ]
    return max(shares, default=0.0)


def written(which: str, table: Table) -> Iterator[Finding]:
    """Yield the file of a table, and how it is written."""
    section = f"data.{which}"
    yield Finding(section, "file", table.sample.file, True, f"{table.sample.n_rows} rows looked at")
    for key, value in table.sample.keys.items():
        why = (
            "its rows name those of that file, which has the users"
            if "join" in key
            else "as the first lines are written"
        )
        yield Finding(section, key, value, key != "encoding", why)
    if not table.sample.has_header:
        yield Finding(section, "columns", table.sample.names, True, "the first line is a row; the names are given here")
