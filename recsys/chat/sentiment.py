"""Which words of an utterance are wanted and which are not.

An utterance is read from left to right. A sentence begins wanted; a word such as "not", "hate" or "without" turns what follows
it, until "but", a word such as "love" or "want" with something else between ("no horror, show me"), or the end of the clause
turns it back. A comma ends the clause, unless a list goes on behind it ("no horror, gore or war"). "less" and "too" turn it
weakly, "except" turns it around. What stands before a verdict is meant as that says: "musicals are boring", "horror? no".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from recsys.text.tokens import Token
from recsys.text.vocabulary import (
    BAD,
    BEGINS,
    BREAKS,
    EMPTY,
    EXCEPTING,
    FINE,
    HATING,
    IDIOMS,
    MILD,
    NEGATIVE,
    NO,
    NOUNS,
    PAST,
    POSITIVE,
    SEEN,
    SUBJECTS,
    VERDICT,
    WEAK,
    WORTH,
    YES,
)

ENDS = frozenset(".!?;\n()")
COMMAS = frozenset(",:\u2013\u2014")
LIST_WORDS = 4  # of an entry of a list behind a comma
VERDICT_WORDS = 6
WEAKLY = -0.5
JOINED = frozenset(("and", "or", "nor", "the", "a", "an"))
NEGATIONS = frozenset(("not", "never", "isnt", "arent", "wasnt", "werent", "no"))
ONLY: tuple[tuple[str, ...], ...] = (
    ("only",),
    ("exclusively",),
    ("strictly",),
    ("nothing", "but"),
    ("must", "be"),
    ("has", "to", "be"),
)


@dataclass(frozen=True)
class Tone:
    """How the words of an utterance are meant.

    Parameters
    ----------
    moods : tuple of float
        For each word: 1 wanted, 0 neither, which takes back what was said of it, -1 not wanted, -0.5 less of it is wanted, 0.5
        not known to the person.
    clauses : tuple of int
        For each word, the number of its clause.
    cues : frozenset of int
        Places of the words that decided, and say nothing else.
    seen : frozenset of int
        Places of words in clauses that only tell what was seen.
    only : frozenset of int
        Places of words behind "only".
    instead : frozenset of int
        Places of words in clauses with "instead".
    """

    moods: tuple[float, ...]
    clauses: tuple[int, ...]
    cues: frozenset[int]
    seen: frozenset[int]
    only: frozenset[int] = frozenset()
    instead: frozenset[int] = frozenset()


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
        self._only: set[int] = set()
        self._mood, self._clause, self._begin = 1.0, 0, 0
        self._begun_before = -1  # where the clause before began
        self._negated = -1  # where the last negation stands
        self._narrowed = False
        self._continued: set[int] = set()  # clauses that are entries of a list that began before

    def step(self, place: int) -> int:
        """Read on; how many words were read."""
        if place:
            self._pass(place, self._gap(place))
        for words in ONLY:
            self._narrowed |= tuple(self._words[place : place + len(words)]) == words
        for words, mood in IDIOMS:
            if tuple(self._words[place : place + len(words)]) == words and (mood or self._opens(place)):
                return self._turn(place, len(words), mood)
        cue = self._cue(place)
        if cue is not None:
            return self._turn(place, 1, cue)
        self._note(1)
        return 1

    def tone(self) -> Tone:
        self._judge()
        self._reply()
        seen: set[int] = set()
        instead: set[int] = set()
        for clause, places in enumerate(self._groups()):
            words = {self._words[place] for place in places}
            told = bool(words & SEEN) or (clause in self._continued and bool(places) and places[0] - 1 in seen)
            if told and not words & (POSITIVE | NEGATIVE):
                seen.update(places)
            if any(self._words[place] == "instead" and self._words[place + 1 :][:1] != ["of"] for place in places):
                instead.update(places)
        sets = (frozenset(one) for one in (self._cues, seen, self._only, instead))
        return Tone(tuple(self._moods), tuple(self._clauses), *sets)

    def _cue(self, place: int) -> float | None:
        """The mood that a word brings; None: it is no cue."""
        word = self._words[place]
        if word in BREAKS:
            self._clause, self._begin, self._narrowed = self._clause + 1, place, False
            return 1.0
        if word in EXCEPTING:
            return 1.0 if self._mood < 0 else -1.0
        if word in NEGATIVE or (word == "enough" and self._opens(place)):
            return 0.0 if word in HATING and self._mood == -1 and not self._between(place) else -1.0
        if (word in WEAK and self._mood > -1) or (word == "over" and self._prefers()):
            return WEAKLY
        if word in POSITIVE and self._mood != 1 and self._between(place, subject=word in NOUNS):
            return 1.0
        return None

    def _between(self, place: int, *, subject: bool = False) -> bool:
        """Whether something new stands between the last negation and a word: a subject, or anything that tells something."""
        for at in range(self._negated + 1, place):
            word = self._words[at]
            if word in SUBJECTS or (not subject and (at in self._named or not (word in EMPTY or word.endswith("ly")))):
                return True
        return False

    def _opens(self, place: int) -> bool:
        """Whether nothing that tells something stands before a word in its clause."""
        return all(self._words[at] in EMPTY for at in range(self._begin, place))

    def _pass(self, place: int, gap: str) -> None:
        """What stands between two words."""
        if place in self._named and self._named[place] == self._named.get(place - 1):
            return
        if any(one in ENDS for one in gap):
            self._mood, self._clause, self._begin, self._narrowed = 1.0, self._clause + 1, place, False
        elif any(one in COMMAS for one in gap) or " - " in gap:
            repeated = (
                self._begin in self._cues and self._begun_before in self._cues
            )  # "not this, not that, something else"
            self._begun_before = self._begin
            self._clause, self._begin = self._clause + 1, place
            if not repeated and self._goes_on(place):
                self._continued.add(self._clause)
            else:
                self._mood, self._narrowed = 1.0, False

    def _goes_on(self, place: int) -> bool:
        """Whether an entry of a list begins here, which is meant as the one before."""
        if place - 1 in self._cues:  # "no, something else"
            return False
        for at in range(place, min(place + LIST_WORDS, len(self._words))):
            if at > place and any(one in ENDS | COMMAS for one in self._gap(at)):
                return True
            if self._words[at] in POSITIVE | BREAKS | PAST | (BEGINS if at == place else BEGINS - {"and"}):
                return False
        return len(self._words) <= place + LIST_WORDS

    def _prefers(self) -> bool:
        """Whether "prefer" was said in this clause."""
        words = (word for word, clause in zip(self._words, self._clauses, strict=False) if clause == self._clause)
        return any(word.startswith("prefer") for word in words)

    def _judge(self) -> None:
        """Verdicts on the names before them: "horror isn't for me", "Titanic was overrated"."""
        for place in range(1, len(self._words)):
            if place - 1 not in self._named or self._words[place] not in VERDICT:
                continue
            verdict, stop = self._verdict(place)
            if verdict is None:
                continue
            self._cues.update(range(place, stop))
            at = place - 1
            while (
                at >= 0
                and self._clauses[at] == self._clauses[place]
                and (at in self._named or self._words[at] in JOINED)
            ):
                if self._moods[at] == 1:
                    self._moods[at] = verdict
                at -= 1

    def _verdict(self, start: int) -> tuple[float | None, int]:
        """The mood that a verdict brings, None where it is none, and the place behind it."""
        negated = False
        for place in range(start, min(start + VERDICT_WORDS, len(self._words))):
            word = self._words[place]
            if self._clauses[place] != self._clauses[start]:
                break
            if word in BAD:
                return (1.0 if negated else -1.0), place + 1
            if word in WORTH and negated:
                return -1.0, place + 1
            if word in FINE and not negated:
                return 0.0, place + 1
            negated |= word in NEGATIONS
            if word not in MILD | VERDICT and word != "for":
                break
        return None, start

    def _reply(self) -> None:
        """Questions that the person answers: "horror? no thanks"."""
        groups = [places for places in self._groups() if places]
        for before, behind in pairwise(groups):
            named = [at for at in before if at in self._named]
            short = all(at in self._named or self._words[at] in EMPTY for at in before)
            word = self._words[behind[0]]
            if (
                named
                and short
                and word in YES | NO
                and "?" in self._gap(behind[0])
                and not self._named.keys() & set(behind)
            ):
                for at in named:
                    self._moods[at] = -1.0 if word in NO else 1.0

    def _groups(self) -> list[list[int]]:
        """The places of each clause."""
        groups: list[list[int]] = [[] for _ in range(self._clause + 1)]
        for place, clause in enumerate(self._clauses):
            groups[clause].append(place)
        return groups

    def _gap(self, place: int) -> str:
        return self._text[self._tokens[place - 1].stop : self._tokens[place].start]

    def _turn(self, place: int, n: int, mood: float) -> int:
        self._mood = mood
        if mood <= 0:
            self._negated, self._narrowed = place + n - 1, False
        self._cues.update(range(place, place + n))
        self._note(n)
        return n

    def _note(self, n: int) -> None:
        if self._narrowed:
            self._only.update(range(len(self._moods), len(self._moods) + n))
        self._moods += [self._mood] * n
        self._clauses += [self._clause] * n
