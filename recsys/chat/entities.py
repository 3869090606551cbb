"""Entities of an utterance: the items and attribute values that it names.

The longest phrase wins. A phrase of common words, such as the title "Up", is an entity only where :func:`_is_title` or
:func:`_is_value` says so: it is quoted, followed by the item's year, written with capitals, in a list with another title, the
whole clause, at the end of a clause after a word such as "loved" or "except", before a verdict, or listed by the assistant. A
phrase with one or two typos is found only where a name is expected, and only if the texts of the catalog lack one of its words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from recsys.chat.utterance import CLAUSE_ENDS, QUOTES, Utterance
from recsys.data.ids import IdMap
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
LONG = 3  # words of a phrase that is a title anywhere


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
    """Finds the entities of utterances; `year_of` returns the year of an item, `words` are those of the catalog."""

    def __init__(self, names: NameIndex, year_of: Callable[[int], int | None], words: IdMap) -> None:
        self._names, self._year_of, self._words = names, year_of, words
        self._guesses = MOST_GUESSED

    def find(self, utterance: Utterance, *, listed: Set[int] = frozenset()) -> list[Entity]:
        """Return at most MOST_NAMED entities and the misspelled names, in order; titles of `listed` items always count."""
        candidates = dict(self._candidates(utterance))
        entities = {entity for entity, common in candidates.items() if self._is_meant(utterance, entity, common)}
        titles = [entity for entity in candidates if not listed.isdisjoint(entity.items)]
        entities |= {entity for entity in titles if not WORDS["function"].issuperset(utterance.words(*entity[:2]))}
        entities |= _joined(utterance, entities, candidates.keys() - entities)
        longest: list[Entity] = []
        free = set(range(len(utterance.tokens)))
        for entity in sorted(entities, key=lambda entity: (entity.start - entity.stop, entity)):
            if free.issuperset(entity.numbers):
                free -= set(entity.numbers)
                longest.append(entity)
        return self._with_misspelled(
            utterance, [self._lengthened(utterance, entity) for entity in sorted(longest)[:MOST_NAMED]]
        )

    def _candidates(self, utterance: Utterance) -> Iterator[tuple[Entity, bool]]:
        """Yield the entities of every phrase at every token, and whether the phrase is common."""
        words = utterance.words(0)
        for start in range(len(words)):
            for stop, num in self._names.matches(words, start):
                for entity in self._entities(utterance, start, stop, num):
                    yield entity, self._names.is_common(num)

    def _is_meant(self, utterance: Utterance, entity: Entity, common: bool) -> bool:
        words = utterance.words(entity.start, entity.stop)
        dated = bool(entity.items) and len(words) > 1 and self._is_year(words[-1], entity.items[0])
        return dated or not common or (_is_value if entity.values else _is_title)(utterance, entity, words)

    def _entities(self, utterance: Utterance, start: int, stop: int, num: int) -> Iterator[Entity]:
        """Yield the items of a phrase, and its values."""
        if items := self._names.items(num):
            dated = [item for item in items if self._is_year(utterance.word(stop), item)]
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
            longer = None if utterance.word(stop - 1) in self._words else self._nearest(utterance, entity.start, stop)
            self._guesses -= 1
            if longer and longer.items:
                return longer
        return entity

    def _with_misspelled(self, utterance: Utterance, entities: list[Entity]) -> list[Entity]:
        """Return entities and the names with typos where a name is expected, in order."""
        free = set(range(len(utterance.tokens))).difference(*(entity.numbers for entity in entities))
        start = 0
        while start < len(utterance.tokens):
            stop = start
            if _is_expected(utterance, start, entities):
                while stop in free and stop - start < LONGEST_GUESS and (stop == start or not utterance.ends(stop)):
                    stop += 1
            entity = self._guess(utterance, start, stop)
            entities += [entity] if entity else []
            start = entity.stop if entity else start + 1
        return sorted(entities)

    def _guess(self, utterance: Utterance, start: int, last: int) -> Entity | None:
        """Return the longest misspelled name that begins at `start` and ends at `last` or before."""
        for stop in range(last, max(start, last - self._guesses), -1):
            self._guesses -= 1
            if entity := self._nearest(utterance, start, stop):
                return entity
        return None

    def _nearest(self, utterance: Utterance, start: int, stop: int) -> Entity | None:
        words = utterance.words(start, stop)
        if STOP_WORDS.issuperset(words) or (len(words) == 1 and words[0] in self._words):
            return None
        num = self._names.nearest(words)
        entity = None if num is None else next(self._entities(utterance, start, stop, num))
        return None if entity and len(words) == 1 and _is_person(entity) else entity


def _is_title(utterance: Utterance, entity: Entity, words: Sequence[str]) -> bool:
    """Whether a phrase of common words is a title here."""
    start, stop = entity.start, entity.stop
    before, opens, closes = utterance.word(start - 1), utterance.ends(start), utterance.ends(stop)
    if utterance.quoted(start, stop):
        return True
    if all(word.isdigit() for word in words):
        return closes and before in WORDS["past"] | {"like"}
    if _has_capitals(utterance, entity):
        return True
    if WORDS["function"].issuperset(words):
        return False
    enough = LONG + 1 if WORDS["conjunctions"].intersection(words) else LONG
    if len(words) >= enough and not STOP_WORDS.issuperset(words):  # "life is beautiful", but not "black and white"
        return True
    following = utterance.words(stop + 1, stop + 1 + VERDICT_WORDS)
    verdict = utterance.word(stop) in WORDS["be"] and not VERDICTS.isdisjoint(following)
    whole = closes and before not in WORDS["conjunctions"]
    return (opens and (whole or verdict)) or (closes and _cue_before(utterance, start))


def _is_value(utterance: Utterance, entity: Entity, words: Sequence[str]) -> bool:
    """Whether a phrase of common words is a value here; the last name of a person is where a person is expected."""
    if len(words) > 1 + (words[0] in ARTICLES):
        return True
    if not _is_person(entity):
        return not WORDS["function"].issuperset(words)
    alone = utterance.ends(entity.stop) or utterance.word(entity.stop) in WORDS["things"]
    has_cue = (utterance.ends(entity.start) and alone) or utterance.word(entity.start - 1) in WORDS["people"]
    return has_cue or _has_capitals(utterance, entity)


def _has_capitals(utterance: Utterance, entity: Entity) -> bool:
    """Whether an entity is written as a name where other words are not."""
    span = utterance.tokens[entity.start : entity.stop]
    content = [token for token in span if token.word not in WORDS["function"]] or span[-1:]
    if utterance.shouts or not all(map(_has_capital, content)):
        return False
    if not utterance.begins(entity.start) or len(content) > 1:
        return True
    if span[0].word in ARTICLES:  # "The Thing was good"
        return span[-1].capital and len(span) > 1
    return utterance.word(entity.stop) in WORDS["be"] and span[0].word not in WORDS["function"]


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


def _is_expected(utterance: Utterance, start: int, entities: Sequence[Entity]) -> bool:
    """Whether a misspelled name may begin at `start`, as other names expect it, or in a list behind a title."""
    token = utterance.tokens[start]
    titles = (entity for entity in entities if entity.items and entity.stop <= start)
    return (
        (start == 0 and len(utterance.tokens) <= LONGEST_GUESS)
        or (token.capital and token.raw != "I" and not utterance.begins(start) and not utterance.shouts)
        or utterance.gap(start)[-1:] in QUOTES - APOSTROPHES
        or _cue_before(utterance, start)
        or any(_gap_between(utterance, title.stop, start) in LIST_GAPS for title in titles)
    )


def _joined(utterance: Utterance, entities: Set[Entity], others: Iterable[Entity]) -> set[Entity]:
    """Return those of `others` that are in a list with a title of `entities`, and are written as it is."""
    following: dict[int, list[Entity]] = defaultdict(list)  # by the end of the entity before
    preceding: dict[int, list[Entity]] = defaultdict(list)  # by the start of the entity after
    for other in others:
        token = utterance.tokens[other.start]
        if other.items and (token.capital or token.word not in WORDS["function"]):
            for conjunction in (0, 1):
                following[other.start - conjunction].append(other)
                preceding[other.stop + conjunction].append(other)
    joined: set[Entity] = set()
    left = [entity for entity in entities if entity.items]
    while left:
        entity = left.pop()
        near = {*following[entity.stop], *preceding[entity.start]} - joined
        new = {other for other in near if _is_in_list(utterance, other, entity)}
        joined |= new
        left += new
    return joined


def _is_in_list(utterance: Utterance, entity: Entity, other: Entity) -> bool:
    """Whether an entity is in a list beside another, and is written as it is."""
    first, second = sorted((entity, other))
    alike = _has_capital(utterance.tokens[entity.stop - 1]) or not _has_capital(utterance.tokens[other.stop - 1])
    closed = utterance.ends(entity.stop) or utterance.tokens[entity.start].capital
    return alike and closed and _gap_between(utterance, first.stop, second.start) in LIST_GAPS


def _is_person(entity: Entity) -> bool:
    return any(" " in value.text for value in entity.values)


def _has_capital(token: Token) -> bool:
    return token.capital or token.raw[0].isdigit()


def _gap_between(utterance: Utterance, stop: int, start: int) -> str:
    return utterance.text[utterance.tokens[stop - 1].stop : utterance.tokens[start].start].replace("  ", " ")
