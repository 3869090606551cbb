"""Rules for the names of items and attribute values of a catalog.

The names of an item are its title, or its id without a title, with and without an article, hyphens and text in brackets, and
each part of two words or more around a colon or a dash, if it is no title of another item. The names of a value are its text,
the aliases of :mod:`recsys.text.vocabulary`, each of several persons in it, and the last of two or three words, such as a last
name, if no other value of the attribute ends with it.

A phrase is common if it is a single word, a last name that texts use too, or two words and an "and", or if the texts of other
items use all its words: "Heat" in a sentence need not be the film.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from recsys.data.catalog import Catalog, Item
from recsys.text.tokens import phrase, tokens
from recsys.text.vocabulary import ALIASES, STOP_WORDS

MOST_WORDS = 12  # of a phrase; longer titles are cut
LONGEST_VALUE = 60  # characters; longer ones are texts and not names
SHORTEST_ALIAS = 4
LAST_WORDS = (2, 3)  # numbers of words of a value that has its last word as a name
PAIR = 3  # words of a phrase such as "black and white"
OTHERS = 2  # items whose texts use a word, after which it is common
YEAR = re.compile(r"\s*\((1[0-9]{3}|20[0-9]{2})\)\s*$")
BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
MOVED = re.compile(r"^(.*), (The|A|An|La|Le|Les|L'|El|Los|Las|Il|Der|Die|Das)$")  # "Matrix, The"
PARTS = re.compile(r"\s*[:\u2013\u2014]\s+|\s+-\s+")
SEVERAL = re.compile(r"\s*(?:,|&|/|;|\band\b)\s*")  # persons in one value
MOST_PIECES = 6
UNITS = frozenset(("part", "volume", "vol", "chapter", "episode", "season", "book"))
NUMBERED = re.compile(r"\b(?:part|volume|vol|chapter|episode) ([0-9]+)\b")


class Value(NamedTuple):
    """A value of an attribute, by the number of the attribute."""

    attribute_num: int
    text: str


class Collected(NamedTuple):
    """Phrases of a catalog.

    Parameters
    ----------
    targets : mapping
        Targets of each phrase: row numbers of items from 0 on; value ``v`` is -1 - v.
    values : list of Value
    common : set of str
        The common phrases.
    """

    targets: Mapping[str, list[int]]
    values: list[Value]
    common: Set[str]


def collected(catalog: Catalog, attribute_nums: Mapping[str, int]) -> Collected:
    """Return the phrases of all items, and of all values of the attributes that have a number."""
    return _Collector(catalog, attribute_nums).collected()


def plain_title(title: str) -> str:
    """Return a title without a year in brackets at its end, and with its article in front."""
    bare = YEAR.sub("", title)
    moved = MOVED.match(bare)
    return f"{moved.group(2)} {moved.group(1)}" if moved else bare


class _Collector:
    """Collects the phrases of a catalog."""

    def __init__(self, catalog: Catalog, attribute_nums: Mapping[str, int]) -> None:
        self._targets: dict[str, list[int]] = defaultdict(list)
        self._values: dict[Value, int] = {}
        self._used: Counter[str] = Counter()
        self._short: set[str] = set()  # last names that texts use too
        self._surnames: set[str] = set()  # last names that no text uses
        partly: dict[str, list[int]] = defaultdict(list)
        for num, item in enumerate(catalog):
            title = plain_title(item.title or item.item_id)
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

    def collected(self) -> Collected:
        called = self._targets.keys() - self._surnames
        common = {text for text in called if text in self._short or _is_common(text, self._used)}
        return Collected(self._targets, list(self._values), common)

    def _add(self, texts: set[str], target: int) -> None:
        for text in {" ".join(text.split(" ")[:MOST_WORDS]) for text in texts if text}:
            self._targets[text].append(target)

    def _add_values(self, item: Item, attribute_nums: Mapping[str, int]) -> None:
        for name, value in item.attributes.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and 0 < len(one) <= LONGEST_VALUE:
                    self._values.setdefault(Value(attribute_nums[name], one), len(self._values))

    def _name_values(self) -> None:
        for value, num in self._values.items():
            self._add(_called_value(value.text), -1 - num)
        for (attribute_num, word), texts in self._last_words().items():
            if len(texts) == 1 and word not in self._targets and word.isalpha():
                self._targets[word] = [-1 - self._values[Value(attribute_num, texts.pop())]]
                (self._short if self._used[word] else self._surnames).add(word)

    def _last_words(self) -> dict[tuple[int, str], set[str]]:
        """Return the values of two or three words by their attribute and last word."""
        last: dict[tuple[int, str], set[str]] = defaultdict(set)
        for value in self._values:
            words = [token.word for token in tokens(value.text)]
            if len(words) in LAST_WORDS and len(words[-1]) >= SHORTEST_ALIAS and words[-1] not in STOP_WORDS:
                last[value.attribute_num, words[-1]].add(value.text)
        return last


def _is_common(text: str, used: Counter[str]) -> bool:
    words = text.split(" ")
    if len(words) == 1:
        return text.isalpha() or text.isdigit()
    if len(words) == PAIR and words[1] == "and":
        return True
    return all(word in STOP_WORDS or word.isdigit() or used[word] >= OTHERS for word in words)


def _words(text: str) -> set[str]:
    return {one.word for one in tokens(text)}


def _called(text: str) -> Iterator[str]:
    """Yield the names of a whole title or value."""
    for one in {text, BRACKETS.sub("", text)}:
        for spelled in {one, one.replace("-", "").replace(".", "")}:
            folded = _folded(spelled)
            yield folded
            yield NUMBERED.sub(r"\1", folded)


def _called_value(text: str) -> set[str]:
    """Return the names of a value: itself, its aliases, and each of several persons."""
    called = set(_called(text)) - STOP_WORDS
    called |= {alias for one in called for alias in ALIASES.get(one, ())}
    pieces = [_folded(piece) for piece in SEVERAL.split(text)][:MOST_PIECES]
    return {one for one in called if not one.isdigit()} | {piece for piece in pieces if " " in piece}


def _folded(text: str) -> str:
    return phrase([token.word for token in tokens(text)])


def _parts(title: str) -> Iterator[str]:
    """Yield the short names of a title: its parts of two words or more."""
    pieces = PARTS.split(title)
    for piece in pieces if len(pieces) > 1 else ():
        folded = _folded(piece)
        words = folded.split(" ")
        if len(words) > 1 and words[0] not in UNITS and not all(word in STOP_WORDS or word.isdigit() for word in words):
            yield folded
