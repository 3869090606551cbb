"""Sentiment of an utterance: which of its words are wanted, unwanted, less wanted, neutral or unseen.

The reader goes from left to right, clause by clause. A sentence begins wanted. Idioms and the rules of :data:`CUES` change the
polarity of the words that follow: "not", "hate" or "without" make them unwanted, "less" and "too" less wanted, "except"
reverses the polarity; "but", a positive word after something new ("no horror, show me"), or the end of the clause make them
wanted again. A comma ends the clause unless a list continues behind it ("no horror, gore or war"). A number range continues
only a list of ranges: "no horror, after 1990". A verdict decides the names before it: "musicals are boring", "horror? no".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from recsys.chat.number_ranges import Range
from recsys.chat.utterance import Utterance
from recsys.text.vocabulary import IDIOMS, ONLY, STOP_WORDS, WORDS, phrase_at

ENDS = frozenset(".!?;\n()")
COMMAS = frozenset(",:\u2013\u2014")
PAUSES = ENDS | COMMAS
LIST_ENDS = WORDS["positive"] | WORDS["contrast"] | WORDS["past"] | WORDS["list_ends"]
LIST_WORDS = 4  # words of an entry of a list after a comma
VERDICT_WORDS = 6
LESS = -0.5
VERDICTS: tuple[tuple[Set[str], bool, float], ...] = (  # words, whether they are negated, polarity
    (WORDS["bad"], False, -1.0),
    (WORDS["bad"], True, 1.0),
    (WORDS["good"] | WORDS["worth"], True, -1.0),
    (WORDS["fine"], False, 0.0),
)
BEFORE_VERDICT = WORDS["softening"] | WORDS["verdict_verbs"] | {"for"}


@dataclass(frozen=True)
class Sentiment:
    """Sentiment of the tokens of an utterance; sets hold token numbers.

    `polarity`: 1 wanted, 0 neutral, which takes back earlier statements, -1 unwanted, -0.5 less wanted, 0.5 unseen by the user.
    """

    polarity: tuple[float, ...]
    clauses: tuple[int, ...]  # the number of the clause of each token
    cues: frozenset[int]  # decide a polarity and have no other meaning
    seen: frozenset[int]  # of clauses that only state what the user has seen
    only: frozenset[int]  # after "only"
    instead: frozenset[int]  # of clauses with "instead"


def read_sentiment(utterance: Utterance, named: Mapping[int, object] = MappingProxyType({})) -> Sentiment:
    """Read the sentiment of an utterance; `named` maps the numbers of tokens of names, which are no cues, to their names."""
    return _Reader(utterance, named).sentiment()


class _Reader:
    def __init__(self, utterance: Utterance, named: Mapping[int, object]) -> None:
        self.utterance, self.named = utterance, named
        self.words = ["" if i in named else word for i, word in enumerate(utterance.words(0))]
        self.polarities: list[float] = []
        self.clauses: list[int] = []
        self.cues: set[int] = set()
        self.only: set[int] = set()
        self.polarity, self.clause, self.begin = 1.0, 0, 0
        self.previous_begin = -1  # first token of the previous clause
        self.list_begin = 0  # first token of the list that the clause continues
        self.negation = -1  # last token of the latest negation
        self.narrowed = False
        self.continued: set[int] = set()  # clauses that continue a list

    def sentiment(self) -> Sentiment:
        while len(self.polarities) < len(self.words):
            self._step(len(self.polarities))
        self._apply_verdicts()
        self._apply_answers()
        at = [i for i, word in enumerate(self.words) if word == "instead" and self.words[i + 1 :][:1] != ["of"]]
        instead = {i for clause in self._groups() if not set(clause).isdisjoint(at) for i in clause}
        sets = (frozenset(numbers) for numbers in (self.cues, self._seen(), self.only, instead))
        return Sentiment(tuple(self.polarities), tuple(self.clauses), *sets)

    def _step(self, i: int) -> None:
        """Read the cue or word that begins with token `i`."""
        if i:
            self._pause(i)
        self.narrowed |= bool(phrase_at(self.words, i, ONLY))
        idiom = phrase_at(self.words, i, IDIOMS)
        if idiom and (IDIOMS[idiom] or self.opens(i)):
            self._note(i, len(idiom), IDIOMS[idiom])
            return
        word = self.words[i]
        if word in WORDS["contrast"]:
            self._begin_clause(i)
        self._note(i, 1, next((cue.polarity for cue in CUES if word in cue.words and cue.applies(self, i)), None))

    def _note(self, i: int, n: int, polarity: float | None) -> None:
        """Note `n` tokens, which are a cue with a polarity, or words that have that of the latest cue."""
        if polarity is not None:
            self.polarity = polarity
            self.cues.update(range(i, i + n))
            if polarity <= 0:
                self.negation, self.narrowed = i + n - 1, False
        if self.narrowed:
            self.only.update(range(i, i + n))
        self.polarities += [self.polarity] * n
        self.clauses += [self.clause] * n

    def is_subject_new(self, i: int) -> bool:
        """Whether a subject is between the latest negation and token `i`."""
        return not WORDS["subjects"].isdisjoint(self.words[self.negation + 1 : i])

    def is_new(self, i: int) -> bool:
        """Whether a subject, a name or a word with content is between the latest negation and token `i`."""
        between = self.words[self.negation + 1 : i]
        return self.is_subject_new(i) or not all(word in STOP_WORDS or word.endswith("ly") for word in between)

    def opens(self, i: int) -> bool:
        """Whether only stop words are before token `i` in its clause."""
        return STOP_WORDS.issuperset(self.words[self.begin : i])

    def _begin_clause(self, i: int, *, continues: bool = False) -> None:
        self.clause, self.begin = self.clause + 1, i
        if continues:
            self.continued.add(self.clause)
        else:
            self.polarity, self.narrowed, self.list_begin = 1.0, False, i

    def _pause(self, i: int) -> None:
        """Read the characters before token `i`."""
        gap = self.utterance.gap(i)
        if i in self.named and self.named[i] == self.named.get(i - 1):
            return
        if not ENDS.isdisjoint(gap):
            self._begin_clause(i)
        elif not COMMAS.isdisjoint(gap) or " - " in gap:
            repeated = {self.begin, self.previous_begin} <= self.cues  # "not this, not that, something else"
            self.previous_begin = self.begin
            self._begin_clause(i, continues=not repeated and self._continues_list(i))

    def _continues_list(self, start: int) -> bool:
        """Whether an entry of a list begins with token `start`, with the polarity of the entry before."""
        if start - 1 in self.cues or self._adds_range(start):  # "no, something else"
            return False
        for i in range(start, min(start + LIST_WORDS, len(self.words))):
            if i > start and not PAUSES.isdisjoint(self.utterance.gap(i)):
                return True
            if self.words[i] in LIST_ENDS and (i == start or self.words[i] != "and"):
                return False
        return len(self.words) <= start + LIST_WORDS

    def _adds_range(self, start: int) -> bool:
        """Whether "after 1990" or "90s" begins with token `start`, behind a list without ranges.

        "The 90s" and "old" are entries of any list: "avoid horror, the 90s".
        """
        i = start
        while self.words[i : i + 1] and (self.words[i] in STOP_WORDS or self.words[i].endswith("ly")):
            i += 1
            if not PAUSES.isdisjoint(self.utterance.gap(i)):
                return False
        numbers, word = self.named.get(i), self.utterance.word(i)
        if not isinstance(numbers, Range) or word == "the" or self.words[start] in WORDS["conjunctions"]:
            return False
        listed = range(max(self.list_begin, self.negation + 1), start)
        if any(isinstance(self.named.get(j), Range) for j in listed):
            return False
        return word[0].isdigit() or self.named.get(i + 1) == numbers

    def _apply_verdicts(self) -> None:
        """Give names the polarity of the verdict behind them: "horror isn't for me", "Titanic was overrated"."""
        for i in range(1, len(self.words)):
            if i - 1 in self.named and self.words[i] in WORDS["verdict_verbs"]:
                verdict, stop = self._verdict(i)
                if verdict is not None:
                    self.cues.update(range(i, stop))
                    self._judge_before(i, verdict)

    def _judge_before(self, stop: int, verdict: float) -> None:
        for i in range(stop - 1, -1, -1):
            if self.clauses[i] != self.clauses[stop] or not (i in self.named or self.words[i] in WORDS["joining"]):
                return
            if self.polarities[i] == 1:
                self.polarities[i] = verdict

    def _verdict(self, start: int) -> tuple[float | None, int]:
        """Return the polarity of a verdict, None where there is none, and the token number after it."""
        negated = False
        for i in range(start, min(start + VERDICT_WORDS, len(self.words))):
            word = self.words[i]
            if self.clauses[i] != self.clauses[start]:
                break
            for words, when_negated, polarity in VERDICTS:
                if word in words and negated == when_negated:
                    return polarity, i + 1
            negated |= word in WORDS["negations"]
            if word not in BEFORE_VERDICT:
                break
        return None, start

    def _apply_answers(self) -> None:
        """Give names the polarity of the answer to the user's own question: "horror? no thanks"."""
        for question, answer in pairwise(numbers for numbers in self._groups() if numbers):
            word, named = self.words[answer[0]], self.named.keys()
            answers = word in WORDS["yes"] | WORDS["no"] and "?" in self.utterance.gap(answer[0])
            only_names = all(i in named or self.words[i] in STOP_WORDS for i in question)
            if answers and only_names and named.isdisjoint(answer):
                for i in named & question:
                    self.polarities[i] = -1.0 if word in WORDS["no"] else 1.0

    def _seen(self) -> set[int]:
        seen: set[int] = set()
        for clause, numbers in enumerate(self._groups()):
            words = {self.words[i] for i in numbers}
            goes_on = clause in self.continued and numbers[0] - 1 in seen
            if (goes_on or words & WORDS["seen"]) and not words & (WORDS["positive"] | WORDS["negative"]):
                seen.update(numbers)
        return seen

    def _groups(self) -> list[list[int]]:
        """Return the token numbers of each clause."""
        groups: list[list[int]] = [[] for _ in range(self.clause + 1)]
        for i, clause in enumerate(self.clauses):
            groups[clause].append(i)
        return groups


class Cue(NamedTuple):
    """Rule: one of `words` gives the following words a polarity where `applies` (reader, token number) holds."""

    words: Set[str]
    polarity: float
    applies: Callable[[_Reader, int], bool] = lambda _reader, _i: True


CUES = (  # the first that applies decides
    Cue(WORDS["contrast"], 1.0),
    Cue(WORDS["excepting"], 1.0, lambda reader, _: reader.polarity < 0),
    Cue(WORDS["excepting"], -1.0),
    Cue(WORDS["rejecting"], 0.0, lambda reader, i: reader.polarity == -1 and not reader.is_new(i)),  # "I don't dislike"
    Cue(WORDS["negative"], -1.0),
    Cue({"enough"}, -1.0, _Reader.opens),
    Cue(WORDS["weakening"], LESS, lambda reader, _: reader.polarity > -1),
    Cue({"over"}, LESS, lambda reader, i: any(word.startswith("prefer") for word in reader.words[reader.begin : i])),
    Cue(WORDS["positive"] - WORDS["positive_nouns"], 1.0, lambda reader, i: reader.polarity != 1 and reader.is_new(i)),
    Cue(WORDS["positive_nouns"], 1.0, lambda reader, i: reader.polarity != 1 and reader.is_subject_new(i)),
)
