"""The text of an item, which is encoded and searched: its text columns, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TEXT_COLUMNS = ("title", "description", "text", "genres", "tags")  # where none are configured
PROSE = ("title", "description", "text")  # columns that hold no lists and no numbers


def text_columns(configured: Sequence[str], names: Iterable[str], title: str) -> list[str]:
    """Return the columns of a text: those that are configured, else the usual ones among `names`, the title first."""
    return list(configured) or [name for name in dict.fromkeys((title, *TEXT_COLUMNS)) if name in names]


def joined_text(columns: Iterable[Sequence[str]]) -> str:
    """Return the text of an item from the entries of each column."""
    return ". ".join(part for part in map(", ".join, columns) if part)
