"""Index of the names of items and attribute values: phrases in flat arrays that can be memory-mapped.

Phrases are those of :mod:`recsys.text.name_rules`. A lookup also finds plurals of the last word and forgives some typos.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recsys.data.catalog import Catalog
from recsys.data.ids import IdMap
from recsys.data.packed import PackedStrings
from recsys.data.part import Column, Fields, Nested, Part, Pointers, Size
from recsys.text.name_rules import MOST_WORDS, Collected, Value, collected
from recsys.text.tokens import ARTICLES, edit_distance, letters, max_typos, phrase, within

MOST_COMPARED = 32  # phrases that are compared letter by letter

Nums = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class NameIndex(Part):
    """Index of the phrases that name items and attribute values.

    Parameters
    ----------
    phrases : IdMap
        Words folded by :mod:`recsys.text.tokens`, joined by blanks, without a leading article.
    indptr : int64 array (n_phrases + 1,)
    targets : int32 array (n,)
        Targets of phrase ``p``: ``targets[indptr[p]:indptr[p + 1]]``, row numbers of items from 0 on; value ``v`` is -1 - v.
    common : bool array (n_phrases,)
    letters : uint32 array (n_phrases,)
    lengths : int32 array (n_phrases,)
        Length of each phrase in characters.
    values : PackedStrings
        Texts of the values.
    value_attributes : int32 array (n_values,)
        Numbers of their attributes, as :class:`recsys.data.attributes.Attributes` counts them.

    Raises
    ------
    BundleError
        When the arrays do not fit together.
    """

    name: ClassVar[str] = "names"
    fields: ClassVar[Fields] = {
        "phrases": Nested(IdMap, "phrases"),
        "indptr": Pointers("phrases", "targets", strictly=True),
        "targets": Column(np.int32, "targets", below="items"),
        "common": Column(np.bool_, "phrases"),
        "letters": Column(np.uint32, "phrases"),
        "lengths": Column(np.int32, "phrases"),
        "values": Nested(PackedStrings, "values"),
        "value_attributes": Column(np.int32, "values", low=0),
        "n_items": Size("items"),
    }

    phrases: IdMap
    indptr: NDArray[np.int64]
    targets: Nums
    common: NDArray[np.bool_]
    letters: NDArray[np.uint32]
    lengths: Nums
    values: PackedStrings
    value_attributes: Nums
    n_items: int = field(default=0)

    def sound(self) -> bool:
        hashed = len(self.phrases.starts) == max(1, len(self.phrases)) + 1
        return hashed and (not len(self.targets) or bool(self.targets.min() >= -len(self.values)))

    @classmethod
    def from_catalog(cls, catalog: Catalog, attribute_nums: Mapping[str, int]) -> NameIndex:
        """Index all items and values; `attribute_nums` are those of :class:`recsys.data.attributes.Attributes`."""
        return _of(collected(catalog, attribute_nums), len(catalog))

    @classmethod
    def none(cls, n_items: int = 0) -> NameIndex:
        """Return an index without phrases."""
        return _of(Collected({}, [], frozenset()), n_items)

    def __len__(self) -> int:
        return self.n_items

    def matches(self, words: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
        """Yield the phrases that begin at word `start`, with the last word also in the plural: "comedies" is "comedy".

        Yields the number after the last word, and the number of the phrase.
        """
        first = start + (words[start] in ARTICLES and start + 1 < len(words))
        for stop in range(first + 1, min(first + MOST_WORDS, len(words)) + 1):
            text = " ".join(words[first:stop])
            found = self.phrases.get(text)
            if found is None:
                found = next((num for one in _singulars(text) if (num := self.phrases.get(one)) is not None), None)
            if found is not None:
                yield stop, found
            if not self._begins(text + " "):
                return

    def _begins(self, text: str) -> bool:
        """Whether a phrase begins with a text; phrases are sorted."""
        place = bisect_left(self.phrases.strings, text)
        return place < len(self.phrases) and self.phrases.id(place).startswith(text)

    def nearest(self, words: list[str]) -> int | None:
        """Return the number of the nearest phrase within a few typos; None where there is none, or several are as near."""
        text = phrase(words)
        most = max_typos(len(text) + 1)
        places = within(letters(text), len(text), self.letters, self.lengths, most).tolist() if most else []
        found = [(edit_distance(text, self.phrases.id(num), most), num) for num in places[:MOST_COMPARED]]
        best: list[tuple[int, int]] = sorted(one for one in found if one[0] <= max_typos(int(self.lengths[one[1]])))
        if not best or (len(best) > 1 and best[0][0] == best[1][0]):
            return None
        return best[0][1]

    def called(self, words: list[str], is_word: Callable[[str], bool]) -> list[int]:
        """Return the items with a name; typos are forgiven where no text uses one of its words."""
        if not 0 < len(words) <= MOST_WORDS:
            return []
        num = self.phrases.get(phrase(words))
        if num is None and not all(is_word(word) for word in words):
            num = self.nearest(words)
        return [] if num is None else self.items(num)

    def items(self, num: int) -> list[int]:
        """Return the items that a phrase names."""
        return [one for one in self._targets(num) if one >= 0]

    def values_of(self, num: int) -> list[Value]:
        """Return the values that a phrase names."""
        return [
            Value(int(self.value_attributes[-1 - one]), self.values[-1 - one]) for one in self._targets(num) if one < 0
        ]

    def _targets(self, num: int) -> list[int]:
        found: list[int] = self.targets[self.indptr[num] : self.indptr[num + 1]].tolist()
        return found


def _of(found: Collected, n_items: int) -> NameIndex:
    texts = sorted(found.targets)
    rows = [sorted(set(found.targets[text])) for text in texts]
    return NameIndex(
        IdMap.from_ids(texts),
        np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        np.array([one for row in rows for one in row], dtype=np.int32),
        np.array([text in found.common for text in texts], dtype=bool),
        np.array([letters(text) for text in texts], dtype=np.uint32),
        np.array([len(text) for text in texts], dtype=np.int32),
        PackedStrings.from_strings(value.text for value in found.values),
        np.array([value.attribute_num for value in found.values], dtype=np.int32),
        n_items,
    )


def _singulars(text: str) -> Iterator[str]:
    if text.endswith("ies"):
        yield text[:-3] + "y"
    if text.endswith("s") and not text.endswith("ss"):
        yield text[:-1]
        if text.endswith("es"):
            yield text[:-2]
