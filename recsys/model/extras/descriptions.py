"""What a group of items or users, or an end of a direction, is about: in words, values of attributes, numbers and items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Word(NamedTuple):
    """A word and how distinctive it is; compare within one list only."""

    word: str
    weight: float


class Value(NamedTuple):
    """A value of an attribute: the share of the group that has it, and of all."""

    attribute: str
    value: str
    share: float
    overall: float


class Numbers(NamedTuple):
    """An attribute of numbers: the quartiles of the group, and the median of all."""

    attribute: str
    low: float
    median: float
    high: float
    overall: float


class Meaning(NamedTuple):
    """What is common in a group and rare elsewhere, most distinctive first.

    Parameters
    ----------
    words : tuple of Word
    values : tuple of Value
    numbers : tuple of Numbers
        Only attributes whose numbers differ from those of all.
    items : tuple of int
        Row numbers of the items that stand for it.
    """

    words: tuple[Word, ...] = ()
    values: tuple[Value, ...] = ()
    numbers: tuple[Numbers, ...] = ()
    items: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What :meth:`from_json` reads."""
        return self._asdict()

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Meaning:
        """Raises KeyError or TypeError when it is not one."""
        return cls(
            tuple(Word(*one) for one in found["words"]),
            tuple(Value(*one) for one in found["values"]),
            tuple(Numbers(*one) for one in found["numbers"]),
            tuple(map(int, found["items"])),
        )

    def sound(self, n_items: int) -> bool:
        """Whether its items are row numbers of a catalogue of `n_items`."""
        return all(0 <= num < n_items for num in self.items)
