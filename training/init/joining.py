"""Tables whose rows name the rows of another one, which has their users, as order lines name their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from recsys.errors import DataError
from training.init.columns import MOST
from training.init.sample import ROWS
from training.init.table import Table, described, shared_ids


def with_joined(tables: Sequence[Table], user: str | None) -> list[Table]:
    """Return the tables, of which those with items and no users have got the columns of one that names their users.

    Raises DataError when the two are written in different ways.
    """
    for table in tables:
        has_user = table.best("user")[0] or user in table.columns
        for other in tables if table.best("item")[0] and not has_user else ():
            on, key = _joined_by(table, other) if other is not table and other.best("user")[0] else ("", "")
            is_alike = table.sample.keys == other.sample.keys or (
                table.sample.table and table.sample.file == other.sample.file
            )
            if on and is_alike:
                return [_joined(table, other, on, key), *(one for one in tables if one not in (table, other))]
            if on:
                raise DataError(
                    f"the users of {table.sample} are in {other.sample} by its {key}, and the two are written in "
                    f"different ways; write both in one, or --user {on} recommends by what is together in one {on}"
                )
    return list(tables)


def _joined_by(table: Table, other: Table) -> tuple[str, str]:
    """Return a column of a table and the one of another table whose rows it names, by its name; empty without.

    The first rows of long files may name others.
    """
    for on, it in table.columns.items():
        for key, of_key in other.columns.items() if it.repeats > 1 else ():
            stem = on.casefold().removesuffix("id").strip("_ ")
            is_named = on == key or (
                key.casefold() in ("id", "_id") and len(stem) > 2 and stem in other.name.casefold()
            )
            if (
                is_named
                and of_key.is_unique
                and (other.sample.n_rows >= ROWS or shared_ids(table, on, other, key) > MOST)
            ):
                return on, key
    return "", ""


def _joined(table: Table, other: Table, on: str, key: str) -> Table:
    """Return the rows of a table with the columns of the rows of another one that it names, where those are known."""
    rows = {value: number for number, value in enumerate(other.sample.columns[key])}
    known = [number for number, value in enumerate(table.sample.columns[on]) if value in rows]
    own = {name: [values[number] for number in known] for name, values in table.sample.columns.items()}
    taken = {
        name: [values[rows[value]] for value in own[on]]
        for name, values in other.sample.columns.items()
        if name not in (*own, key)
    }
    if table.sample.table:
        columns = ", ".join(f"b.{_quoted(name)}" for name in taken)
        tables = f"{_quoted(table.sample.table)} a JOIN {_quoted(other.sample.table)} b"
        keys = {"query": f"SELECT a.*, {columns} FROM {tables} ON a.{_quoted(on)} = b.{_quoted(key)}"}  # noqa: S608
    else:
        to_join = {"join": other.sample.file, "join_on": on} | ({} if on == key else {"join_key": key})
        keys = {**table.sample.keys, **to_join}
    return described(replace(table.sample, columns=own | taken, keys=keys, n_rows=len(known)))


def _quoted(name: str) -> str:
    """Return a name of SQL, in quotes where it needs them."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'
