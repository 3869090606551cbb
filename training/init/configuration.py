"""Files to a configuration: which is what, and what each column means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recsys.config import Decimal
from recsys.config_file import toml_key, toml_value
from recsys.errors import DataError
from recsys.events.timestamps import number
from training.ingest.numbers import parsed
from training.init import cleaning
from training.init.columns import MOST, Column, by_name, column
from training.init.finding import Finding, Proposal
from training.init.sample import LIST, ROWS, Sample, samples
from training.presets import Preset, recognize

NAMED = 0.4  # of a name that says what its column is
SHARED = 0.3  # of the ids of the interactions, which items need to have
TAKEN = {"user_column": "user_id", "item_column": "item_id", "value_column": "value", "event_column": "event"}
DEFAULTS = TAKEN | {"timestamp_column": "timestamp", "title_column": "title", "list_separator": "|"}
RATINGS = ("rat", "score", "star", "overall", "bewertung", "note", "puntu", "nota")
VERDICTS = ("lik", "recommend", "thumb")  # of 0 and 1
COUNTS = ("qua", "qty", "count", "menge", "anzahl", "cantidad", "units", "plays")
NOT_VALUES = (
    "price",
    "cost",
    "total",
    "amount",
    "preis",
    "prix",
    "precio",
    "age",
    "year",
    "zip",
    "postal",
    "id",
    "tax",
    *(
        "type",
        "action",
        "status",
        "order",
        "number",
        "position",
        "rank",
        "index",
        "hour",
        "day",
        "month",
        "dow",
        "week",
    ),
)
NOT_USERS = (
    *("author", "publisher", "title", "name", "binding", "language", "country", "city", "region", "state", "category"),
    *(
        "brand",
        "genre",
        "type",
        "status",
        "shel",
        "channel",
        "platform",
        "device",
        "currency",
        "price",
        "store",
        "site",
    ),
)
NOT_TITLES = ("artist", "author", "brand", "publisher", "categor", "user", "company", "vendor")
WEIGHTS = (
    (("remove", "dislike", "unlike", "unfollow", "return", "refund", "cancel", "downvote", "skip", "delete"), 0.0),
    (("impression", "item_list", "exposure"), 0.0),
    (("begin_checkout", "initiate", "checkout_start", "checkout start", "payment_info", "shipping_info"), 3.0),
    (("purchase", "order", "buy", "bought", "transaction", "checkout", "loan", "borrow", "issue", "sale", "kauf"), 5.0),
    (("cart", "basket", "add", "reserve", "hold", "wish", "renew", "save", "bookmark"), 3.0),
    (("like", "love", "fav", "upvote", "share"), 3.0),
    (("view", "pv", "click", "visit", "open", "play", "watch", "read", "listen"), 1.0),
)
TEXT_COLUMNS = ("title", "description", "text", "genres", "tags")
PROSE_LENGTH = 40  # characters
SEPARATORS = ("|", ";", ",", "/")
LISTS = 0.2  # of the values that have the separator
NAMES_OF_LISTS = ("genre", "categor", "tag", "keyword", "subject", "shel", "topic", "label")
IDS_IN_A_FIELD = re.compile(r"[\s,;|]+")
DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}")


@dataclass(frozen=True)
class _Table:
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
        return [
            name for name, it in self.columns.items() if it.is_id and not it.is_type and name and not _is_nested(it)
        ]


def _may_be(it: Column, role: str) -> bool:
    if role in ("user", "item"):
        is_named = by_name(it.name, role) > MOST and it.repeats > 1  # ids such as 1234.5678 of a browser
        return (it.is_id or is_named) and not _is_nested(it)
    if role == "value":
        return it.is_count and it.like_time < MOST
    if role == "timestamp":
        return it.like_time > MOST
    return it.is_type if role == "event" else it.n > 0


def _is_nested(it: Column) -> bool:
    return any(LIST in value or value.startswith(("{", "[")) for value in it.commonest)


def propose(files: Sequence[Path | str], given: Mapping[str, str | None] | None = None) -> Proposal:
    """Return the configuration that trains on files; `given` has columns of users and items that a person named.

    Raises DataError when a file cannot be read, or no file has a column of users and one of items.
    """
    tables = [_described(sample) for file in files for sample in samples(str(file))]
    if not any((given or {}).values()) and (of_preset := _of_preset(tables)) is not None:
        return of_preset
    tables = _with_joined(tables, (given or {}).get("user_column"))
    interactions, user, item = _given(tables, given or {}) or _interactions(tables)
    others = [table for table in tables if table is not interactions]
    items, key = _items(interactions, item.value, others)
    notes = [
        f"{table.sample} is left out: {_what_else(table, interactions.sample.columns[user.value])}"
        for table in others
        if table is not items
    ]
    notes += _titles_within(interactions) if items is None else ()
    findings = [*_written("interactions", interactions), user, item]
    findings += _values(interactions, (user.value, item.value))
    times = [found.value for found in findings if found.key == "timestamp_column" and found.value]
    used = {name: interactions.sample.columns[name] for name in (user.value, item.value, *times)}
    findings += cleaning.unusable_rows(used, items.sample.columns[key] if items is not None else ())
    if items is not None:
        known = item.value if interactions.sample.has_header else DEFAULTS["item_column"]
        if not items.sample.has_header:
            items, key = _renamed(items, {key: known, _title_by_content(items, key): DEFAULTS["title_column"]}), known
        findings += [*_written("items", items), *_records(items, key, known)]
        findings += cleaning.form_of_ids(interactions.sample.columns[item.value], items.sample.columns[key])
    return Proposal(tuple(_named(findings)), tuple(notes))


def _of_preset(tables: Sequence[_Table]) -> Proposal | None:
    """Return the preset of a known export of which one file has the interactions with the ids of items, else None."""
    tops = [{name.partition(".")[0] for name in table.columns} for table in tables]
    found = [(table, recognize({*table.columns, *names})) for table, names in zip(tables, tops, strict=True)]
    preset = next(
        (
            known[0]
            for names, (_, known) in zip(tops, found, strict=True)
            if known is not None and known[1] == "interactions" and _has_items(known[0], names)
        ),
        None,
    )
    if preset is None:
        return None
    findings = [Finding("data", "preset", preset.name, True, f"its columns are those of {preset.title}")]
    notes: list[str] = []
    taken: dict[str, _Table] = {}
    for table, known in found:
        which = known[1] if known is not None and known[0] is preset else ""
        if which and which not in taken:
            taken[which] = table
            findings += _written(which, table)
        else:
            notes.append(f"{table.sample} is left out: it is no table of {preset.title}, or another file is")
    if len(taken) == 2:
        ids = [_first(table, getattr(preset, which).columns.get("item", ())) for which, table in sorted(taken.items())]
        findings += cleaning.form_of_ids(*ids)
    return Proposal(tuple(findings), tuple(notes))


def _first(table: _Table, names: Sequence[str]) -> Sequence[str]:
    """Return the values of the first column that is there, none without."""
    return next((table.sample.columns[name] for name in names if name in table.columns), ())


def _described(found: Sample) -> _Table:
    """Describe the columns; amounts as people write them by the numbers that they spell."""
    points: dict[str, Decimal] = {}
    columns = {}
    for name, values in found.columns.items():
        point = cleaning.decimal_point(values) if by_name(name, "value") >= NAMED else None
        points |= {name: point} if point else {}
        columns[name] = column(name, values if point is None else [_plain_number(value, point) for value in values])
    return _Table(found, columns, points)


def _plain_number(text: str, point: Decimal) -> str:
    value = parsed(text, point)
    return text if value is None else f"{value:g}"


def _has_items(preset: Preset, names: Collection[str]) -> bool:
    """Return whether keys at the top hold ids of items; a flat table may have the other signs of an export of objects."""
    table = preset.interactions
    return (
        table.reshape is not None
        or not table.columns
        or any(path.partition(".")[0] in names for path in table.columns["item"])
    )


def _renamed(table: _Table, names: Mapping[str, str]) -> _Table:
    """Give columns of a file without a header their names."""
    values = {names.get(name, name): texts for name, texts in table.sample.columns.items()}
    columns = {new: replace(it, name=new) for new, it in zip(values, table.columns.values(), strict=True)}
    return replace(table, sample=replace(table.sample, columns=values), columns=columns)


def _titles_within(table: _Table) -> Iterator[str]:
    """Yield what to do with the titles of items that the interactions have."""
    title, score = table.best("title")
    if score > MOST:
        yield (
            f"{title} of {table.sample} may be the titles of items; a file with a row for each item, of its id and "
            "title, gives the model texts"
        )


def _what_else(table: _Table, users: Sequence[str]) -> str:
    """Return what a table holds that is neither the interactions nor the items."""
    known = set(users)
    user, _ = table.best("user")
    if user and not table.columns[user].is_unique and table.best("item", (user,))[0]:
        return "its rows are interactions, too, of which training reads one table; for both write one file of them"
    for name, it in table.columns.items():
        is_named = by_name(name, "user") >= NAMED or it.numeric < MOST  # numbers of other things are ids of users, too
        if is_named and it.is_unique and len(known & set(table.sample.columns[name])) > SHARED * it.n_distinct:
            return f"its rows are users, by {name}; training reads interactions and items"
    return "its rows are neither interactions nor items"


def _named(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Give the columns of a file without a header the usual names, where it is found what they are."""
    places = {found.value: found.key for found in findings if found.table == "data" and found.key in DEFAULTS}
    columns = [found.value for found in findings if found.table == "data.interactions" and found.key == "columns"]
    header: list[str] = columns[0] if columns else []
    usual = {name: DEFAULTS[places[name]] for name in header if name in places}
    for found in findings:
        why = found.why
        for name, new in usual.items():
            why = why.replace(name, new)
        if found.table == "data.interactions" and found.key == "columns":
            yield replace(found, value=[usual.get(name, name) for name in header], sure=False, why=why)
        else:
            is_column = found.table == "data" and found.key in DEFAULTS
            if is_column:
                others = tuple(usual.get(name, name) for name in found.candidates)
                yield replace(found, value=usual.get(found.value, found.value), why=why, candidates=others)
            else:
                yield replace(found, why=why)


def _written(which: str, table: _Table) -> Iterator[Finding]:
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


def _given(tables: Sequence[_Table], given: Mapping[str, str | None]) -> tuple[_Table, Finding, Finding] | None:
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


def _interactions(tables: Sequence[_Table]) -> tuple[_Table, Finding, Finding]:
    """Return the table of the interactions, of several the one with more rows or clearer names, and its users and items."""
    found = []
    for table in tables:
        others = [other for other in tables if other is not table]
        user, by_user = table.best("user")
        known = [name for name in table.columns if by_name(name, "item") and _shared(table, name, others) > SHARED]
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


def _id(table: _Table, role: str, name: str) -> Finding:
    others = tuple(other for other in table.ids() if other != name)
    return Finding(
        "data", f"{role}_column", name, True, f"by its name, {table.columns[name].n_distinct} different ids", others
    )


def _by_content(table: _Table, others: Sequence[_Table]) -> tuple[Finding, Finding] | None:
    """Return the columns of users and items of a table whose names do not tell them: ids that occur again and again.

    Raises DataError when its items are several in a field.
    """
    ids = [name for name in table.ids() if table.columns[name].repeats > 1 and not table.columns[name].is_rating]
    user, _ = table.best("user")
    item, _ = table.best("item", (user,))
    shared = {name: _shared(table, name, others) for name in ids if name != user}
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


def _check_items(table: _Table, item: str, others: Sequence[_Table]) -> None:
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


def _with_joined(tables: Sequence[_Table], user: str | None) -> list[_Table]:
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


def _joined_by(table: _Table, other: _Table) -> tuple[str, str]:
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
                and (other.sample.n_rows >= ROWS or _shared_ids(table, on, other, key) > MOST)
            ):
                return on, key
    return "", ""


def _joined(table: _Table, other: _Table, on: str, key: str) -> _Table:
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
    return _described(replace(table.sample, columns=own | taken, keys=keys, n_rows=len(known)))


def _quoted(name: str) -> str:
    """Return a name of SQL, in quotes where it needs them."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'


def _shared_ids(table: _Table, name: str, other: _Table, key: str) -> float:
    """Return the share of the ids of a column that a column of another table has."""
    ids = set(table.sample.columns[name]) - {""}
    return len(ids & set(other.sample.columns[key])) / max(1, len(ids))


def _shared(table: _Table, name: str, others: Sequence[_Table]) -> float:
    """Return the largest share of the ids of a column that a column of unique ids of another table has."""
    shares = [
        _shared_ids(table, name, other, key) for other in others for key, it in other.columns.items() if it.is_unique
    ]
    return max(shares, default=0.0)


def _items(interactions: _Table, item: str, others: Sequence[_Table]) -> tuple[_Table | None, str]:
    """Return the table of the items and its column of ids: the one that has most of the ids of the interactions."""
    shares = [
        (_shared_ids(interactions, item, table, key), by_name(key, "item"), table, key)
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


def _values(table: _Table, ids: Sequence[str]) -> Iterator[Finding]:
    """Yield ratings or counts, times and types of events."""
    time, _ = table.best("timestamp", ids)
    time = time or next((name for name, it in table.columns.items() if it.like_time > MOST and name not in ids), "")
    event = _event(table, (*ids, time))
    value = _value(table, (*ids, time, event))
    yield from _column_or_none(table, "value", value, "numbers")
    if value:
        yield from _numbers(table, value, ids)
    yield from _column_or_none(table, "event", event, "a few words that occur again and again")
    for name in table.columns[event].commonest if event else ():
        yield Finding("events", name, _weight(name), False, f"rows of {event} = {name!r}")
    yield from _column_or_none(table, "timestamp", time, "times")
    if time:
        yield from _form_of_time(table, time)


def _numbers(table: _Table, name: str, ids: Sequence[str]) -> Iterator[Finding]:
    """Yield how values are written and whether they are ratings."""
    values, point = table.sample.columns[name], table.points.get(name, "")
    if point:
        example = next(value for value in values if value and number(value) is None)
        yield Finding("data", "decimal", point, False, f"{name} has values such as {example!r}")
    it = table.columns[name]
    mark = cleaning.missing_mark(values, [table.sample.columns[one] for one in ids])
    unmarked = ["" if value == mark else value for value in values]
    if mark and column(name, unmarked).is_rating and not any(word in name.casefold() for word in COUNTS):
        yield Finding(
            "data", "missing", [mark], False, f"{mark} is far from all other values of {name}: no value is meant"
        )
        values, it = unmarked, column(name, unmarked)
    threshold = _threshold(it)
    if threshold is None:
        yield from cleaning.negative_values(name, values, point)
    else:
        why = f"{name} is {it.low:g} to {it.high:g} in {it.n_distinct} values: ratings, liked from this one on"
        yield Finding("data", "threshold", threshold, any(word in name.casefold() for word in RATINGS), why)


def _event(table: _Table, out: Sequence[str]) -> str:
    """Return the column of event types: by its name, or its values are known words; types of items are no events."""
    name, score = table.best("event", out)
    if name and ((score > MOST and name.casefold() != "type") or _known_events(table.columns[name])):
        return name
    types = [name for name, it in table.columns.items() if name not in out and it.is_type and _known_events(it)]
    return types[0] if types else ""


def _known_events(it: Column) -> bool:
    """Return whether most of the values are words of actions."""
    known = sum(any(word in value.casefold() for words, _ in WEIGHTS for word in words) for value in it.commonest)
    return known > len(it.commonest) / 2


def _column_or_none(table: _Table, role: str, name: str, what: str) -> Iterator[Finding]:
    key = f"{role}_column"
    if name:
        yield Finding("data", key, name, by_name(name, role) >= NAMED, f"it holds {what}")
    elif DEFAULTS[key] in table.columns:
        yield Finding("data", key, "", True, f"the column {DEFAULTS[key]} does not hold {what}")


def _value(table: _Table, out: Sequence[str]) -> str:
    name, _ = table.best("value", out)
    if name and not any(word in name.casefold() for word in ("price", "amount")):
        return name
    rest = [(name, it) for name, it in table.columns.items() if name not in out]
    ratings = [name for name, it in rest if it.is_rating and not any(word in name.casefold() for word in NOT_VALUES)]
    counts = [
        name
        for name, it in rest
        if not table.sample.has_header and it.whole == 1 and it.numeric > MOST and it.is_mostly_one
    ]
    return next(iter([*ratings, *counts]), "")


def _threshold(it: Column) -> float | None:
    """Return from which rating on an item is liked: 4 of 5, 7 of 10, 3.5 of half stars; None for counts."""
    is_named = any(word in it.name.casefold() for word in RATINGS)
    if any(word in it.name.casefold() for word in VERDICTS) and set(it.commonest) == {"0", "1"}:
        return 1.0
    if not it.is_rating or not (is_named or it.name.startswith("column_")):
        return None
    if it.high > 5:
        return 7.0
    return 4.0 if it.whole == 1 else 3.5


def _weight(name: str) -> float:
    plain = name.casefold()
    return next((weight for words, weight in WEIGHTS if any(word in plain for word in words)), 1.0)


def _form_of_time(table: _Table, name: str) -> Iterator[Finding]:
    """Yield whether days come first, where the dates leave it open without a look at all of them."""
    pairs = [(int(match[1]), int(match[2])) for text in table.sample.columns[name] if (match := DAY_FIRST.match(text))]
    if not pairs:
        return
    first, second = (max(numbers) for numbers in zip(*pairs, strict=True))
    if first <= 12 and second <= 12:
        example = next(text for text in table.sample.columns[name] if DAY_FIRST.match(text))
        why = f"a guess: {example!r} can be read both ways"
        forms = ("day-first", "month-first")
        days, months = (len(set(numbers)) for numbers in zip(*pairs, strict=True))
        guess, other = forms if days >= months else forms[::-1]  # days are more than months
        yield Finding("data", "timestamp_format", guess, False, why, (other,))


def _records(table: _Table, key: str, item: str) -> Iterator[Finding]:
    """Yield the columns of the items."""
    if key != item:
        yield Finding("data.items", "item_column", key, True, "its ids are those of the interactions")
    others = [name for name in table.columns if any(word in name.casefold() for word in NOT_TITLES)]
    title, score = table.best("title", (key, *others))
    if title and title != DEFAULTS["title_column"]:
        yield Finding("data", "title_column", title, score > MOST, "by its name")
    texts = [name for name, it in table.columns.items() if name not in (key, title) and _is_text(it)]
    if set(texts) - set(TEXT_COLUMNS):
        columns = [*([title] if title else []), *texts]
        yield Finding("content", "columns", columns, False, "columns of words; the text of an item is made of them")
    prose = [name for name in texts if not _may_be_list(name)]
    separator = _separator(table, (key, title, *prose))
    if separator and separator != DEFAULTS["list_separator"]:
        yield Finding("data", "list_separator", separator, False, "columns hold lists of words between it")


def _title_by_content(table: _Table, key: str) -> str:
    """Return the first column of almost unique texts beside the ids; empty without."""
    texts = (name for name, it in table.columns.items() if name != key and it.is_unique and it.numeric < LISTS)
    return next(texts, "")


def _is_text(it: Column) -> bool:
    is_named = by_name(it.name, "text") >= NAMED or it.name.casefold() in TEXT_COLUMNS
    if any(value.startswith("{") for value in it.commonest):  # objects of JSON
        return False
    return it.numeric < 0.1 and it.like_time < MOST and (it.mean_length > PROSE_LENGTH or is_named)


def _may_be_list(name: str) -> bool:
    return any(word in name.casefold() for word in NAMES_OF_LISTS)


def _separator(table: _Table, out: Sequence[str]) -> str:
    """Return what separates the words of lists, with the space after it; the comma of "Eco, Umberto" does not."""
    for separator in SEPARATORS:
        for name, it in table.columns.items():
            is_out = name in out or _is_nested(it)
            values = [value for value in table.sample.columns[name] if value and not is_out]
            times = Counter(value.count(separator) for value in values)
            is_list = _may_be_list(name) or (max(times, default=0) > 1 and len(times) > 1)
            share = 1 - times[0] / len(values) if values else 0.0
            if share > LISTS and (is_list or separator == "|") and it.numeric < LISTS and it.n_distinct < it.n:
                spaced = f"{separator} "
                return (
                    spaced
                    if separator != "|" and all(value.count(spaced) == value.count(separator) for value in values)
                    else separator
                )
    return ""


def render(proposal: Proposal) -> str:
    """Return the TOML file, with a comment above each key; keys that are as by default are left out."""
    sections: dict[str, list[str]] = {
        "data": [],
        "data.interactions": [],
        "data.items": [],
        "content": [],
        "events": [],
        "store": [],
    }
    for found in proposal.findings:
        if found.table == "data" and DEFAULTS.get(found.key) == found.value:
            continue
        how = "found" if found.sure else "guessed"
        sections[found.table] += [f"# {how}: {found.why}", f"{toml_key(found.key)} = {toml_value(found.value)}"]
    notes = "".join(f"# {note}\n" for note in proposal.notes)
    return notes + "\n\n".join("\n".join([f"[{name}]", *lines]) for name, lines in sections.items() if lines) + "\n"
