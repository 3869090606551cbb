"""Which known export a file is of, by its columns."""

from __future__ import annotations

from collections.abc import Iterable

from recsys.config import TableName
from training.presets.declared import PRESETS
from training.presets.preset import Preset

TABLES: tuple[TableName, ...] = "interactions", "items"  # of an export


def recognize(names: Iterable[str]) -> tuple[Preset, TableName] | None:
    """Return the preset and the table of a file with these columns or keys at the top of its objects; None for another file."""
    has = frozenset(names)
    found = [
        (len(sign), preset, table)
        for preset in PRESETS.values()
        for table in TABLES
        for sign in getattr(preset, table).signs
        if sign <= has
    ]
    return max(found, key=lambda match: match[0])[1:] if found else None


def advice(names: Iterable[str]) -> str:
    """Return what to set for a file with these columns; empty when they are of no known export."""
    found = recognize(names)
    return f'; these are columns of {found[0].title}: set data.preset = "{found[0].name}"' if found else ""
