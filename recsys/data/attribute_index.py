"""Inverted index of attribute values, in flat arrays that can be memory-mapped.

The numbers of an attribute are sorted, so a range is a slice. The key of a string is a digest of 128 bits of the attribute and
the casefolded string (BLAKE2b, RFC 7693), so a long description costs 16 bytes; collisions are negligible.
"""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from recsys.data.part import Column, Part, Pointers

Nums = NDArray[np.int32]
DIGEST_BYTES = 16
MOST_DIGESTS = 1 << 14  # kept, as values repeat


@dataclass(frozen=True, eq=False)
class Numbers(Part):
    """Numbers of attribute ``a``: ``values[indptr[a]:indptr[a + 1]]``, rising, with their ``items`` beside them."""

    name = "attributes"
    indptr: Annotated[NDArray[np.int64], Pointers("names", "numbers")]
    values: Annotated[NDArray[np.float64], Column(np.float64, "numbers", finite=True)]
    items: Annotated[Nums, Column(np.int32, "numbers", low=0, below="items")]

    def sound(self) -> bool:
        falls = 1 + np.flatnonzero(self.values[1:] < self.values[:-1])  # allowed from one attribute to the next
        return bool(np.all(np.isin(falls, self.indptr)))

    def any(self, attribute_num: int) -> bool:
        return bool(self.indptr[attribute_num] < self.indptr[attribute_num + 1])

    def equal(self, attribute_num: int, number: float) -> Nums:
        return self.items[self._place(attribute_num, number, "left") : self._place(attribute_num, number, "right")]

    def compared(self, attribute_num: int, operator: str, number: float) -> Nums:
        """Return the items whose number satisfies `operator` and `number`, unordered."""
        place = self._place(attribute_num, number, "left" if operator in (">=", "<") else "right")
        start, stop = self.indptr[attribute_num : attribute_num + 2]
        return self.items[place:stop] if operator.startswith(">") else self.items[start:place]

    def _place(self, attribute_num: int, number: float, side: Literal["left", "right"]) -> int:
        start, stop = self.indptr[attribute_num : attribute_num + 2]
        return int(start + np.searchsorted(self.values[start:stop], number, side))


@dataclass(frozen=True, eq=False)
class Texts(Part):
    """Items of value ``v``, a string of an attribute: ``items[indptr[v]:indptr[v + 1]]``.

    `high` and `low` are the halves of the digest of each value; values rise by the first half, then by the second. `attributes`
    are the row numbers of the attributes with strings.
    """

    name = "attributes"
    indptr: Annotated[NDArray[np.int64], Pointers("values", "texts")]
    items: Annotated[Nums, Column(np.int32, "texts", low=0, below="items")]
    attributes: Annotated[Nums, Column(np.int32, "with texts", low=0, below="names")]
    high: Annotated[NDArray[np.uint64], Column(np.uint64, "values")]
    low: Annotated[NDArray[np.uint64], Column(np.uint64, "values")]

    def sound(self) -> bool:
        high_rises, low_rises = (half[1:] > half[:-1] for half in (self.high, self.low))
        return bool(np.all(high_rises | (low_rises & (self.high[1:] == self.high[:-1]))))

    def equal(self, attribute_num: int, text: str) -> Nums:
        """Return the items with a string, ignoring case, rising."""
        high, low = np.frombuffer(digest(attribute_num, text), dtype="<u8").astype(np.uint64)
        first, last = (int(np.searchsorted(self.high, high, side)) for side in ("left", "right"))
        value_num = first + int(np.searchsorted(self.low[first:last], low))
        if value_num == last or self.low[value_num] != low:
            return self.items[:0]
        return self.items[self.indptr[value_num] : self.indptr[value_num + 1]]


@lru_cache(MOST_DIGESTS)
def digest(attribute_num: int, text: str) -> bytes:
    """Return the key of a string of an attribute, ignoring case."""
    folded = text.casefold().encode("utf-8", "surrogatepass")
    return hashlib.blake2b(attribute_num.to_bytes(4, "little") + folded, digest_size=DIGEST_BYTES).digest()


def invert_numbers(attributes: array[int], items: array[int], values: array[float], n_names: int) -> Numbers:
    """Build the index from parallel arrays of attributes, items and numbers."""
    attribute_nums, item_nums = np.array(attributes, dtype=np.int32), np.array(items, dtype=np.int32)
    numbers = np.array(values, dtype=np.float64)
    order = np.lexsort((item_nums, numbers, attribute_nums))
    indptr = np.searchsorted(attribute_nums[order], np.arange(n_names + 1)).astype(np.int64)
    return Numbers(indptr, numbers[order], item_nums[order])


def invert_texts(digests: bytearray, items: array[int], attributes: set[int]) -> Texts:
    """Build the index from concatenated digests of strings and their items; pairs may repeat."""
    high, low = np.frombuffer(digests, dtype="<u8").astype(np.uint64).reshape(-1, 2).T
    item_nums = np.array(items, dtype=np.int32)
    order = np.lexsort((item_nums, low, high))
    high, low, item_nums = high[order], low[order], item_nums[order]
    value_begins = _differs(high) | _differs(low)
    distinct = value_begins | _differs(item_nums)
    high, low, item_nums = high[distinct], low[distinct], item_nums[distinct]
    starts = np.flatnonzero(value_begins[distinct])
    indptr = np.append(starts, len(item_nums)).astype(np.int64)
    return Texts(indptr, item_nums, np.array(sorted(attributes), dtype=np.int32), high[starts], low[starts])


def _differs(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return whether each value differs from the previous value, bool array (n,); True for the first."""
    return np.append(True, values[1:] != values[:-1])[: len(values)]
