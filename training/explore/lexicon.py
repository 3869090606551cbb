"""Words, values and numbers of the items, as matrices."""

from __future__ import annotations

from array import array
from collections import defaultdict
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

COMMON_SHARE = 0.5  # of the items; more have words without meaning
FEW_ITEMS = 50  # in fewer, a common word counts too
FEWEST = 2  # items that share a word or a value
MOST_KEYS = 50_000  # words, or values, of a catalog
LONGEST_VALUE = 60  # characters; longer values are prose
STOP_WORDS = ENGLISH_STOP_WORDS | QUERY_STOP_WORDS
SHORTEST_WORD = 2  # letters, where the script has spaces

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class Marks(Generic[Key]):
    """Keys, and float32 ones where an item has a key, (n_items, n_keys)."""

    keys: tuple[Key, ...]
    rows: sparse.csr_array


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words, values as (attribute, value), and numbers (n_items,) by attribute, NaN where an item has none."""

    words: Marks[str]
    values: Marks[tuple[str, str]]
    numbers: Mapping[str, NDArray[np.float64]]

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> Lexicon:
        """Read every record once."""
        of_words, of_values = _Inverted[str](), _Inverted[tuple[str, str]]()
        numbers: defaultdict[str, NDArray[np.float64]] = defaultdict(lambda: np.full(len(catalog), np.nan))
        for num, item in enumerate(catalog):
            of_words.add(num, _words_of(item))
            of_values.add(num, _values_of(item.attributes))
            for name, value in item.attributes.items():
                if isinstance(value, int | float):
                    numbers[name][num] = value
        values = of_values.marks(len(catalog), 1.0)
        return cls(_without(of_words.marks(len(catalog), COMMON_SHARE), values), values, numbers)


class _Inverted(Generic[Key]):
    """Collects the keys of items."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}
        self._items, self._keys = array("i"), array("i")

    def add(self, item_num: int, keys: Iterable[Key]) -> None:
        nums = {self._numbers.setdefault(key, len(self._numbers)) for key in keys}
        self._items.extend([item_num] * len(nums))
        self._keys.extend(nums)

    def marks(self, n_items: int, most: float) -> Marks[Key]:
        """Return the keys of at least FEWEST items and at most the share `most`, in their order."""
        names = list(self._numbers)
        nums = np.array(self._keys, dtype=np.int32)
        counts = np.bincount(nums, minlength=len(names))
        telling = counts >= FEWEST
        if n_items >= FEW_ITEMS:
            telling &= counts <= most * n_items
        frequent = np.argsort(-counts * telling, kind="stable")[:MOST_KEYS]
        chosen = sorted(frequent[telling[frequent]].tolist(), key=names.__getitem__)
        ones, items = np.ones(len(nums), dtype=np.float32), np.array(self._items, dtype=np.int32)
        matrix = sparse.csr_array((ones, (items, nums)), shape=(n_items, len(names)))
        return Marks(tuple(names[num] for num in chosen), matrix[:, chosen].sorted_indices())


def _without(of: Marks[str], values: Marks[tuple[str, str]]) -> Marks[str]:
    """Return words of items without those of their values: "sci" and "fi" say no more than "Sci-Fi"."""
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
    repeated = values.rows @ sparse.csr_array((ones, (nums, columns)), shape=(len(values.keys), len(of.keys)))
    left = sparse.csr_array(of.rows - of.rows.multiply(repeated.astype(bool)))
    left.eliminate_zeros()
    shared = np.flatnonzero(np.bincount(left.indices, minlength=len(of.keys)) >= FEWEST)
    return Marks(tuple(of.keys[num] for num in shared.tolist()), left[:, shared])


def _words_of(item: Item) -> Iterable[str]:
    """Return the words of an item but for stop words and numbers."""
    text = item.text if item.title in item.text else f"{item.title} {item.text}"
    return (
        word
        for word in words(text)
        if word not in STOP_WORDS and not word.isdecimal() and (len(word) >= SHORTEST_WORD or not word.isascii())
    )


def _values_of(attributes: Mapping[str, Attribute]) -> Iterable[tuple[str, str]]:
    for name, value in attributes.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and 0 < len(text) <= LONGEST_VALUE:
                yield name, text
