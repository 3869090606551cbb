"""Which table holds the interactions, by which columns of users and items, and which the items."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from recsys.errors import DataError
from training.init.columns import by_name
from training.init.finding import Finding
from training.init.table import NAMED, Table, most_shared, shared_ids

SHARED = 0.3  # of the ids of the interactions, which items need to have
IDS_IN_A_FIELD = re.compile(r"[\s,;|]+")
NOT_USERS = (
    *("author", "publisher", "title", "name", "binding", "language", "country", "city", "region", "state", "category"),
    *("brand", "genre", "type", "status", "shel", "channel", "platform", "device", "currency", "price", "store"),
    "site",
)


def given_columns(tables: Sequence[Table], given: Mapping[str, str | None]) -> tuple[Table, Finding, Finding] | None:
    """Return the table that has the named columns; of one that is not named the best."""
    user, item = given.get("user_column"), given.get("item_column")
    if user is None and item is None:
        return None
    for table in tables:
        if all(name in table.columns for name in (user, item) if name is not None):
            user = user or table.best("user", (item or "",))[0]
            item = item or table.best("item", (user,))[0]
            if user and item:
                why = "as you said"
                return (
                    table,
                    Finding("data", "user_column", user, True, why),
                    Finding("data", "item_column", item, True, why),
                )
    raise DataError(f"no file has the columns {user or item!r} and one of the others; name both with --user and --item")


def find_interactions(tables: Sequence[Table]) -> tuple[Table, Finding, Finding]:
    """Return the table of the interactions, of several the one with more rows or clearer names, and its users and items."""
    found = []
    for table in tables:
        others = [other for other in tables if other is not table]
        user, by_user = table.best("user")
        known = [name for name in table.columns if by_name(name, "item") and most_shared(table, name, others) > SHARED]
        item, by_item = table.best("item", (user,), known)
        if user and item and not (table.columns[item].is_unique and table.columns[user].is_unique):
            of_ids = 0.1 * (table.columns[item].repeats > 1) - 0.5 * table.columns[user].is_unique  # a table of users
            found.append(((by_user + by_item + of_ids) * table.sample.n_rows, table, user, item))
    if found:
        _, table, user, item = max(found, key=lambda entry: entry[0])
        return table, _id(table, "user", user), _id(table, "item", item)
    for table in sorted(tables, key=lambda table: -table.sample.n_rows):
        pair = _by_content(table, [other for other in tables if other is not table])
        if pair is not None:
            return table, *pair
    names = "; ".join(f"{table.name}: {', '.join(table.sample.names[:12])}" for table in tables)
    raise DataError(
        f"which columns are the users and the items of the interactions? No file has an obvious pair ({names}); "
        "name them with --user COLUMN and --item COLUMN"
    )


def _id(table: Table, role: str, name: str) -> Finding:
    others = tuple(other for other in table.ids() if other != name)
    return Finding(
        "data", f"{role}_column", name, True, f"by its name, {table.columns[name].n_distinct} different ids", others
    )


def _by_content(table: Table, others: Sequence[Table]) -> tuple[Finding, Finding] | None:
    """Return the columns of users and items of a table whose names do not tell them: ids that occur again and again.

    Raises DataError when its items are several in a field.
    """
    ids = [name for name in table.ids() if table.columns[name].repeats > 1 and not table.columns[name].is_rating]
    user, _ = table.best("user")
    item, _ = table.best("item", (user,))
    shared = {name: most_shared(table, name, others) for name in ids if name != user}
    if not item and shared and max(shared.values()) > SHARED:
        item = max(shared, key=lambda name: shared[name])
    _check_items(table, item, others)
    rest = [name for name in ids if name not in (user, item) and not any(word in name.casefold() for word in NOT_USERS)]
    found = []
    for key, name in (("user_column", user), ("item_column", item)):
        why = "by its name" if by_name(name, key.removesuffix("_column")) else "its ids are those of another file"
        guess = "a column of ids that occur again; users are taken to come before items"
        value = name or (rest.pop(0) if rest else "")
        found.append(Finding("data", key, value, bool(name), why if name else guess, tuple(ids)))
    return (found[0], found[1]) if all(finding.value for finding in found) else None


def _check_items(table: Table, item: str, others: Sequence[Table]) -> None:
    """Raise DataError when no column holds an item and another one several ids a field."""
    known = {
        value
        for other in others
        for name, it in other.columns.items()
        if it.is_unique
        for value in other.sample.columns[name]
    }
    for name in table.columns if not item else ():
        fields = [value for value in table.sample.columns[name] if value]
        ids = Counter(one for value in fields for one in IDS_IN_A_FIELD.split(value.strip()))
        n_known = sum(one in known for one in ids)
        if ids.total() >= 2 * len(fields) > 0 and n_known > SHARED * len(ids):
            raise DataError(
                f"{table.sample}: its column {name} holds several ids of items in a field, such as {fields[0][:60]!r}; "
                "write a file with a row for each of them, with the user and the time"
            )


def find_items(interactions: Table, item: str, others: Sequence[Table]) -> tuple[Table | None, str]:
    """Return the table of the items and its column of ids: the one that has most of the ids of the interactions."""
    shares = [
        (shared_ids(interactions, item, table, key), by_name(key, "item"), table, key)
        for table in others
        for key, it in table.columns.items()
        if (it.is_id or it.is_unique) and by_name(key, "user") < NAMED
    ]
    best = max(shares, key=lambda entry: entry[:2], default=None)
    if best is not None and best[0] >= SHARED:
        return best[2], best[3]
    named = [
        (table, key)
        for table in others
        for key, score in [table.best("item")]
        if score and table.columns[key].is_unique
    ]
    return named[0] if named else (None, "")
