"""Index of the names of items and attribute values: phrases in flat arrays that can be memory-mapped.

Phrases are those of :mod:`recsys.text.name_rules`. A lookup also finds plurals of the last word and forgives some typos.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from recsys.data.catalog import Catalog
from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Nested, Part, Pointers, Size
from recsys.text.name_rules import MOST_WORDS, CatalogNames, Value
from recsys.text.tokens import ARTICLES, letters, letters_of_each, max_typos, phrase, within

MOST_COMPARED = 32  # phrases that are compared letter by letter

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class NameIndex(Part):
    """Index of the phrases that name items and attribute values.

    `phrases` are words folded by :mod:`recsys.text.tokens`, joined by blanks, without a leading article. Phrase ``p`` names
    ``targets[indptr[p]:indptr[p + 1]]``: row numbers of items from 0 on, and value ``v`` as ``-1 - v``. `common` marks phrases
    of common words (:mod:`recsys.text.name_rules`), `letters` has a bit for each letter of a phrase, `lengths` their numbers
    of characters. `value_attributes` are the numbers of the values' attributes in :class:`recsys.data.attributes.Attributes`.
    """

    name = "names"
    phrases: Annotated[IdMap, Nested(IdMap, "phrases")]
    indptr: Annotated[NDArray[np.int64], Pointers("phrases", "targets", strictly=True)]
    targets: Annotated[Nums, Column(np.int32, "targets", below="items")]
    common: Annotated[NDArray[np.bool_], Column(np.bool_, "phrases")]
    letters: Annotated[NDArray[np.uint32], Column(np.uint32, "phrases")]
    lengths: Annotated[Nums, Column(np.int32, "phrases")]
    values: Annotated[PackedStrings, Nested(PackedStrings, "values")]
    value_attributes: Annotated[Nums, Column(np.int32, "values", low=0)]
    n_items: Annotated[int, Size("items")]

    def sound(self) -> bool:
        hashed = len(self.phrases.starts) == max(1, len(self.phrases)) + 1
        return hashed and (not len(self.targets) or bool(self.targets.min() >= -len(self.values)))

    @classmethod
    def from_catalog(cls, catalog: Catalog, attribute_nums: Mapping[str, int]) -> NameIndex:
        """Index all items and values; `attribute_nums` are those of :class:`recsys.data.attributes.Attributes`."""
        names = CatalogNames(catalog, attribute_nums)
        texts = sorted(names.targets)
        rows = [sorted(set(names.targets[text])) for text in texts]
        return cls(
            IdMap.from_ids(texts),
            np.cumsum([0, *map(len, rows)]).astype(np.int64),
            np.array([target for row in rows for target in row], dtype=np.int32),
            np.array([text in names.common for text in texts], dtype=bool),
            letters_of_each(texts),
            np.array([len(text) for text in texts], dtype=np.int32),
            PackedStrings.from_strings(value.text for value in names.values),
            np.array([value.attribute_num for value in names.values], dtype=np.int32),
            len(catalog),
        )

    def matches(self, words: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
        """Yield the phrases that begin at word `start`, with the last word also in the plural: "comedies" is "comedy".

        Yields the number after the last word, and the number of the phrase.
        """
        first = start + (words[start] in ARTICLES and start + 1 < len(words))
        for stop in range(first + 1, min(first + MOST_WORDS, len(words)) + 1):
            text = " ".join(words[first:stop])
            nums = (self.phrases.get(form) for form in (text, *_singulars(text)))
            num = next((num for num in nums if num is not None), None)
            if num is not None:
                yield stop, num
            longer = bisect_left(self.phrases.strings, text + " ")  # phrases are sorted
            if longer == len(self.phrases) or not self.phrases.id(longer).startswith(text + " "):
                return

    def nearest(self, words: list[str]) -> int | None:
        """Return the number of the nearest phrase within a few typos; None where there is none, or several are as near."""
        text = phrase(words)
        most = max_typos(len(text) + 1)
        nums = within(letters(text), len(text), self.letters, self.lengths, most).tolist() if most else []
        typos = [(OSA.distance(text, self.phrases.id(num), score_cutoff=most), num) for num in nums[:MOST_COMPARED]]
        best: list[tuple[int, int]] = sorted((n, num) for n, num in typos if n <= max_typos(int(self.lengths[num])))
        is_unclear = len(best) > 1 and best[0][0] == best[1][0]
        return best[0][1] if best and not is_unclear else None

    def called(self, words: list[str], text_words: IdMap) -> list[int]:
        """Return the items with a name; typos are forgiven unless the texts use all its words."""
        if not 0 < len(words) <= MOST_WORDS:
            return []
        num = self.phrases.get(phrase(words))
        if num is None and not all(word in text_words for word in words):
            num = self.nearest(words)
        return [] if num is None else self.items(num)

    def is_common(self, num: int) -> bool:
        """Return whether a phrase is of common words."""
        return bool(self.common[num])

    def items(self, num: int) -> list[int]:
        """Return the items that a phrase names."""
        return [target for target in self._targets(num) if target >= 0]

    def values_of(self, num: int) -> list[Value]:
        """Return the values that a phrase names."""
        values = [-1 - target for target in self._targets(num) if target < 0]
        return [Value(int(self.value_attributes[value]), self.values[value]) for value in values]

    def _targets(self, num: int) -> list[int]:
        targets: list[int] = self.targets[self.indptr[num] : self.indptr[num + 1]].tolist()
        return targets


def _singulars(text: str) -> Iterator[str]:
    if text.endswith("ies"):
        yield text[:-3] + "y"
    if text.endswith("s") and not text.endswith("ss"):
        yield text[:-1]
        if text.endswith("es"):
            yield text[:-2]
