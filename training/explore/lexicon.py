"""The words, values and numbers of the items, as matrices."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from recsys.data.catalog import Attribute, Catalog, Item
from recsys.text.bm25 import words
from recsys.text.vocabulary import QUERY_STOP_WORDS

COMMON_SHARE = 0.5  # a word of more of the items says nothing
FEW_ITEMS = 50  # among which also a rare or a common word counts
FEWEST = 2  # items that share a word or a value
MOST_KEYS = 50_000  # words, or values, of a catalogue
LONGEST_VALUE = 60  # characters; what is longer is prose
SHORTEST_WORD = 2  # letters, where the script has spaces

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class Marks(Generic[Key]):
    """Which items have which of some keys.

    Parameters
    ----------
    keys : tuple
    rows : sparse array (n_items, n_keys) of ones, float32
    """

    keys: tuple[Key, ...]
    rows: sparse.csr_array


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What can be said of the items.

    Parameters
    ----------
    words : Marks of str
    values : Marks of (attribute, value)
    numbers : mapping
        By attribute, float64 array (n_items,), not a number where an item has none.
    """

    words: Marks[str]
    values: Marks[tuple[str, str]]
    numbers: Mapping[str, NDArray[np.float64]]

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> Lexicon:
        """Read every record once."""
        found_words: _Inverted[str] = _Inverted()
        found_values: _Inverted[tuple[str, str]] = _Inverted()
        numbers: dict[str, NDArray[np.float64]] = {}
        for num, item in enumerate(catalog):
            found_words.add(num, _words_of(item))
            found_values.add(num, _values_of(item.attributes))
            for name, value in item.attributes.items():
                if isinstance(value, int | float):
                    numbers.setdefault(name, np.full(len(catalog), np.nan))[num] = value
        values = found_values.marks(len(catalog), 1.0)
        return cls(_without(found_words.marks(len(catalog), COMMON_SHARE), values), values, numbers)


class _Inverted(Generic[Key]):
    """Keys of items, while they are read."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._items, self._keys = array("i"), array("i")

    def add(self, item_num: int, keys: Iterable[Key]) -> None:
        found = {self._numbers.setdefault(key, len(self._numbers)) for key in keys}
        self._items.extend([item_num] * len(found))
        self._keys.extend(found)

    def marks(self, n_items: int, most: float) -> Marks[Key]:
        """Those that at least FEWEST items have, and at most the share `most`, in their order."""
        names = list(self._numbers)
        nums = np.array(self._keys, dtype=np.int32)
        counts = np.bincount(nums, minlength=len(names))
        kept = counts >= FEWEST
        if n_items >= FEW_ITEMS:
            kept &= counts <= most * n_items
        frequent = np.argsort(-counts * kept, kind="stable")[:MOST_KEYS]
        chosen = sorted(frequent[kept[frequent]].tolist(), key=names.__getitem__)
        places = np.full(len(names), -1, dtype=np.int32)
        places[chosen] = np.arange(len(chosen))
        columns = places[nums]
        here = columns >= 0
        rows = np.array(self._items, dtype=np.int32)[here]
        ones = np.ones(len(rows), dtype=np.float32)
        matrix = sparse.csr_array((ones, (rows, columns[here])), shape=(n_items, len(chosen)))
        return Marks(tuple(names[num] for num in chosen), matrix)


def _without(of: Marks[str], values: Marks[tuple[str, str]]) -> Marks[str]:
    """Words of items without those of their values, which stand for themselves: "sci" and "fi" say no more than "Sci-Fi"."""
    places = {word: num for num, word in enumerate(of.keys)}
    parts = [
        (num, places[part])
        for num, (_, value) in enumerate(values.keys)
        for part in set(words(value))
        if part in places
    ]
    if not parts:
        return of
    nums, columns = np.array(parts, dtype=np.int32).T
    ones = np.ones(len(nums), dtype=np.float32)
    said = values.rows @ sparse.csr_array((ones, (nums, columns)), shape=(len(values.keys), len(of.keys)))
    left = sparse.csr_array(of.rows - of.rows.multiply(said.astype(bool)))
    left.eliminate_zeros()
    kept = np.flatnonzero(np.bincount(left.indices, minlength=len(of.keys)) >= FEWEST)
    return Marks(tuple(of.keys[num] for num in kept.tolist()), left[:, kept])


def _words_of(item: Item) -> Iterable[str]:
    """The words of an item that say something."""
    text = item.text if item.title in item.text else f"{item.title} {item.text}"
    return (
        word
        for word in words(text)
        if word not in ENGLISH_STOP_WORDS | QUERY_STOP_WORDS
        and not word.isdecimal()
        and (len(word) >= SHORTEST_WORD or not word.isascii())
    )


def _values_of(attributes: Mapping[str, Attribute]) -> Iterable[tuple[str, str]]:
    for name, value in attributes.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and 0 < len(one) <= LONGEST_VALUE:
                yield name, one
