"""Parser of a conversation: messages to preferences, by rules and without a language model.

For each message of the user the parser finds entities (:mod:`recsys.chat.entities`), references to the assistant's last list
and answers to its last question (:mod:`recsys.chat.references`), number ranges (:mod:`recsys.chat.number_ranges`), and their
sentiment (:mod:`recsys.chat.sentiment`). The rest of the words are texts to search by. Later statements override earlier ones
(:mod:`recsys.chat.preferences`). A statement weighs ``DECAY ** a``, where a is the number of later messages of the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from recsys.chat.entities import Entity, EntityFinder
from recsys.chat.number_ranges import INF, Range, answered, ranges
from recsys.chat.preferences import Mention, Message, Preferences, PreferenceTracker, Role
from recsys.chat.references import (
    LONGEST_READ,
    listed_items,
    prose,
    questions,
    referred_items,
    refers_to_items,
    yes_or_no,
)
from recsys.chat.sentiment import Sentiment, read_sentiment
from recsys.chat.utterance import Utterance, runs_of, trimmed
from recsys.data.years import is_year, year_attribute
from recsys.model.model import Model
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from recsys.text.vocabulary import RESETS, STOP_WORDS, UNSEEN, WORDS, phrase_at

DECAY = 0.6
MOST_TURNS = 40  # the latest messages of each side that are read
MOST_READ = 8000  # characters of these messages
MOST_LISTED = 100_000  # characters of the assistant's lists
LONGEST_TEXT = 300  # characters


def understand(
    model: Model, messages: Sequence[Message], ignore: Set[str] = frozenset(), hidden: Set[int] = frozenset()
) -> Preferences:
    """Return the preferences stated in a conversation.

    Parameters
    ----------
    model : Model
    messages : sequence of Message
        Oldest first. Only the latest MOST_TURNS of the user, and at most MOST_READ characters of them, are read.
    ignore : set of str
        Casefolded words (`Mention.said`) that are no name, range or text.
    hidden : set of int
        Row numbers of hidden items; they have no names.
    """
    reader = _Reader(model, ignore, hidden)
    reader.read_lists([one.content for one in messages if one.role == "assistant"])
    besides = [one._replace(content=prose(one.content)) if one.role == "assistant" else one for one in messages]
    for turn in _latest(besides, "assistant"):
        reader.read_assistant(besides[turn].content[:LONGEST_READ])
    turns = _latest(messages, "user")
    for age, turn in zip(reversed(range(len(turns))), turns, strict=True):
        reply = messages[turn - 1].content if turn and messages[turn - 1].role == "assistant" else ""
        reader.read_user(messages[turn].content[:LONGEST_READ], turn, DECAY**age, reply)
    return reader.tracker.preferences()


def _latest(messages: Sequence[Message], role: Role) -> list[int]:
    """Return the numbers of the messages of one side that are read, oldest first."""
    turns: list[int] = []
    left = MOST_READ
    for turn in range(len(messages) - 1, -1, -1):
        if messages[turn].role == role and len(turns) < MOST_TURNS and left > 0:
            turns.append(turn)
            left -= min(len(messages[turn].content), LONGEST_READ)
    return turns[::-1]


class _Statement(NamedTuple):
    """A message of the user, parsed; `ranges` maps token numbers to number ranges."""

    utterance: Utterance
    turn: int
    weight: float
    entities: Sequence[Entity]
    ranges: Mapping[int, Range]
    sentiment: Sentiment

    @property
    def named(self) -> set[int]:
        """The numbers of the tokens of entities and ranges."""
        return {i for entity in self.entities for i in entity.numbers} | self.ranges.keys()

    def mention(self, said: str, polarity: float = 1) -> Mention:
        return Mention(said, self.turn, self.weight, strong=abs(polarity) == 1)


class _Reader:
    """Reads messages into a preference tracker."""

    def __init__(self, model: Model, ignore: Set[str], hidden: Set[int]) -> None:
        self._model, self._ignore, self._hidden = model, ignore, hidden
        self._attributes = list(model.attributes.nums)
        self._year = year_attribute(model.attributes) or ""
        self._index = model.need(NameIndex)
        self._finder = EntityFinder(self._index, self._year_of, model.need(Bm25).has)
        self.tracker = PreferenceTracker()

    def read_lists(self, replies: Sequence[str]) -> None:
        """Note the items in the lists of the assistant's messages, oldest first, as shown."""
        left = MOST_LISTED
        for text in reversed(replies):
            for items in listed_items(text[: max(0, left)], self._index, self._year_of):
                self.tracker.shown.update([num for num in self._ranked(items) if num not in self._hidden][:1])
            left -= len(text)

    def read_assistant(self, text: str) -> None:
        """Note the items that the assistant named outside its lists, and its questions."""
        for entity in self._visible(self._finder.find(Utterance.of(text))):
            self.tracker.shown.update(self._ranked(entity.items)[:1])
        for question in questions(text):
            self.tracker.asked.update(self._asked(question))

    def read_user(self, text: str, turn: int, weight: float, reply: str) -> None:
        """Note what the user says after a `reply` of the assistant, "" for none."""
        utterance = Utterance.of(text)
        if not utterance.tokens:
            return
        entities = self._entities(utterance, reply)
        numbers = self._ranges(utterance, entities)
        entities = [entity for entity in entities if numbers.keys().isdisjoint(entity.numbers)]
        named: dict[int, object] = {i: entity for entity in entities for i in entity.numbers}
        sentiment = read_sentiment(utterance, {**named, **numbers})
        statement = _Statement(utterance, turn, weight, entities, numbers, sentiment)
        opened = self._note_resets(utterance)
        self._note_entities(statement)
        self._note_ranges(statement)
        self._note_texts(statement, opened)
        for question in questions(prose(reply))[-1:]:
            self._note_answer(statement, question)
            self._note_number(statement, question)
        self._note_comparison(statement)

    def _entities(self, utterance: Utterance, reply: str) -> list[Entity]:
        """Return the entities, and the entries of the last list, without those to ignore."""
        found = self._visible(self._finder.find(utterance, known=self.tracker.shown))
        for start, stop, items in referred_items(utterance.words(0), reply, self._index, self._year_of):
            if all(one.stop <= start or one.start >= stop for one in found):
                found += self._visible([Entity(start, stop, items)])
        return sorted(one for one in found if not self._is_ignored(utterance.part(one.start, one.stop)))

    def _ranges(self, utterance: Utterance, entities: Sequence[Entity]) -> dict[int, Range]:
        """Return the number ranges by the numbers of their tokens, without those to ignore."""
        taken = [utterance.span(one.start, one.stop) for one in entities if one.items]
        found = ranges(utterance.text, self._model.attributes, taken)
        taken += [(one.start, one.stop) for one in found]
        found += self._years_before_values(utterance, entities, taken)
        found = [one for one in found if not self._is_ignored(utterance.text[one.start : one.stop])]
        starts = [token.start for token in utterance.tokens]
        return {i: one for one in found for i, start in enumerate(starts) if one.start <= start < one.stop}

    def _years_before_values(
        self, utterance: Utterance, entities: Sequence[Entity], taken: Sequence[tuple[int, int]]
    ) -> Iterator[Range]:
        """Yield the free year right before each value: "1995 thrillers"."""
        for entity in entities if self._year else ():
            word = utterance.word(entity.start - 1)
            if entity.values and is_year(word) and utterance.gap(entity.start) == " ":
                start, stop = utterance.span(entity.start - 1, entity.start)
                if all(stop <= first or start >= last for first, last in taken):
                    yield Range(start, stop, self._year, float(word), float(word))

    def _note_resets(self, utterance: Utterance) -> set[int]:
        """Apply "start over" and "any year"; return the numbers of their tokens."""
        words, used = utterance.words(0), set[int]()
        for start in range(len(words)):
            stop = start + len(phrase_at(words, start, RESETS))
            if stop > start and utterance.ends(start) and utterance.ends(stop):
                self.tracker.reset()
                used.update(range(start, stop))
            for name in (
                self._attributes_called(utterance.word(start + 1)) if words[start] in WORDS["whichever"] else ()
            ):
                self.tracker.open(name)
                used.update((start, start + 1))
        return used

    def _attributes_called(self, word: str) -> set[str]:
        """Return the attributes that a word names, also in another number; "decade" names the year."""
        folded = {name: name.casefold() for name in self._attributes if word}
        called = {name for name, text in folded.items() if word in (text, f"{text}s", text[:-1])}
        return called | {self._year} if self._year and word in WORDS["times"] else called

    def _note_entities(self, statement: _Statement) -> None:
        sentiment = statement.sentiment
        for entity in statement.entities:
            start, polarity = entity.start, sentiment.polarity[entity.start]
            if polarity == UNSEEN:
                continue
            mention = statement.mention(statement.utterance.part(start, entity.stop), polarity)
            if entity.items:
                named = mention._replace(items=self._ranked(entity.items))
                self.tracker.item(named, 0 if start in sentiment.seen else polarity)
            for value in entity.values:
                named = mention._replace(attribute=self._attributes[value.attribute_num], value=value.text)
                self.tracker.value(named, polarity, only=start in sentiment.only, instead=start in sentiment.instead)

    def _note_ranges(self, statement: _Statement) -> None:
        for numbers in dict.fromkeys(statement.ranges.values()):
            start = next(i for i, one in statement.ranges.items() if one == numbers)
            polarity = statement.sentiment.polarity[start]
            if polarity != UNSEEN and start not in statement.sentiment.seen:
                self.tracker.range(numbers, polarity, statement.turn, self._step(numbers))

    def _note_texts(self, statement: _Statement, opened: Set[int]) -> None:
        """Note what is left of the words as texts to search by, one for each polarity."""
        utterance, sentiment = statement.utterance, statement.sentiment
        items = (entity.numbers for entity in statement.entities if entity.items)
        out = frozenset(opened).union(statement.ranges, sentiment.cues, sentiment.seen, *items)
        for polarity in (0.0, -0.5, -1.0, 1.0):
            runs = _text_runs(statement, polarity, out)
            text = " ".join(utterance.part(run[0], run[-1] + 1) for run in runs)[:LONGEST_TEXT]
            if text and not self._is_ignored(text):
                instead = any(run[0] in sentiment.instead for run in runs)
                self.tracker.text(statement.mention(text, polarity), polarity, instead=instead)

    def _note_answer(self, statement: _Statement, question: str) -> None:
        """Note the values that "yes" or "no" answers."""
        utterance, said = statement.utterance, statement.utterance.tokens[0].raw
        answer = yes_or_no(utterance, statement.sentiment, statement.named)
        if answer is None or self._is_ignored(said):
            return
        values = {one for one in self._asked(question) if one[1]}
        unclear = answer if len(values) > 1 else refers_to_items(utterance)
        for attribute, value in () if unclear else sorted(values - self.tracker.values_of(statement.turn)):
            mention = statement.mention(said)._replace(attribute=attribute, value=value)
            self.tracker.value(mention, 1 if answer else -1)

    def _note_number(self, statement: _Statement, question: str) -> None:
        """Note the range that "under 20" or "before it" answers."""
        text = statement.utterance.text
        for asked in ranges(question, self._model.attributes, [])[:1]:
            found = None if statement.named else answered(text, asked, self._step(asked))
            if found is not None and not self._is_ignored(text):
                self.tracker.range(found, 1, statement.turn, self._step(found))
                self.tracker.forget_text(statement.turn)

    def _note_comparison(self, statement: _Statement) -> None:
        """Note "something older": the years before or after the liked items, or else the shown items."""
        liked = [num for one in self.tracker.likes for num in one.items[:1]]
        years = [year for num in liked or self.tracker.shown if (year := self._year_of(num)) is not None]
        for kind, newer in (("older", -1), ("newer", 1)) if years else ():
            wanted = newer * self._polarity_of(statement, WORDS[kind])
            if wanted:
                low, high = (max(years) + 1.0, INF) if wanted > 0 else (-INF, min(years) - 1.0)
                self.tracker.range(Range(0, 0, self._year, low, high), 1, statement.turn, 1.0)

    def _polarity_of(self, statement: _Statement, words: Set[str]) -> float:
        """Return the polarity of the last comparative among `words`, 0 where there is none."""
        utterance = statement.utterance
        for i in range(len(utterance.tokens) - 1, -1, -1):
            token = utterance.tokens[i]
            if token.word in words and utterance.word(i + 1) != "than" and not self._is_ignored(token.raw):
                return statement.sentiment.polarity[i]
        return 0.0

    def _asked(self, question: str) -> set[tuple[str, str]]:
        """Return the attributes and values in a question of the assistant."""
        found = self._finder.find(Utterance.of(question))
        values = {(self._attributes[one.attribute_num], one.text) for entity in found for one in entity.values}
        return values | {(one.attribute, "") for one in ranges(question, self._model.attributes, [])}

    def _visible(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return entities without hidden items."""
        visible = (one._replace(items=tuple(num for num in one.items if num not in self._hidden)) for one in entities)
        return [one for one in visible if one.items or one.values]

    def _is_ignored(self, text: str) -> bool:
        return text.casefold() in self._ignore

    def _step(self, numbers: Range) -> float:
        """Return the distance of two numbers of an attribute; 0 where it may be any."""
        return 1.0 if numbers.attribute == self._year else 0.0

    def _ranked(self, items: tuple[int, ...]) -> tuple[int, ...]:
        """Return items by falling popularity."""
        scores = self._model.popularity.scores
        return tuple(sorted(items, key=lambda num: (-float(scores[num]), num)))

    def _year_of(self, num: int) -> int | None:
        value = None if not self._year else self._model.catalog[num].attributes.get(self._year)
        return int(value) if isinstance(value, int | float) else None


def _text_runs(statement: _Statement, polarity: float, out: Set[int]) -> list[list[int]]:
    """Return the runs of tokens of a polarity that say more than stop words and the names of values."""
    utterance, sentiment = statement.utterance, statement.sentiment
    values = set[int]().union(*(entity.numbers for entity in statement.entities if entity.values))
    left = [i for i, one in enumerate(sentiment.polarity) if one == polarity and i not in out]
    runs = (trimmed(utterance, run) for run in runs_of(left, sentiment.clauses))
    return [run for run in runs if not STOP_WORDS.issuperset(utterance.word(i) for i in run if i not in values)]
