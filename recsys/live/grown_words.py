"""Words and names of a training, memory-mapped, with those of items that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.vectors import Vectors
from recsys.live.changed_catalog import GrownIds
from recsys.text.bm25 import K1, B, Bm25, Nums, idf
from recsys.text.name_index import NameIndex
from recsys.text.name_rules import Value

Counts = Mapping[str, int]  # what the words of an item count together


class GrownWords(Bm25):
    """Inverted index of a training, whose arrays it has, with later texts behind, which are indexed when first needed.

    The formula is that of :mod:`recsys.text.bm25`, with the idf of all texts and the mean length of the later ones. What the
    words of the training's texts count stays as it was.
    """

    trained: Bm25
    counts: Sequence[Counts]

    @classmethod
    def of(cls, words: Bm25, counts: Sequence[Counts]) -> GrownWords:
        """Return the index with later texts, given what their words count."""
        n = words.n_items + len(counts)
        arrays = {name: getattr(words, name) for name in ("indptr", "item_nums", "impacts")}
        grown = object.__new__(cls)  # without the words, which are a property here
        vars(grown).update(arrays, n_items=n, sizes={"items": n}, trained=words, counts=counts)
        return grown

    @cached_property
    def words(self) -> IdMap:
        """The words of all texts."""
        return GrownIds.of(self.trained.words, sorted(word for word in self._rows if word not in self.trained.words))

    @cached_property
    def _rows(self) -> Mapping[str, Sequence[int]]:
        """The later texts with each word."""
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, found in enumerate(self.counts):
            for word in found:
                rows[word].append(row)
        return rows

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        lengths = np.array([sum(found.values()) for found in self.counts], dtype=np.float64)
        mean = lengths.sum() / max(1, np.count_nonzero(lengths)) or 1.0
        return np.asarray(K1 * (1 - B + B * lengths / mean))

    def _postings(self, num: int) -> tuple[Nums, Vectors]:
        nums, impacts = (
            super()._postings(num) if num < len(self.trained.words) else (self.item_nums[:0], self.impacts[:0])
        )
        word = self.words.id(num)
        rows = np.array(self._rows.get(word, ()), dtype=np.int32)
        if not len(rows):
            return nums, impacts
        often = np.array([self.counts[row][word] for row in rows.tolist()], dtype=np.float64)
        saturated = often * (K1 + 1) / (often + self._norms[rows])
        weight = np.float32(idf(self._having(num), self.n_items))
        later = weight * saturated.astype(np.float32)
        return np.concatenate((nums, rows + np.int32(self.trained.n_items))), np.concatenate((impacts, later))

    def _having(self, num: int) -> int:
        later = len(self._rows.get(self.words.id(num), ()))
        return later + (super()._having(num) if num < len(self.trained.words) else 0)


@dataclass(frozen=True, eq=False)
class GrownNames(NameIndex):
    """Names of a training, with those of later items, whose phrases are numbered behind; they are indexed when first needed."""

    later_items: Sequence[Item] = ()
    attribute_nums: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", {"items": self.n_items + len(self.later_items)})

    @classmethod
    def of(cls, names: NameIndex, items: Sequence[Item], attribute_nums: Mapping[str, int]) -> GrownNames:
        """Return the names with those of later items."""
        return cls(
            **{name: getattr(names, name) for name in NameIndex.fields},
            later_items=items,
            attribute_nums=attribute_nums,
        )

    @cached_property
    def _later(self) -> NameIndex:
        return NameIndex.from_catalog(Catalog.from_items(self.later_items), self.attribute_nums)

    def is_common(self, num: int) -> bool:
        n = len(self.phrases)
        return super().is_common(num) if num < n else self._later.is_common(num - n)

    def matches(self, words: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
        found = dict(self._later.matches(words, start))
        found = {stop: num + len(self.phrases) for stop, num in found.items()} | dict(super().matches(words, start))
        yield from sorted(found.items())

    def nearest(self, words: list[str]) -> int | None:
        num = super().nearest(words)
        if num is not None:
            return num
        later = self._later.nearest(words)
        return None if later is None else later + len(self.phrases)

    def called(self, words: list[str], text_words: IdMap) -> list[int]:
        later = self._later.called(words, text_words)
        return list(dict.fromkeys(super().called(words, text_words) + [num + self.n_items for num in later]))

    def items(self, num: int) -> list[int]:
        if num >= len(self.phrases):
            return [item + self.n_items for item in self._later.items(num - len(self.phrases))]
        same = self._later.phrases.get(self.phrases.id(num))
        return super().items(num) + ([] if same is None else self.items(same + len(self.phrases)))

    def values_of(self, num: int) -> list[Value]:
        if num >= len(self.phrases):
            return self._later.values_of(num - len(self.phrases))
        same = self._later.phrases.get(self.phrases.id(num))
        return list(dict.fromkeys(super().values_of(num) + ([] if same is None else self._later.values_of(same))))
