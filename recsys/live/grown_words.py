"""Words and names of a training, memory-mapped, with those of items that came later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.vectors import Vectors
from recsys.live.changed_catalog import GrownIds
from recsys.text.bm25 import K1, B, Bm25, Nums, idf
from recsys.text.name_index import NameIndex
from recsys.text.name_rules import Value

Counts = Mapping[str, int]  # what the words of an item count together


@dataclass(frozen=True, eq=False)
class GrownWords(Bm25):
    """Inverted index of a training, with later texts behind.

    The formula is that of :mod:`recsys.text.bm25`, with the idf of all texts and the mean length of the later ones. What the
    words of the training's texts count stays as it was.
    """

    later: Mapping[int, tuple[Nums, Vectors]] = field(
        default_factory=dict
    )  # texts with a word, and its saturated frequency

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", {"items": self.n_items})

    @classmethod
    def of(cls, words: Bm25, counts: Sequence[Counts]) -> GrownWords:
        """Return the index with later texts, given what their words count."""
        lengths = np.array([sum(found.values()) for found in counts], dtype=np.float64)
        mean = lengths.sum() / max(1, np.count_nonzero(lengths)) or 1.0
        norms = K1 * (1 - B + B * lengths / mean)
        rows: defaultdict[str, list[int]] = defaultdict(list)
        for row, found in enumerate(counts):
            for word in found:
                rows[word].append(row)
        ids = GrownIds.of(words.words, sorted(word for word in rows if word not in words.words))
        later: dict[int, tuple[Nums, Vectors]] = {}
        for word, having in rows.items():
            found_at = np.array(having, dtype=np.int32)
            often = np.array([counts[row][word] for row in having], dtype=np.float64)
            saturated = often * (K1 + 1) / (often + norms[found_at])
            later[int(ids.known([word])[0])] = (found_at + np.int32(words.n_items), saturated.astype(np.float32))
        return cls(ids, words.indptr, words.item_nums, words.impacts, words.n_items + len(counts), later)

    def _postings(self, num: int) -> tuple[Nums, Vectors]:
        nums, impacts = super()._postings(num) if num < len(self.indptr) - 1 else (self.item_nums[:0], self.impacts[:0])
        found = self.later.get(num)
        if found is None:
            return nums, impacts
        weight = np.float32(idf(self._having(num), self.n_items))
        return np.concatenate((nums, found[0])), np.concatenate((impacts, weight * found[1]))

    def _having(self, num: int) -> int:
        later = len(self.later[num][0]) if num in self.later else 0
        return later + (super()._having(num) if num < len(self.indptr) - 1 else 0)


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
