"""Items and values of attributes that an utterance names.

The longest phrase counts. One of words that everybody uses, such as the title "Up", must be seen to be meant: it stands in
quotation marks, is followed by the item's year, is written with capitals where there need be none, stands in a list with
another title, is all that a clause says, ends a clause behind a word such as "loved" or "except", stands before a verdict, or
was shown before. Where one or two letters are wrong, a phrase is found where a name is expected alone, and only if not all of
its words are words of the catalogue's texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

from recsys.chat.utterance import ENDS, JOINERS, QUOTES, Utterance
from recsys.text.name_index import Names
from recsys.text.name_rules import Value
from recsys.text.tokens import ARTICLES, Token
from recsys.text.vocabulary import BAD, EMPTY, FUNCTION, GOOD, LIKED, NEGATIVE, PAST, PEOPLE

LIST_GAPS = frozenset((", ", " and ", " or ", ", and ", ", or ", " & ", " nor "))
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
VERDICTS, VERDICT = GOOD | BAD, 3  # "prometheus was really bad": among so many words
LEAVING_OUT = frozenset(("not", "except", "excluding"))
MOST_NAMED = 64  # names of an utterance
MOST_GUESSED = 32  # sequences of words of a conversation that are compared with misspelled names
LONGEST_GUESS = 6  # words
MOST_BEHIND = 3  # words that may belong to a title of one word
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


class Finder:
    """Finds names.

    Parameters
    ----------
    names : Names
    year_of : callable
        From the row number of an item to its year, or None.
    is_word : callable
        Whether the texts or values of the catalogue use a word.
    """

    def __init__(self, names: Names, year_of: Callable[[int], int | None], is_word: Callable[[str], bool]) -> None:
        self._names, self._year_of, self._is_word = names, year_of, is_word
        self._guesses = MOST_GUESSED

    def find(self, said: Utterance, *, known: Set[int] = frozenset()) -> list[Named]:
        """What is named, in its order, MOST_NAMED names at most; a title of a `known` item, one that was shown, is meant."""
        candidates = dict(self._candidates(said))
        meant = {one for one, common in candidates.items() if self._is_meant(said, one, common)}
        meant |= {one for one in candidates if known & set(one.items) and _is_telling(said, one)}
        meant |= _joined(said, meant, candidates.keys() - meant)
        taken: list[Named] = []
        free = [True] * len(said.tokens)
        for one in sorted(meant, key=lambda one: (one.start - one.stop, one)):
            if all(free[one.start : one.stop]):
                free[one.start : one.stop] = [False] * (one.stop - one.start)
                taken.append(one)
        taken = [self._lengthened(said, one) for one in sorted(taken)[:MOST_NAMED]]
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
            alone = said.ends(one.start) and (said.ends(one.stop) or said.word(one.stop) in THINGS)
            return alone or said.word(one.start - 1) in PEOPLE or _with_capitals(said, one)
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
        judged = (
            said.ends(one.start) and said.word(one.stop) in COPULA and VERDICTS & {*said.words(one.stop + 1, VERDICT)}
        )
        return alone or bool(judged) or (said.ends(one.stop) and _cue_before(said, one.start))

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
    if not all(_has_capital(token) for token in telling):
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
        (word == "like" and before in THINGS | NEGATIVE)
        or word in LEAVING_OUT
        or (word in ("as", "than", "called") and before not in ("", "well"))
        or (word == "to" and before == "similar")
    )


def _joined(said: Utterance, meant: set[Named], others: Set[Named]) -> set[Named]:
    """Those of the `others` that stand in a list with a title that is meant, and are written as that is."""
    by_start: dict[int, list[Named]] = defaultdict(list)
    by_stop: dict[int, list[Named]] = defaultdict(list)
    for one in others:
        if one.items and not (said.tokens[one.start].word in FUNCTION and not said.tokens[one.start].capital):
            by_start[one.start].append(one)
            by_stop[one.stop].append(one)
    found: set[Named] = set()
    left = [one for one in meant if one.items]
    while left:
        other = left.pop()
        near = [one for step in (0, 1) for one in (*by_start[other.stop + step], *by_stop[other.start - step])]
        for one in near:
            first, second = sorted((one, other))
            gap = _gap_between(said, first.stop, second.start)
            alike = _has_capital(said.tokens[one.stop - 1]) or not _has_capital(said.tokens[other.stop - 1])
            closed = said.ends(one.stop) or said.tokens[one.start].capital
            if one not in found and gap in LIST_GAPS and alike and closed:
                found.add(one)
                left.append(one)
    return found


def _has_capital(token: Token) -> bool:
    return token.capital or token.raw[0].isdigit()


def _is_telling(said: Utterance, one: Named) -> bool:
    return any(token.word not in FUNCTION for token in said.tokens[one.start : one.stop])


def _gap_between(said: Utterance, stop: int, start: int) -> str:
    return said.text[said.tokens[stop - 1].stop : said.tokens[start].start].replace("  ", " ")
