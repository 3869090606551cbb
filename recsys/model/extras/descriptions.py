"""Description of a group or an end of a direction: words, attribute values, numbers and items."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """Word and its distinctiveness; comparable only within a list."""

    word: str
    weight: float


class Value(NamedTuple):
    """Attribute value: its share in the group and overall."""

    attribute: str
    value: str
    share: float
    overall: float


class Numbers(NamedTuple):
    """Numeric attribute: quartiles of the group and overall median."""

    attribute: str
    low: float
    median: float
    high: float
    overall: float


class Meaning(NamedTuple):
    """Features common in a group and rare elsewhere, most distinctive first."""

    words: tuple[Word, ...] = ()
    values: tuple[Value, ...] = ()
    numbers: tuple[Numbers, ...] = ()  # of attributes whose numbers differ from the overall numbers
    items: tuple[int, ...] = ()  # row numbers of typical items

    def sound(self, n_items: int) -> bool:
        """Return whether its items are row numbers below `n_items`."""
        return all(0 <= num < n_items for num in self.items)
