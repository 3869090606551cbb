"""Ratings or counts, types of events and times of interactions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recsys.events.timestamps import number
from training.init import cleaning
from training.init.columns import MOST, Column, by_name, column
from training.init.finding import DEFAULTS, Finding
from training.init.table import NAMED, Table

RATINGS = ("rat", "score", "star", "overall", "bewertung", "note", "puntu", "nota")
VERDICTS = ("lik", "recommend", "thumb")  # of 0 and 1
COUNTS = ("qua", "qty", "count", "menge", "anzahl", "cantidad", "units", "plays")
NOT_VALUES = (
    *(
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
        "type",
    ),
    *("action", "status", "order", "number", "position", "rank", "index", "hour", "day", "month", "dow", "week"),
)
WEIGHTS = (
    (("dislike", "downvote"), -1.0),
    (("skip",), -0.2),
    (("remove", "unlike", "unfollow", "return", "refund", "cancel", "delete"), 0.0),
    (("impression", "item_list", "exposure"), 0.0),
    (("begin_checkout", "initiate", "checkout_start", "checkout start", "payment_info", "shipping_info"), 3.0),
    (("purchase", "order", "buy", "bought", "transaction", "checkout", "loan", "borrow", "issue", "sale", "kauf"), 5.0),
    (("cart", "basket", "add", "reserve", "hold", "wish", "renew", "save", "bookmark"), 3.0),
    (("like", "love", "fav", "upvote", "share"), 3.0),
    (("view", "pv", "click", "visit", "open", "play", "watch", "read", "listen"), 1.0),
)
DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}")


def values_of(table: Table, ids: Sequence[str]) -> Iterator[Finding]:
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


def _numbers(table: Table, name: str, ids: Sequence[str]) -> Iterator[Finding]:
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


def _event(table: Table, out: Sequence[str]) -> str:
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


def _column_or_none(table: Table, role: str, name: str, what: str) -> Iterator[Finding]:
    key = f"{role}_column"
    if name:
        yield Finding("data", key, name, by_name(name, role) >= NAMED, f"it holds {what}")
    elif DEFAULTS[key] in table.columns:
        yield Finding("data", key, "", True, f"the column {DEFAULTS[key]} does not hold {what}")


def _value(table: Table, out: Sequence[str]) -> str:
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


def _form_of_time(table: Table, name: str) -> Iterator[Finding]:
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
