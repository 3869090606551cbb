"""A text that somebody said, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from recsys.text.tokens import Token
from recsys.text.vocabulary import BREAKS, DRESSING, TRAILING

QUOTES = frozenset("\"\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019'")
ENDS = frozenset('.,!?;:\n()\u2013\u2014"\u201c\u201d\u00ab\u00bb')
JOINERS = frozenset(("and", "or", "nor"))
MOST_CAPITALS = 0.6  # of the words of an utterance; where more are written with capitals, they say nothing


@dataclass(frozen=True)
class Utterance:
    """A text and its words."""

    text: str
    tokens: Sequence[Token]

    def gap(self, place: int) -> str:
        """What stands before a word."""
        start = self.tokens[place - 1].stop if place else 0
        stop = self.tokens[place].start if place < len(self.tokens) else len(self.text)
        return self.text[start:stop]

    def words(self, place: int, n: int) -> list[str]:
        """Up to `n` words from a place on."""
        return [one.word for one in self.tokens[place : place + n]]

    def word(self, place: int) -> str:
        return self.tokens[place].word if 0 <= place < len(self.tokens) else ""

    def ends(self, place: int) -> bool:
        """Whether a clause, or an entry of a list, ends before a word."""
        if place in (0, len(self.tokens)):
            return True
        return any(one in ENDS for one in self.gap(place)) or self.word(place) in BREAKS | JOINERS

    def begins(self, place: int) -> bool:
        """Whether a sentence begins with a word, which is then written with a capital."""
        return place == 0 or any(one in '.!?\n:;"“«' for one in self.gap(place))

    def quoted(self, start: int, stop: int) -> bool:
        return self.gap(start)[-1:] in QUOTES and self.gap(stop)[:1] in QUOTES

    @cached_property
    def shouts(self) -> bool:
        """Whether capitals say nothing, because most words have them."""
        free = [one for place, one in enumerate(self.tokens) if not self.begins(place) and one.raw != "I"]
        return len(free) > 1 and sum(one.capital for one in free) > MOST_CAPITALS * len(free)


def runs_of(places: list[int], clauses: tuple[int, ...]) -> list[list[int]]:
    """Places in pieces that stand together in a clause."""
    found: list[list[int]] = []
    for place in places:
        if found and found[-1][-1] == place - 1 and clauses[place] == clauses[place - 1]:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def trimmed(said: Utterance, places: list[int]) -> list[int]:
    """Some words without those at their ends that say nothing."""
    while places and said.word(places[0]) in DRESSING:
        places = places[1:]
    while places and said.word(places[-1]) in TRAILING:
        places = places[:-1]
    return places
