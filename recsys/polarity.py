"""Which words of an utterance are wanted and which are not.

An utterance is read from left to right. A sentence begins wanted; a word such as "not", "hate" or "without" turns what follows
it, until "but", a word such as "love" or "want" that does not stand right behind it, or the end of the clause turns it back. A
comma ends the clause, unless a list goes on behind it ("no horror, gore or war"). "less" and "too" turn it weakly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from recsys.everyday import BEGINS, BREAKS, IDIOMS, NEGATIVE, PAST, POSITIVE, SEEN, WEAK
from recsys.spelling import Token

ENDS = frozenset(".!?;\n()")
COMMAS = frozenset(",:\u2013\u2014")
NEAR = 2  # words between a negation and a liking that it negates: "did not really like"
LIST_WORDS = 4  # of an entry of a list behind a comma
WEAKLY = -0.5


@dataclass(frozen=True)
class Tone:
    """How the words of an utterance are meant.

    Parameters
    ----------
    moods : tuple of float
        For each word: 1 wanted, 0 neither, -1 not wanted, -0.5 less of it is wanted.
    clauses : tuple of int
        For each word, the number of its clause.
    cues : frozenset of int
        Places of the words that decided, and say nothing else.
    seen : frozenset of int
        Places of words in clauses that only tell what was seen.
    """

    moods: tuple[float, ...]
    clauses: tuple[int, ...]
    cues: frozenset[int]
    seen: frozenset[int]


def tone(text: str, tokens: Sequence[Token], named: Mapping[int, object] = MappingProxyType({})) -> Tone:
    """Read an utterance; `named` has the places of words that belong to names, which are no cues, and to which name."""
    reader = _Reader(text, tokens, named)
    place = 0
    while place < len(tokens):
        place += reader.step(place)
    return reader.tone()


class _Reader:
    def __init__(self, text: str, tokens: Sequence[Token], named: Mapping[int, object]) -> None:
        self._text, self._tokens, self._named = text, tokens, named
        self._words = ["" if place in named else one.word for place, one in enumerate(tokens)]
        self._moods: list[float] = []
        self._clauses: list[int] = []
        self._cues: set[int] = set()
        self._mood, self._clause = 1.0, 0
        self._negated = -NEAR - 2  # where the last negation stands

    def step(self, place: int) -> int:
        """Read on; how many words were read."""
        if place:
            self._pass(place, self._gap(place))
        for words, mood in IDIOMS:
            if tuple(self._words[place : place + len(words)]) == words:
                return self._turn(place, len(words), mood)
        cue = self._cue(place)
        if cue is not None:
            return self._turn(place, 1, cue)
        self._note(1)
        return 1

    def tone(self) -> Tone:
        seen: set[int] = set()
        for clause in set(self._clauses):
            places = [place for place, one in enumerate(self._clauses) if one == clause]
            words = {self._words[place] for place in places}
            if words & SEEN and not words & (POSITIVE | NEGATIVE) - {"i"}:
                seen.update(places)
        return Tone(tuple(self._moods), tuple(self._clauses), frozenset(self._cues), frozenset(seen))

    def _cue(self, place: int) -> float | None:
        """The mood that a word brings; None: it is no cue."""
        word = self._words[place]
        if word in BREAKS:
            self._clause += 1
            return 1.0
        if word in NEGATIVE:
            return -1.0
        if (word in WEAK and self._mood > -1) or (word == "over" and self._prefers()):
            return WEAKLY
        if word in POSITIVE and (self._mood == 1 or place - self._negated > NEAR):
            return 1.0
        return None

    def _pass(self, place: int, gap: str) -> None:
        """What stands between two words."""
        if place in self._named and self._named[place] == self._named.get(place - 1):
            return
        if any(one in ENDS for one in gap):
            self._mood, self._clause = 1.0, self._clause + 1
        elif any(one in COMMAS for one in gap) or " - " in gap:
            self._clause += 1
            if not self._goes_on(place):
                self._mood = 1.0

    def _goes_on(self, place: int) -> bool:
        """Whether an entry of a list begins here, which is meant as the one before."""
        if place - 1 in self._cues:  # "no, something else"
            return False
        for at in range(place, min(place + LIST_WORDS, len(self._words))):
            if at > place and any(one in ENDS | COMMAS for one in self._gap(at)):
                return True
            if self._words[at] in POSITIVE | BEGINS | BREAKS | PAST:
                return False
        return len(self._words) <= place + LIST_WORDS

    def _prefers(self) -> bool:
        """Whether "prefer" was said in this clause."""
        words = (word for word, clause in zip(self._words, self._clauses, strict=False) if clause == self._clause)
        return any(word.startswith("prefer") for word in words)

    def _gap(self, place: int) -> str:
        return self._text[self._tokens[place - 1].stop : self._tokens[place].start]

    def _turn(self, place: int, n: int, mood: float) -> int:
        self._mood = mood
        if mood <= 0:
            self._negated = place + n - 1
        self._cues.update(range(place, place + n))
        self._note(n)
        return n

    def _note(self, n: int) -> None:
        self._moods += [self._mood] * n
        self._clauses += [self._clause] * n
