"""Items and values of attributes that an utterance names.

The longest phrase counts. One of words that everybody uses, such as the title "Up", must be seen to be meant: it stands in
quotation marks, is followed by the item's year, is written with capitals where there need be none, stands in a list with
another title, is all that a clause says, or ends a clause behind a word such as "loved". Where one or two letters are wrong, a
phrase is found where a name is expected alone, and only if not all of its words are words of the catalogue's texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from recsys.everyday import BREAKS, EMPTY, FUNCTION, LIKED, PAST, PEOPLE
from recsys.names import Names
from recsys.naming import Value
from recsys.spelling import ARTICLES, Token

QUOTES = frozenset("\"“”„«»\u2018\u2019'")
ENDS = frozenset('.,!?;:\n()\u2013\u2014"“”«»')
MARKS = frozenset("-*\u2022")
LIST_GAPS = frozenset((", ", " and ", " or ", ", and ", ", or ", " & ", " nor "))
JOINERS = frozenset(("and", "or", "nor"))
THINGS = frozenset(
    (
        "something",
        "anything",
        "nothing",
        "films",
        "film",
        "movies",
        "movie",
        "books",
        "book",
        "more",
        "stuff",
        "things",
        "just",
    )
)
COPULA = frozenset(("was", "were", "is"))
MOST_GUESSED = 32  # sequences of words of a conversation that are compared with misspelled names
LONGEST_GUESS = 6  # words
MOST_BEHIND = 3  # words that may belong to a title of one word
MOST_CAPITALS = 0.6  # of the words of an utterance; where more are written with capitals, they say nothing
LONG = 3  # words of a phrase that nobody says by chance


class Named(NamedTuple):
    """A name in an utterance, by the numbers of its first word and of the one behind its last.

    Parameters
    ----------
    start, stop : int
    items : tuple of int
        Row numbers of the items that are called so; of several, those of the year that is said.
    values : tuple of Value
        Where it is no item.
    """

    start: int
    stop: int
    items: tuple[int, ...] = ()
    values: tuple[Value, ...] = ()


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

    def lists(self, place: int) -> bool:
        """Whether an entry of a list with a number or a mark begins with a word."""
        if self.word(place - 1).isdigit() and "\n" not in self.gap(place):
            return self.gap(place)[:1] in (".", ")") and (place == 1 or "\n" in self.gap(place - 1))
        before = self.gap(place).rpartition("\n")[2].strip()
        return (place == 0 or "\n" in self.gap(place)) and before[:1] in MARKS

    @cached_property
    def shouts(self) -> bool:
        """Whether capitals say nothing, because most words have them."""
        free = [one for place, one in enumerate(self.tokens) if not self.begins(place) and one.raw != "I"]
        return len(free) > 1 and sum(one.capital for one in free) > MOST_CAPITALS * len(free)


class Finder:
    """Finds names.

    Parameters
    ----------
    names : Names
    year_of : callable
        From the row number of an item to its year, or None.
    is_word : callable
        Whether the texts of the catalogue use a word.
    """

    def __init__(self, names: Names, year_of: Callable[[int], int | None], is_word: Callable[[str], bool]) -> None:
        self._names, self._year_of, self._is_word = names, year_of, is_word
        self._guesses = MOST_GUESSED

    def find(self, said: Utterance, *, listed: bool = False) -> list[Named]:
        """What is named, in its order; with `listed`, what begins a line of a list is a title."""
        candidates = dict(self._candidates(said))
        meant = {one for one, common in candidates.items() if self._is_meant(said, one, common)}
        meant |= {one for one in candidates if listed and one.items and said.lists(one.start)}
        while more := {one for one in candidates.keys() - meant if one.items and _in_list(said, one, meant)}:
            meant |= more
        taken: list[Named] = []
        for one in sorted(meant, key=lambda one: (one.start - one.stop, one.start)):
            if all(one.stop <= other.start or one.start >= other.stop for other in taken):
                taken.append(one)
        taken = [self._lengthened(said, one) for one in taken]
        return sorted([*taken, *self._misspelled(said, taken)])

    def _candidates(self, said: Utterance) -> Iterator[tuple[Named, bool]]:
        """Every phrase, at every place, and whether its words are common."""
        words = [one.word for one in said.tokens]
        for start in range(len(words)):
            for stop, num in self._names.matches(words, start):
                for one in self._read(said, start, stop, num):
                    yield one, bool(self._names.common[num])

    def _read(self, said: Utterance, start: int, stop: int, num: int) -> Iterator[Named]:
        """A phrase as an item, and as a value."""
        if items := self._names.items(num):
            dated = [one for one in items if said.word(stop).isdigit() and str(self._year_of(one)) == said.word(stop)]
            yield Named(start, stop + bool(dated), tuple(dated or items))
        if values := self._names.values_of(num):
            yield Named(start, stop, values=tuple(values))

    def _is_meant(self, said: Utterance, one: Named, common: bool) -> bool:
        words = [token.word for token in said.tokens[one.start : one.stop]]
        if one.values:
            return self._is_meant_value(said, one, words, common)
        dated = len(words) > 1 and words[-1].isdigit() and str(self._year_of(one.items[0])) == words[-1]
        if dated or said.quoted(one.start, one.stop):
            return True
        return self._is_meant_title(said, one, words, common)

    def _is_meant_value(self, said: Utterance, one: Named, words: list[str], common: bool) -> bool:
        words = words[1:] if len(words) > 1 and words[0] in ARTICLES else words
        if len(words) > 1 or not common:
            return True
        if any(" " in value.text for value in one.values):  # a person, by the last word
            return said.word(one.start - 1) in PEOPLE or _with_capitals(said, one)
        return words[0] not in FUNCTION

    def _is_meant_title(self, said: Utterance, one: Named, words: list[str], common: bool) -> bool:
        if not common:
            return True
        if all(word.isdigit() for word in words):
            return said.word(one.start - 1) in PAST | {"like"} and said.ends(one.stop)
        if _with_capitals(said, one):
            return True
        if all(word in FUNCTION for word in words):
            return False
        if _is_long(words):
            return True
        alone = said.ends(one.start) and said.ends(one.stop) and said.word(one.start - 1) not in JOINERS
        return alone or (said.ends(one.stop) and _cue_before(said, one.start))

    def _lengthened(self, said: Utterance, one: Named) -> Named:
        """A title of one word, or a longer one that begins so and has a slip: "Blade Runnr"."""
        if not one.items or one.stop - one.start > 1:
            return one
        for stop in range(one.stop + 1, min(one.stop + MOST_BEHIND, len(said.tokens)) + 1):
            if said.gap(stop - 1) != " " or said.ends(stop - 1) or not self._guesses:
                break
            self._guesses -= 1
            if not self._is_word(said.word(stop - 1)) and (found := self._guess(said, one.start, stop)) and found.items:
                return found
        return one

    def _misspelled(self, said: Utterance, taken: Sequence[Named]) -> Iterator[Named]:
        """Names with slips of the keyboard, where a name is expected."""
        free = [all(not one.start <= place < one.stop for one in taken) for place in range(len(said.tokens))]
        place, known = 0, list(taken)
        while place < len(free):
            stop = self._end_of_guess(said, free, place, known)
            found = None
            while stop > place and self._guesses and found is None:
                self._guesses -= 1
                found = self._guess(said, place, stop)
                stop -= 1
            if found:
                known.append(found)
                yield found
            place = found.stop if found else place + 1

    def _end_of_guess(self, said: Utterance, free: Sequence[bool], start: int, taken: Sequence[Named]) -> int:
        """Behind the last word of what may be a name; `start` where no name is expected."""
        capital = (
            said.tokens[start].capital and not said.begins(start) and not said.shouts and said.tokens[start].raw != "I"
        )
        alone = start == 0 and len(free) <= LONGEST_GUESS
        listed = any(
            one.items and _gap_between(said, one.stop, start) in LIST_GAPS for one in taken if one.stop <= start
        )
        marked = said.gap(start)[-1:] in QUOTES - {"'", "\u2019"}
        expected = alone or listed or capital or marked or _cue_before(said, start)
        stop = start
        while expected and stop < len(free) and free[stop] and stop - start < LONGEST_GUESS:
            if stop > start and said.ends(stop):
                break
            stop += 1
        return stop

    def _guess(self, said: Utterance, start: int, stop: int) -> Named | None:
        words = [one.word for one in said.tokens[start:stop]]
        if all(word in EMPTY for word in words) or (len(words) == 1 and self._is_word(words[0])):
            return None
        num = self._names.nearest(words)
        found = None if num is None else next(self._read(said, start, stop, num))
        if (
            found and stop - start == 1 and any(" " in value.text for value in found.values)
        ):  # the last word of a person
            return None
        return found


def _with_capitals(said: Utterance, one: Named) -> bool:
    """Whether it is written as a name where other words are not."""
    if said.shouts:
        return False
    span = said.tokens[one.start : one.stop]
    telling = [token for token in span if token.word not in FUNCTION] or [span[-1]]
    if not all(token.capital for token in telling):
        return False
    if not said.begins(one.start):
        return True
    if said.word(one.start) in ARTICLES or len(telling) > 1:  # "The Thing was good"
        return len(telling) > 1 or (span[-1].capital and len(span) > 1)
    return said.word(one.stop) in COPULA and said.word(one.start) not in FUNCTION


def _is_long(words: Sequence[str]) -> bool:
    """Whether nobody says so many words by chance: "life is beautiful", but not "black and white"."""
    telling = sum(word not in EMPTY for word in words)
    return telling > 0 and len(words) >= (LONG + 1 if JOINERS & set(words) else LONG)


def _cue_before(said: Utterance, start: int) -> bool:
    """Whether a title is expected: behind "loved", "watched", "something like", "than"."""
    if start == 0 or any(mark in ENDS for mark in said.gap(start)):
        return False
    word, before = said.word(start - 1), said.word(start - 2)
    if word in PAST | LIKED:
        return word in PAST or before == "i"
    return (
        (word == "like" and before in THINGS)
        or (word in ("as", "than", "called") and before not in ("", "well"))
        or (word == "to" and before == "similar")
    )


def _in_list(said: Utterance, one: Named, meant: set[Named]) -> bool:
    """Whether it stands beside a title that is meant, and is written as that is."""
    if said.tokens[one.start].word in FUNCTION and not said.tokens[one.start].capital:
        return False
    for other in meant:
        if not other.items:
            continue
        behind = one.start >= other.stop and _gap_between(said, other.stop, one.start) in LIST_GAPS
        before = other.start >= one.stop and _gap_between(said, one.stop, other.start) in LIST_GAPS
        alike = said.tokens[one.stop - 1].capital or not said.tokens[other.stop - 1].capital
        if (behind or before) and alike and (said.ends(one.stop) or said.tokens[one.start].capital):
            return True
    return False


def _gap_between(said: Utterance, stop: int, start: int) -> str:
    return said.text[said.tokens[stop - 1].stop : said.tokens[start].start].replace("  ", " ")
