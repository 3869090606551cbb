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
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from recsys.data.catalog import Catalog, Item
from recsys.text.tokens import folded_words, phrase
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


def plain_title(title: str) -> str:
    """Return a title without a year in brackets at its end, and with its article in front."""
    bare = YEAR.sub("", title)
    moved = MOVED.match(bare)
    return f"{moved.group(2)} {moved.group(1)}" if moved else bare


class CatalogNames:
    """Phrases of all items, and of all values of the attributes that have a number.

    `targets` maps each phrase to row numbers of items from 0 on, and -1 - v for value v; `common` are the common phrases.
    """

    def __init__(self, catalog: Catalog, attribute_nums: Mapping[str, int]) -> None:
        self.targets: dict[str, list[int]] = defaultdict(list)
        self.values: dict[Value, int] = {}  # with their numbers, from 0 on
        used: Counter[str] = Counter()
        partly: dict[str, list[int]] = defaultdict(list)
        for num, item in enumerate(catalog):
            title = plain_title(item.title or item.item_id)
            whole = set(_names(title))
            self._add(whole, num)
            for text in set(_parts(title)) - whole:
                partly[text].append(num)
            used.update(set(folded_words(item.text)).difference(folded_words(title)))
            self._add_values(item, attribute_nums)
        for text, nums in partly.items():
            self.targets.setdefault(text, nums)
        for value, num in self.values.items():
            self._add(_value_names(value.text), -1 - num)
        last_names = self._last_names()
        self.targets.update(last_names)
        texts = {text for text in self.targets.keys() - last_names.keys() if _is_common(text, used)}
        self.common = texts | {word for word in last_names if used[word]}

    def _add(self, texts: set[str], target: int) -> None:
        for text in {" ".join(text.split(" ")[:MOST_WORDS]) for text in texts if text}:
            self.targets[text].append(target)

    def _add_values(self, item: Item, attribute_nums: Mapping[str, int]) -> None:
        for name, value in item.attributes.items():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and 0 < len(text) <= LONGEST_VALUE:
                    self.values.setdefault(Value(attribute_nums[name], text), len(self.values))

    def _last_names(self) -> dict[str, list[int]]:
        """Return the targets of the last words of values of two or three words that are no other name."""
        last: dict[tuple[int, str], set[Value]] = defaultdict(set)
        for value in self.values:
            words = folded_words(value.text)
            if len(words) in LAST_WORDS and len(words[-1]) >= SHORTEST_ALIAS and words[-1] not in STOP_WORDS:
                last[value.attribute_num, words[-1]].add(value)
        names: dict[str, list[int]] = {}
        for (_, word), values in last.items():
            if len(values) == 1 and word not in self.targets and word.isalpha():
                names.setdefault(word, [-1 - self.values[values.pop()]])
        return names


def _is_common(text: str, used: Counter[str]) -> bool:
    words = text.split(" ")
    if len(words) == 1:
        return text.isalpha() or text.isdigit()
    if len(words) == PAIR and words[1] == "and":
        return True
    return all(word in STOP_WORDS or word.isdigit() or used[word] >= OTHERS for word in words)


def _names(text: str) -> Iterator[str]:
    """Yield the names of a whole title or value."""
    for bare in {text, BRACKETS.sub("", text)}:
        for spelled in {bare, bare.replace("-", "").replace(".", "")}:
            folded = _folded(spelled)
            yield folded
            yield NUMBERED.sub(r"\1", folded)


def _value_names(text: str) -> set[str]:
    """Return the names of a value: itself, its aliases, and each of several persons."""
    names = set(_names(text)) - STOP_WORDS
    names |= {alias for name in names for alias in ALIASES.get(name, ())}
    pieces = [_folded(piece) for piece in SEVERAL.split(text)][:MOST_PIECES]
    return {name for name in names if not name.isdigit()} | {piece for piece in pieces if " " in piece}


def _folded(text: str) -> str:
    return phrase(folded_words(text))


def _parts(title: str) -> Iterator[str]:
    """Yield the short names of a title: its parts of two words or more."""
    pieces = PARTS.split(title)
    for piece in pieces if len(pieces) > 1 else ():
        folded = _folded(piece)
        words = folded.split(" ")
        if len(words) > 1 and words[0] not in UNITS and not all(word in STOP_WORDS or word.isdigit() for word in words):
            yield folded
