"""Attributes of a model after the records of some items changed.

The inverted index is merged, not built anew: entries of the old values are taken out and those of the new ones are inserted in
their places. An attribute that had texts counts as one with texts, even if no item has one any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from recsys.data.attribute_index import Numbers, Texts
from recsys.data.attributes import Attributes, Entries
from recsys.data.catalog import Attribute
from recsys.data.packed import PackedStrings

Record = Mapping[str, Attribute]
Places = NDArray[np.int64]
Halves = NDArray[np.uint64]


def changed_attributes(attributes: Attributes, changes: Mapping[int, tuple[Record, Record]]) -> Attributes:
    """Return the attributes after changes, given as the old and the new attributes of each item by its row number."""
    nums = dict(attributes.nums)
    old, new = Entries(nums), Entries(nums)
    for item_num, (before, after) in sorted(changes.items()):
        for name in dict.fromkeys((*before, *after)):
            held, holds = before.get(name), after.get(name)
            if type(held) is not type(holds) or held != holds:  # 1 equals True
                for entries, value in ((old, held), (new, holds)):
                    if value is not None:
                        entries.add(item_num, name, value)
    numbers = _merged_numbers(attributes.numbers, old.numbers(), new.numbers(), attributes.n_items)
    texts = _merged_texts(attributes.texts, old.texts(), new.texts(), attributes.n_items)
    return Attributes(PackedStrings.from_strings(nums), attributes.n_items, numbers, texts)


def _merged_numbers(numbers: Numbers, old: Numbers, new: Numbers, n_items: int) -> Numbers:
    values, items, counts = [], [], []
    for num in range(len(new.indptr) - 1):
        own_values, own_items = _of(numbers, num)
        if len(_of(old, num)[1]) + len(_of(new, num)[1]):
            gone = np.zeros(n_items, dtype=bool)
            gone[_of(old, num)[1]] = True
            kept = ~gone[own_items]
            own_values = np.concatenate((own_values[kept], _of(new, num)[0]))
            own_items = np.concatenate((own_items[kept], _of(new, num)[1]))
            order = np.lexsort((own_items, own_values))
            own_values, own_items = own_values[order], own_items[order]
        values.append(own_values)
        items.append(own_items)
        counts.append(len(own_items))
    indptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Numbers(
        indptr,
        np.concatenate((*values, np.empty(0))),
        np.concatenate((*items, np.empty(0, np.int32))).astype(np.int32),
    )


def _of(numbers: Numbers, num: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    if num >= len(numbers.indptr) - 1:  # an attribute that is new
        return np.empty(0), np.empty(0, dtype=np.int32)
    part = slice(numbers.indptr[num], numbers.indptr[num + 1])
    return numbers.values[part], numbers.items[part]


def _merged_texts(texts: Texts, old: Texts, new: Texts, n_items: int) -> Texts:
    """Merge by the key ``rank of the value * n_items + item``, which rises in all three; values are few in `old` and `new`."""
    if not len(old.items) + len(new.items):
        return texts
    fresh = [
        (place, pair) for pair in _pairs(new) for place, found in [_place(texts.high, texts.low, pair)] if not found
    ]
    places = np.array([place for place, _ in fresh], dtype=np.int64)
    high, low = (
        np.insert(half, places, np.array([pair[side] for _, pair in fresh], dtype=np.uint64))
        for side, half in enumerate((texts.high, texts.low))
    )
    ranks = np.arange(len(texts.high)) + np.searchsorted(places, np.arange(len(texts.high)), "right")
    keys = _keys(texts, ranks, n_items)
    gone, added = (_keys(part, _ranks(high, low, part), n_items) for part in (old, new))
    keys = np.delete(keys, np.searchsorted(keys, gone))
    keys = np.insert(keys, np.searchsorted(keys, added), added)
    counts = np.bincount(keys // n_items, minlength=len(high))
    held = counts > 0
    indptr = np.concatenate(([0], np.cumsum(counts[held]))).astype(np.int64)
    attributes = np.union1d(texts.attributes, new.attributes).astype(np.int32)
    return Texts(indptr, (keys % n_items).astype(np.int32), attributes, high[held], low[held])


def _keys(texts: Texts, ranks: Places, n_items: int) -> Places:
    return np.asarray(np.repeat(ranks, np.diff(texts.indptr)) * n_items + texts.items)


def _place(high: Halves, low: Halves, pair: tuple[int, int]) -> tuple[int, bool]:
    """Return the place of a value among rising ones, and whether it is there."""
    first, second = pair
    place = int(np.searchsorted(high, np.uint64(first)))
    while place < len(high) and int(high[place]) == first and int(low[place]) < second:
        place += 1
    return place, place < len(high) and (int(high[place]), int(low[place])) == pair


def _ranks(high: Halves, low: Halves, part: Texts) -> Places:
    return np.array([_place(high, low, pair)[0] for pair in _pairs(part)], dtype=np.int64)


def _pairs(texts: Texts) -> Iterator[tuple[int, int]]:
    return zip(texts.high.tolist(), texts.low.tolist(), strict=True)
