"""What people call items and values of attributes: phrases in flat arrays that can be memory-mapped.

An item is called by its title, with and without an article, with its hyphens or without them, without what stands in brackets,
and by the part of two words or more before or behind a colon or a dash where nothing else has that as its title. A value is
called by itself, in the singular or the plural, by the aliases of :mod:`recsys.everyday`, and one of several words, such as a
person, by its last word where no other value of the attribute ends so.

A phrase is common when it is a single word, or the last word of a person, or the texts of other items use every word of it:
"Heat" in a sentence need not be the film.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recsys.catalog import Catalog, Item
from recsys.errors import BundleError
from recsys.everyday import ALIASES, EMPTY
from recsys.ids import IdMap
from recsys.packed import Arrays, PackedStrings
from recsys.spelling import ARTICLES, letters, most_slips, phrase, slips, tokens, within

COLUMNS = (
    *("blob", "offsets", "starts", "nums", "indptr", "targets", "common", "letters", "lengths"),
    *("values_blob", "values_offsets", "value_attributes"),
)
MOST_WORDS = 12  # of a phrase
LONGEST_VALUE = 60  # characters; longer ones are texts and not names
SHORTEST_ALIAS = 4
LAST_WORDS = (2, 3)  # a value of so many words is called by its last one
OTHERS = 2  # items whose texts use a word, after which it is common
MOST_COMPARED = 64  # phrases that are compared letter by letter
YEAR = re.compile(r"\s*\((1[0-9]{3}|20[0-9]{2})\)\s*$")
BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
MOVED = re.compile(r"^(.*), (The|A|An|La|Le|Les|L'|El|Los|Las|Il|Der|Die|Das)$")  # "Matrix, The"
PARTS = re.compile(r"\s*[:\u2013\u2014]\s+|\s+-\s+")
SEVERAL = re.compile(r"\s*(?:,|&|/|;|\band\b)\s*")  # persons in one value
MOST_PIECES = 6
UNITS = frozenset(("part", "volume", "vol", "chapter", "episode", "season", "book"))
NUMBERED = re.compile(r"\b(?:part|volume|vol|chapter|episode) ([0-9]+)\b")

Nums = NDArray[np.int32]


class Value(NamedTuple):
    """A value of an attribute, by the number of the attribute."""

    attribute_num: int
    text: str


@dataclass(frozen=True, eq=False)
class Names:
    """The phrases of a catalogue.

    Parameters
    ----------
    phrases : IdMap
        Words as :mod:`recsys.spelling` compares them, joined by blanks, without an article before them.
    indptr : int64 array (n_phrases + 1,)
    targets : int32 array (n,)
        What phrase ``p`` stands for: ``targets[indptr[p]:indptr[p + 1]]``, numbers of items from 0 on; of values -1 and less.
    common : bool array (n_phrases,)
    letters : uint32 array (n_phrases,)
    lengths : int32 array (n_phrases,)
        Of each phrase in characters.
    values : PackedStrings
        Value ``v`` is target ``-1 - v``.
    value_attributes : int32 array (n_values,)
        Numbers of their attributes, as :class:`recsys.attributes.Attributes` counts them.

    Raises
    ------
    BundleError
        When the arrays do not fit together.
    """

    phrases: IdMap
    indptr: NDArray[np.int64]
    targets: Nums
    common: NDArray[np.bool_]
    letters: NDArray[np.uint32]
    lengths: Nums
    values: PackedStrings
    value_attributes: Nums
    n_items: int = field(default=0)

    def __post_init__(self) -> None:
        n, m = len(self.phrases), len(self.targets)
        kinds = (self.indptr.dtype, self.targets.dtype, self.common.dtype, self.letters.dtype, self.lengths.dtype)
        sound = (
            kinds == (np.int64, np.int32, np.bool_, np.uint32, np.int32)
            and self.value_attributes.dtype == np.int32
            and self.indptr.shape == (n + 1,)
            and self.common.shape == self.letters.shape == self.lengths.shape == (n,)
            and self.value_attributes.shape == (len(self.values),)
            and self.indptr[0] == 0
            and self.indptr[-1] == m
            and bool(np.all(np.diff(self.indptr) > 0))
        )
        if not sound or (m and not (self.targets.min() >= -len(self.values) and self.targets.max() < self.n_items)):
            raise BundleError("names: the arrays do not fit together")
        if len(self.value_attributes) and self.value_attributes.min() < 0:
            raise BundleError("names: an attribute is out of range")

    @classmethod
    def from_catalog(cls, catalog: Catalog, attribute_nums: Mapping[str, int]) -> Names:
        """The phrases of all items and values; `attribute_nums` are those of :class:`recsys.attributes.Attributes`."""
        return _Collected(catalog, attribute_nums).names()

    @classmethod
    def none(cls, n_items: int = 0) -> Names:
        """Nothing has a name."""
        return _of({}, [], frozenset(), n_items)

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_items: int) -> Names:
        """Open the arrays of :meth:`to_arrays`; raises BundleError when they do not fit together."""
        found: Any = [arrays[column] for column in COLUMNS[4:]]
        return cls(IdMap.from_arrays(arrays), *found[:5], PackedStrings(*found[5:7]), found[7], n_items)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """By the names of COLUMNS."""
        kept: tuple[NDArray[Any], ...] = (self.indptr, self.targets, self.common, self.letters, self.lengths)
        kept += (self.values.blob, self.values.offsets, self.value_attributes)
        return {**self.phrases.to_arrays(), **dict(zip(COLUMNS[4:], kept, strict=True))}

    def __len__(self) -> int:
        return self.n_items

    def matches(self, words: Sequence[str], start: int) -> Iterator[tuple[int, int]]:
        """Phrases that begin at a place of these words, the last word also in another number: "comedies" is "comedy".

        Yields the place behind the last word, and the number of the phrase.
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
        """Whether a phrase begins so; they stand in the order of their characters."""
        place = bisect_left(self.phrases.strings, text)
        return place < len(self.phrases) and self.phrases.id(place).startswith(text)

    def nearest(self, words: list[str]) -> int | None:
        """The number of the phrase that a few slips of the keyboard make of these words; None where several are as near."""
        text = phrase(words)
        most = most_slips(len(text))
        places = within(letters(text), len(text), self.letters, self.lengths, most) if most else ()
        found = [(slips(text, self.phrases.id(int(num)), most), int(num)) for num in places[:MOST_COMPARED]]
        best = sorted(one for one in found if one[0] <= most)
        if not best or (len(best) > 1 and best[0][0] == best[1][0]):
            return None
        return best[0][1]

    def items(self, num: int) -> list[int]:
        """The items that a phrase stands for."""
        return [one for one in self._targets(num) if one >= 0]

    def values_of(self, num: int) -> list[Value]:
        """The values that a phrase stands for."""
        return [
            Value(int(self.value_attributes[-1 - one]), self.values[-1 - one]) for one in self._targets(num) if one < 0
        ]

    def _targets(self, num: int) -> list[int]:
        found: list[int] = self.targets[self.indptr[num] : self.indptr[num + 1]].tolist()
        return found


def plain_title(title: str) -> str:
    """A title without a year in brackets at its end, and with its article in front."""
    bare = YEAR.sub("", title)
    moved = MOVED.match(bare)
    return f"{moved.group(2)} {moved.group(1)}" if moved else bare


class _Collected:
    """The phrases of a catalogue while they are collected."""

    def __init__(self, catalog: Catalog, attribute_nums: Mapping[str, int]) -> None:
        self._targets: dict[str, list[int]] = defaultdict(list)
        self._values: dict[Value, int] = {}
        self._used: Counter[str] = Counter()
        self._short: set[str] = set()
        self._n = len(catalog)
        partly: dict[str, list[int]] = defaultdict(list)
        for num, item in enumerate(catalog):
            title = plain_title(item.title)
            whole = set(_called(title))
            self._add(whole, num)
            for text in set(_parts(title)) - whole:
                partly[text].append(num)
            self._used.update(_words(item.text) - _words(title))
            self._add_values(item, attribute_nums)
        for text, nums in partly.items():
            if text not in self._targets:
                self._targets[text] = nums
        self._name_values()

    def names(self) -> Names:
        common = {text for text in self._targets if text in self._short or _is_common(text, self._used)}
        return _of(self._targets, list(self._values), common, self._n)

    def _add(self, texts: set[str], target: int) -> None:
        for text in texts:
            if text and text.count(" ") < MOST_WORDS:
                self._targets[text].append(target)

    def _add_values(self, item: Item, attribute_nums: Mapping[str, int]) -> None:
        for name, value in item.attributes.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and 0 < len(one) <= LONGEST_VALUE:
                    self._values.setdefault(Value(attribute_nums[name], one), len(self._values))

    def _name_values(self) -> None:
        last: dict[tuple[int, str], set[str]] = defaultdict(set)
        for value, num in self._values.items():
            called = set(_called(value.text)) - EMPTY
            called |= {alias for text in called for alias in ALIASES.get(text, ())}
            self._add({text for text in called if not text.isdigit()}, -1 - num)
            several = [phrase([one.word for one in tokens(piece)]) for piece in SEVERAL.split(value.text)]
            self._add({text for text in several[:MOST_PIECES] if " " in text and text not in called}, -1 - num)
            words = [one.word for one in tokens(value.text)]
            if len(words) in LAST_WORDS and len(words[-1]) >= SHORTEST_ALIAS and words[-1] not in EMPTY:
                last[value.attribute_num, words[-1]].add(value.text)
        for (attribute_num, word), texts in last.items():
            if len(texts) == 1 and word not in self._targets and word.isalpha():
                self._targets[word] = [-1 - self._values[Value(attribute_num, next(iter(texts)))]]
                self._short.add(word)


def _of(targets: Mapping[str, list[int]], values: list[Value], common: Set[str], n_items: int) -> Names:
    texts = sorted(targets)
    rows = [sorted(set(targets[text])) for text in texts]
    return Names(
        IdMap.from_ids(texts),
        np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        np.array([one for row in rows for one in row], dtype=np.int32),
        np.array([text in common for text in texts], dtype=bool),
        np.array([letters(text) for text in texts], dtype=np.uint32),
        np.array([len(text) for text in texts], dtype=np.int32),
        PackedStrings.from_strings(value.text for value in values),
        np.array([value.attribute_num for value in values], dtype=np.int32),
        n_items,
    )


def _is_common(text: str, used: Counter[str]) -> bool:
    if " " not in text:
        return text.isalpha() or text.isdigit()
    return all(word in EMPTY or word.isdigit() or used[word] >= OTHERS for word in text.split(" "))


def _words(text: str) -> set[str]:
    return {one.word for one in tokens(text)}


def _called(text: str) -> Iterator[str]:
    """What a title or a value is called as a whole."""
    for one in {text, BRACKETS.sub("", text)}:
        for spelled in {one, one.replace("-", "").replace(".", "")}:
            folded = phrase([token.word for token in tokens(spelled)])
            yield folded
            yield NUMBERED.sub(r"\1", folded)


def _parts(title: str) -> Iterator[str]:
    """What a title may be called in short: its parts of two words or more."""
    pieces = PARTS.split(title)
    for piece in pieces if len(pieces) > 1 else ():
        folded = phrase([token.word for token in tokens(piece)])
        words = folded.split(" ")
        if len(words) > 1 and words[0] not in UNITS and not all(word in EMPTY or word.isdigit() for word in words):
            yield folded


def _singulars(text: str) -> Iterator[str]:
    if text.endswith("ies"):
        yield text[:-3] + "y"
    if text.endswith("s") and not text.endswith("ss"):
        yield text[:-1]
        if text.endswith("es"):
            yield text[:-2]
