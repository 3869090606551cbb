"""Titles, texts and lists of items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from recsys.data.item_text import TEXT_COLUMNS
from training.init.columns import MOST, Column, by_name
from training.init.finding import DEFAULTS, Finding
from training.init.table import NAMED, Table, is_nested

NOT_TITLES = ("artist", "author", "brand", "publisher", "categor", "user", "company", "vendor")
PROSE_LENGTH = 40  # characters
SEPARATORS = ("|", ";", ",", "/")
LISTS = 0.2  # of the values that have the separator
NAMES_OF_LISTS = ("genre", "categor", "tag", "keyword", "subject", "shel", "topic", "label")


def records_of(table: Table, key: str, item: str) -> Iterator[Finding]:
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


def title_by_content(table: Table, key: str) -> str:
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


def _separator(table: Table, out: Sequence[str]) -> str:
    """Return what separates the words of lists, with the space after it; the comma of "Eco, Umberto" does not."""
    for separator in SEPARATORS:
        for name, it in table.columns.items():
            is_out = name in out or is_nested(it)
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
