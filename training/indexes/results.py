"""A measured setting of an index."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IndexPoint:
    """How one way to search an index does: share of the exact top ten that is found, and milliseconds per query."""

    name: str
    recall: float
    milliseconds: float
