"""Entities of an utterance: the items and attribute values that it names.

The longest phrase wins. A phrase of common words, such as the title "Up", is an entity only where :data:`TITLE_RULES` or
:data:`VALUE_RULES` say so: it is quoted, followed by the item's year, written with capitals, in a list with another title, the
whole clause, at the end of a clause after a word such as "loved" or "except", before a verdict, or listed by the assistant. A
phrase with one or two typos is found only where a name is expected, and only if the texts of the catalog lack one of its words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from recsys.chat.utterance import CLAUSE_ENDS, QUOTES, Utterance
from recsys.text.name_index import NameIndex
from recsys.text.name_rules import Value
from recsys.text.tokens import ARTICLES, Token
from recsys.text.vocabulary import STOP_WORDS, WORDS

LIST_GAPS = frozenset((", ", " and ", " or ", ", and ", ", or ", " & ", " nor "))
APOSTROPHES = frozenset("'\u2019")
VERDICTS = WORDS["good"] | WORDS["bad"]
VERDICT_WORDS = 3  # "prometheus was really bad": words after the verb in which a verdict is looked for
MOST_NAMED = 64  # entities of an utterance
MOST_GUESSED = 32  # spans of a conversation that are compared with misspelled names
LONGEST_GUESS = 6  # words
MOST_BEHIND = 3  # words that may extend a title of one word
LONG = 3  # words of a phrase that is a title wherever it stands


class Entity(NamedTuple):
    """An item or attribute values, named by the tokens `start` to `stop` - 1."""

    start: int
    stop: int
    items: tuple[int, ...] = ()  # row numbers of the items with that name, of the year that follows where it fits
    values: tuple[Value, ...] = ()  # empty for items

    @property
    def numbers(self) -> range:
        """The numbers of its tokens."""
        return range(self.start, self.stop)


class EntityFinder:
    """Finds the entities of utterances.

    Parameters
    ----------
    names : NameIndex
    year_of : callable
        From the row number of an item to its year, or None.
    is_word : callable
        Whether the texts or values of the catalog use a word.
    """

    def __init__(self, names: NameIndex, year_of: Callable[[int], int | None], is_word: Callable[[str], bool]) -> None:
        self._names, self._year_of, self._is_word = names, year_of, is_word
        self._guesses = MOST_GUESSED

    def find(self, utterance: Utterance, *, known: Set[int] = frozenset()) -> list[Entity]:
        """Return the entities in order, at most MOST_NAMED and the misspelled ones; titles of `known` items always count."""
        candidates = {one.entity: one for one in self._candidates(utterance)}
        entities = candidates.keys()
        found = {entity for entity, candidate in candidates.items() if candidate.is_meant}
        found |= {one for one in entities if known & set(one.items) and _has_content(utterance, one)}
        found |= _joined(utterance, found, entities - found)
        taken: list[Entity] = []
        free = set(range(len(utterance.tokens)))
        for one in sorted(found, key=lambda one: (one.start - one.stop, one)):
            if free.issuperset(one.numbers):
                free -= set(one.numbers)
                taken.append(one)
        taken = [self._lengthened(utterance, one) for one in sorted(taken)[:MOST_NAMED]]
        return sorted([*taken, *self._misspelled(utterance, taken)])

    def _candidates(self, utterance: Utterance) -> Iterator[_Candidate]:
        """Yield every phrase of the name index at every token."""
        words = utterance.words(0)
        for start in range(len(words)):
            for stop, num in self._names.matches(words, start):
                for entity in self._entities(utterance, start, stop, num):
                    yield self._candidate(utterance, entity, common=bool(self._names.common[num]))

    def _candidate(self, utterance: Utterance, entity: Entity, *, common: bool) -> _Candidate:
        start, stop = entity.start, entity.stop
        words = utterance.words(start, stop)
        dated = bool(entity.items) and len(words) > 1 and self._is_year(words[-1], entity.items[0])
        beside, ends = (utterance.word(start - 1), utterance.word(stop)), (utterance.ends(start), utterance.ends(stop))
        return _Candidate(utterance, entity, dated, common, words, *beside, *ends)

    def _entities(self, utterance: Utterance, start: int, stop: int, num: int) -> Iterator[Entity]:
        """Yield the items of a phrase, and its values."""
        if items := self._names.items(num):
            dated = [one for one in items if self._is_year(utterance.word(stop), one)]
            yield Entity(start, stop + bool(dated), tuple(dated or items))
        if values := self._names.values_of(num):
            yield Entity(start, stop, values=tuple(values))

    def _is_year(self, word: str, item_num: int) -> bool:
        return word.isdigit() and str(self._year_of(item_num)) == word

    def _lengthened(self, utterance: Utterance, entity: Entity) -> Entity:
        """Return a title of one word, or a longer misspelled title that begins with it: "Blade Runnr"."""
        if not entity.items or entity.stop - entity.start > 1:
            return entity
        for stop in range(entity.stop + 1, min(entity.stop + MOST_BEHIND, len(utterance.tokens)) + 1):
            if utterance.gap(stop - 1) != " " or utterance.ends(stop - 1) or not self._guesses:
                break
            found = None if self._is_word(utterance.word(stop - 1)) else self._nearest(utterance, entity.start, stop)
            self._guesses -= 1
            if found and found.items:
                return found
        return entity

    def _misspelled(self, utterance: Utterance, taken: Sequence[Entity]) -> Iterator[Entity]:
        """Yield names with typos, where a name is expected."""
        known = list(taken)
        free = set(range(len(utterance.tokens))).difference(*(one.numbers for one in taken))
        start = 0
        while start < len(utterance.tokens):
            found = self._guess(utterance, start, _end_of_guess(utterance, free, start, known))
            if found:
                known.append(found)
                yield found
            start = found.stop if found else start + 1

    def _guess(self, utterance: Utterance, start: int, stop: int) -> Entity | None:
        """Return the longest misspelled name that begins at `start` and ends at `stop` or before."""
        found = None
        while stop > start and self._guesses and found is None:
            self._guesses -= 1
            found = self._nearest(utterance, start, stop)
            stop -= 1
        return found

    def _nearest(self, utterance: Utterance, start: int, stop: int) -> Entity | None:
        words = utterance.words(start, stop)
        if STOP_WORDS.issuperset(words) or (len(words) == 1 and self._is_word(words[0])):
            return None
        num = self._names.nearest(words)
        found = None if num is None else next(self._entities(utterance, start, stop, num))
        return None if found and len(words) == 1 and _is_person(found) else found


@dataclass(frozen=True)
class _Candidate:
    """A phrase that may be an entity, with the words beside it.

    `dated`: it ends with the item's year; `common`: other texts use its words; `opens`, `closes`: it begins or ends a clause.
    """

    utterance: Utterance
    entity: Entity
    dated: bool
    common: bool
    words: list[str]
    before: str
    after: str
    opens: bool
    closes: bool

    @property
    def is_meant(self) -> bool:
        """Whether the phrase is an entity here: the first rule that applies decides."""
        rules = VALUE_RULES if self.entity.values else TITLE_RULES
        return next(verdict for applies, verdict in rules if applies(self))

    def is_quoted(self) -> bool:
        return self.utterance.quoted(self.entity.start, self.entity.stop)

    def is_number(self) -> bool:
        return all(word.isdigit() for word in self.words)

    def has_only_function_words(self) -> bool:
        return WORDS["function"].issuperset(self.words)

    def is_long(self) -> bool:
        """Whether it has so many words that they are no coincidence: "life is beautiful", but not "black and white"."""
        enough = LONG + 1 if WORDS["conjunctions"].intersection(self.words) else LONG
        return len(self.words) >= enough and not STOP_WORDS.issuperset(self.words)

    def has_verdict(self) -> bool:
        following = self.utterance.words(self.entity.stop + 1, self.entity.stop + 1 + VERDICT_WORDS)
        return self.opens and self.after in WORDS["be"] and not VERDICTS.isdisjoint(following)

    def is_person(self) -> bool:
        return _is_person(self.entity)

    def is_person_with_cue(self) -> bool:
        """Whether it is the last name of a person, where a person is expected."""
        alone = self.opens and (self.closes or self.after in WORDS["things"])
        return self.is_person() and (alone or self.before in WORDS["people"] or self.has_capitals())

    def has_capitals(self) -> bool:
        """Whether it is written as a name where other words are not."""
        span = self.utterance.tokens[self.entity.start : self.entity.stop]
        content = [token for token in span if token.word not in WORDS["function"]] or span[-1:]
        if self.utterance.shouts or not all(map(_has_capital, content)):
            return False
        if not self.utterance.begins(self.entity.start) or len(content) > 1:
            return True
        if self.words[0] in ARTICLES:  # "The Thing was good"
            return span[-1].capital and len(span) > 1
        return self.after in WORDS["be"] and self.words[0] not in WORDS["function"]


Rules = tuple[tuple[Callable[[_Candidate], bool], bool], ...]
TITLE_RULES: Rules = (
    (lambda one: one.dated or not one.common, True),
    (_Candidate.is_quoted, True),
    (lambda one: one.is_number() and one.closes and one.before in WORDS["past"] | {"like"}, True),
    (_Candidate.is_number, False),
    (_Candidate.has_capitals, True),
    (_Candidate.has_only_function_words, False),
    (_Candidate.is_long, True),
    (lambda one: one.opens and one.closes and one.before not in WORDS["conjunctions"], True),
    (_Candidate.has_verdict, True),
    (lambda one: one.closes and _cue_before(one.utterance, one.entity.start), True),
    (lambda _: True, False),
)
VALUE_RULES: Rules = (
    (lambda one: not one.common or len(one.words) > 1 + (one.words[0] in ARTICLES), True),
    (_Candidate.is_person_with_cue, True),
    (_Candidate.is_person, False),
    (_Candidate.has_only_function_words, False),
    (lambda _: True, True),
)


# A title follows one of these words where the word before them fits.
TITLE_CUES: tuple[tuple[Set[str], Callable[[str], bool]], ...] = (
    (WORDS["past"], lambda _: True),
    (WORDS["liked"], lambda before: before == "i"),
    ({"like"}, lambda before: before in WORDS["things"] | WORDS["negative"]),
    (WORDS["leaving_out"], lambda _: True),
    ({"as", "than", "called"}, lambda before: before not in {"", "well"}),
    ({"to"}, lambda before: before == "similar"),
)


def _cue_before(utterance: Utterance, start: int) -> bool:
    """Whether a title is expected at `start`: after "loved", "watched", "something like", "than"."""
    if start == 0 or not CLAUSE_ENDS.isdisjoint(utterance.gap(start)):
        return False
    word, before = utterance.word(start - 1), utterance.word(start - 2)
    return any(word in words and fits(before) for words, fits in TITLE_CUES)


def _end_of_guess(utterance: Utterance, free: Set[int], start: int, taken: Sequence[Entity]) -> int:
    """Return the number after the last token of what may be a name; `start` where no name is expected."""
    if not any(expected(utterance, start, taken) for expected in EXPECTATIONS):
        return start
    stop = start
    while stop in free and stop - start < LONGEST_GUESS and (stop == start or not utterance.ends(stop)):
        stop += 1
    return stop


def _marks_name(utterance: Utterance, start: int) -> bool:
    token = utterance.tokens[start]
    return token.capital and token.raw != "I" and not utterance.begins(start) and not utterance.shouts


def _continues_list(utterance: Utterance, start: int, taken: Sequence[Entity]) -> bool:
    titles = (one for one in taken if one.items and one.stop <= start)
    return any(_gap_between(utterance, one.stop, start) in LIST_GAPS for one in titles)


EXPECTATIONS: tuple[
    Callable[[Utterance, int, Sequence[Entity]], bool], ...
] = (  # where a misspelled name is looked for
    lambda utterance, start, _: start == 0 and len(utterance.tokens) <= LONGEST_GUESS,
    lambda utterance, start, _: _marks_name(utterance, start),
    lambda utterance, start, _: utterance.gap(start)[-1:] in QUOTES - APOSTROPHES,
    lambda utterance, start, _: _cue_before(utterance, start),
    _continues_list,
)


def _joined(utterance: Utterance, found: Set[Entity], others: Iterable[Entity]) -> set[Entity]:
    """Return those of `others` that stand in a list with a title of `found`, and are written as it is."""
    following: dict[int, list[Entity]] = defaultdict(list)  # by the end of the entity before
    preceding: dict[int, list[Entity]] = defaultdict(list)  # by the start of the entity after
    for one in others:
        if one.items and (utterance.tokens[one.start].capital or utterance.word(one.start) not in WORDS["function"]):
            for conjunction in (0, 1):
                following[one.start - conjunction].append(one)
                preceding[one.stop + conjunction].append(one)
    joined: set[Entity] = set()
    left = [one for one in found if one.items]
    while left:
        entity = left.pop()
        near = {*following[entity.stop], *preceding[entity.start]} - joined
        new = {one for one in near if _is_in_list(utterance, one, entity)}
        joined |= new
        left += new
    return joined


def _is_in_list(utterance: Utterance, entity: Entity, other: Entity) -> bool:
    """Whether an entity stands in a list beside another, and is written as it is."""
    first, second = sorted((entity, other))
    alike = _has_capital(utterance.tokens[entity.stop - 1]) or not _has_capital(utterance.tokens[other.stop - 1])
    closed = utterance.ends(entity.stop) or utterance.tokens[entity.start].capital
    return alike and closed and _gap_between(utterance, first.stop, second.start) in LIST_GAPS


def _is_person(entity: Entity) -> bool:
    return any(" " in value.text for value in entity.values)


def _has_capital(token: Token) -> bool:
    return token.capital or token.raw[0].isdigit()


def _has_content(utterance: Utterance, entity: Entity) -> bool:
    return not WORDS["function"].issuperset(utterance.words(entity.start, entity.stop))


def _gap_between(utterance: Utterance, stop: int, start: int) -> str:
    return utterance.text[utterance.tokens[stop - 1].stop : utterance.tokens[start].start].replace("  ", " ")
