"""Description of a group or an end of a direction: words, attribute values, numbers and items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


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
    """Features common in a group and rare elsewhere, most distinctive first.

    Parameters
    ----------
    words : tuple of Word
    values : tuple of Value
    numbers : tuple of Numbers
        Only attributes whose numbers differ from the overall numbers.
    items : tuple of int
        Row numbers of typical items.
    """

    words: tuple[Word, ...] = ()
    values: tuple[Value, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    items: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the input of :meth:`from_json`."""
        return self._asdict()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Meaning:
        """Decode a description; raises KeyError or TypeError for anything else."""
        return cls(
            tuple(Word(*word) for word in record["words"]),
            tuple(Value(*value) for value in record["values"]),
            tuple(Numbers(*numbers) for numbers in record["numbers"]),
            tuple(map(int, record["items"])),
        )

    def sound(self, n_items: int) -> bool:
        """Return whether its items are row numbers below `n_items`."""
        return all(0 <= num < n_items for num in self.items)
