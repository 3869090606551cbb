"""What was found out about files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DEFAULTS = {
    "user_column": "user_id",
    "item_column": "item_id",
    "value_column": "value",
    "event_column": "event",
    "timestamp_column": "timestamp",
    "title_column": "title",
    "list_separator": "|",
}


@dataclass(frozen=True)
class Finding:
    """A key of the configuration, its value, whether it is sure, and the reason."""

    table: str  # a section such as data or data.items
    key: str
    value: Any
    sure: bool
    why: str
    candidates: tuple[Any, ...] = ()  # other values that a person may choose


@dataclass(frozen=True)
class Proposal:
    """What was found, and sentences about what is left out."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
