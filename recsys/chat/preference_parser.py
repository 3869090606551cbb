"""Parser of a conversation: messages to preferences, by rules and without a language model.

For each message of the user the parser finds entities (:mod:`recsys.chat.entities`), references to the assistant's last list
and answers to its last question (:mod:`recsys.chat.references`), number ranges (:mod:`recsys.chat.number_ranges`), and their
sentiment (:mod:`recsys.chat.sentiment`). The rest of the words are texts to search by. Later statements override earlier ones
(:mod:`recsys.chat.preferences`). A statement weighs ``DECAY ** a``, where a is the number of later messages of the user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import NamedTuple

from recsys.chat.entities import Entity, EntityFinder
from recsys.chat.number_ranges import INF, Range, answer_range, ranges
from recsys.chat.preferences import Mention, Message, Preferences, PreferenceTracker
from recsys.chat.references import LONGEST_READ, listed_items, prose, questions, referred_items, yes_or_no
from recsys.chat.sentiment import Sentiment, read_sentiment
from recsys.chat.utterance import Utterance
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
    messages : sequence of Message
        Oldest first. Only the latest MOST_TURNS of the user, and at most MOST_READ characters of them, are read.
    ignore : set of str
        Casefolded words (`Mention.said`) that are no name, range or text.
    hidden : set of int
        Row numbers of hidden items; they have no names.
    """
    reader = _Reader(model, ignore, hidden)
    replies = [message.content for message in messages if message.role == "assistant"]
    reader.read_lists(replies)
    for text in _latest(dict(enumerate(map(prose, replies)))).values():
        reader.read_assistant(text)
    turns = _latest({turn: message.content for turn, message in enumerate(messages) if message.role == "user"})
    for age, (turn, text) in zip(reversed(range(len(turns))), turns.items(), strict=True):
        reply = messages[turn - 1].content if turn and messages[turn - 1].role == "assistant" else ""
        reader.read_user(text, turn, DECAY**age, reply)
    return reader.tracker.preferences()


def _latest(texts: dict[int, str]) -> dict[int, str]:
    """Return the latest texts by turn, oldest first, as far as they are read."""
    latest: dict[int, str] = {}
    for turn, text in reversed(texts.items()):
        if len(latest) < MOST_TURNS and sum(map(len, latest.values())) < MOST_READ:
            latest[turn] = text[:LONGEST_READ]
    return dict(reversed(latest.items()))


class _Statement(NamedTuple):
    """A message of the user, parsed; mappings have token numbers as keys."""

    utterance: Utterance
    turn: int
    weight: float
    entities: Sequence[Entity]
    ranges: Mapping[int, Range]
    named: Mapping[int, object]  # entities and ranges
    sentiment: Sentiment

    def mention(self, said: str, polarity: float = 1) -> Mention:
        return Mention(said, self.turn, self.weight, strong=abs(polarity) == 1)


class _Reader:
    """Reads messages into a preference tracker."""

    def __init__(self, model: Model, ignore: Set[str], hidden: Set[int]) -> None:
        self._model, self._ignore, self._hidden = model, ignore, hidden
        self._attributes = list(model.attributes.nums)
        self._year = year_attribute(model.attributes) or ""
        self._index = model.need(NameIndex)
        self._finder = EntityFinder(self._index, self._year_of, model.need(Bm25).words)
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
        for entity in self._visible(self._finder.find(Utterance(text))):
            self.tracker.shown.update(self._ranked(entity.items)[:1])
        for question in questions(text):
            self.tracker.asked.update(self._subjects(question))

    def read_user(self, text: str, turn: int, weight: float, reply: str) -> None:
        """Note what the user says after a `reply` of the assistant, "" for none."""
        utterance = Utterance(text)
        if not utterance.tokens:
            return
        entities = self._entities(utterance, reply)
        numbers = self._ranges(utterance, entities)
        entities = [entity for entity in entities if numbers.keys().isdisjoint(entity.numbers)]
        named = {**{i: entity for entity in entities for i in entity.numbers}, **numbers}
        statement = _Statement(utterance, turn, weight, entities, numbers, named, read_sentiment(utterance, named))
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
        entities = self._visible(self._finder.find(utterance, listed=self.tracker.shown))
        for start, stop, items in referred_items(utterance.words(0), reply, self._index, self._year_of):
            if all(entity.stop <= start or entity.start >= stop for entity in entities):
                entities += self._visible([Entity(start, stop, items)])
        return sorted(entity for entity in entities if not self._is_ignored(utterance.part(entity.start, entity.stop)))

    def _ranges(self, utterance: Utterance, entities: Sequence[Entity]) -> dict[int, Range]:
        """Return the number ranges by the numbers of their tokens, without those to ignore."""
        taken = [utterance.span(entity.start, entity.stop) for entity in entities if entity.items]
        every = ranges(utterance.text, self._model.attributes, taken)
        taken += [(numbers.start, numbers.stop) for numbers in every]
        for entity in entities if self._year else ():  # "1995 thrillers"
            word = utterance.word(entity.start - 1)
            if entity.values and is_year(word) and utterance.gap(entity.start) == " ":
                start, stop = utterance.span(entity.start - 1, entity.start)
                if all(stop <= first or start >= last for first, last in taken):
                    every.append(Range(start, stop, self._year, float(word), float(word)))
        starts = [token.start for token in utterance.tokens]
        return {
            i: numbers
            for numbers in every
            if not self._is_ignored(utterance.text[numbers.start : numbers.stop])
            for i, start in enumerate(starts)
            if numbers.start <= start < numbers.stop
        }

    def _note_resets(self, utterance: Utterance) -> set[int]:
        """Apply "start over" and "any year"; return the numbers of their tokens."""
        words, used = utterance.words(0), set[int]()
        for start, word in enumerate(words):
            stop = start + len(phrase_at(words, start, RESETS))
            if stop > start and utterance.ends(start) and utterance.ends(stop):
                self.tracker.reset()
                used.update(range(start, stop))
            for name in self._attributes_called(utterance.word(start + 1)) if word in WORDS["whichever"] else ():
                self.tracker.open(name)
                used.update((start, start + 1))
        return used

    def _attributes_called(self, word: str) -> set[str]:
        """Return the attributes that a word names, also in another number; "decade" names the year."""
        folded = {name: name.casefold() for name in self._attributes if word}
        names = {name for name, text in folded.items() if word in (text, f"{text}s", text[:-1])}
        return names | {self._year} if self._year and word in WORDS["times"] else names

    def _note_entities(self, statement: _Statement) -> None:
        sentiment = statement.sentiment
        for entity in statement.entities:
            start, polarity = entity.start, sentiment.polarity[entity.start]
            if polarity == UNSEEN:
                continue
            mention = statement.mention(statement.utterance.part(start, entity.stop), polarity)
            if entity.items:
                item = mention._replace(items=self._ranked(entity.items))
                self.tracker.note_item(item, 0 if start in sentiment.seen else polarity)
            only, instead = start in sentiment.only, start in sentiment.instead
            for num, text in entity.values:
                value = mention._replace(attribute=self._attributes[num], value=text)
                self.tracker.note_value(value, polarity, only=only, instead=instead)

    def _note_ranges(self, statement: _Statement) -> None:
        for numbers in dict.fromkeys(statement.ranges.values()):
            start = next(i for i, other in statement.ranges.items() if other == numbers)
            polarity = statement.sentiment.polarity[start]
            if polarity != UNSEEN and start not in statement.sentiment.seen:
                self.tracker.note_range(numbers, polarity, statement.turn, self._step(numbers))

    def _note_texts(self, statement: _Statement, opened: Set[int]) -> None:
        """Note the rest of the words, where it has more than stop words and values, as a text to search by per polarity."""
        utterance, sentiment, entities = statement.utterance, statement.sentiment, statement.entities
        values = {i for entity in entities if entity.values for i in entity.numbers}
        out = {i for entity in entities if entity.items for i in entity.numbers}
        out.update(opened, statement.ranges, sentiment.cues, sentiment.seen)
        for polarity in (0.0, -0.5, -1.0, 1.0):
            left = [i for i, other in enumerate(sentiment.polarity) if other == polarity and i not in out]
            runs = list(utterance.runs(left, sentiment.clauses))
            runs = [run for run in runs if not STOP_WORDS.issuperset(utterance.word(i) for i in run if i not in values)]
            text = " ".join(utterance.part(run[0], run[-1] + 1) for run in runs)[:LONGEST_TEXT]
            if text and not self._is_ignored(text):
                instead = any(run[0] in sentiment.instead for run in runs)
                self.tracker.note_text(statement.mention(text, polarity), polarity, instead=instead)

    def _note_answer(self, statement: _Statement, question: str) -> None:
        """Note the values that "yes" or "no" answers; "none of these" refers to the listed items, and not to a question."""
        utterance, said = statement.utterance, statement.utterance.tokens[0].raw
        answer = yes_or_no(utterance, statement.sentiment, statement.named)
        if answer is None or self._is_ignored(said):
            return
        values = {subject for subject in self._subjects(question) if subject[1]}
        unclear = answer if len(values) > 1 else not {"these", "those"}.isdisjoint(utterance.words(0))
        for attribute, value in () if unclear else sorted(values - self.tracker.values_of(statement.turn)):
            mention = statement.mention(said)._replace(attribute=attribute, value=value)
            self.tracker.note_value(mention, 1 if answer else -1)

    def _note_number(self, statement: _Statement, question: str) -> None:
        """Note the range that "under 20" or "before it" answers."""
        text = statement.utterance.text
        for numbers in ranges(question, self._model.attributes, [])[:1]:
            answer = None if statement.named else answer_range(text, numbers, self._step(numbers))
            if answer is not None and not self._is_ignored(text):
                self.tracker.note_range(answer, 1, statement.turn, self._step(answer))
                self.tracker.forget_texts(statement.turn)

    def _note_comparison(self, statement: _Statement) -> None:
        """Note "something older": the years before or after the liked items, or else the shown items."""
        tokens, sentiment = statement.utterance.tokens, statement.sentiment
        free = [i for i, token in enumerate(tokens) if not self._is_ignored(token.raw)]
        liked = [num for mention in self.tracker.likes for num in mention.items[:1]]
        years = [year for num in liked or self.tracker.shown if (year := self._year_of(num)) is not None]
        for kind, newer in (("older", -1), ("newer", 1)) if years else ():
            words = [i for i in free if tokens[i].word in WORDS[kind] and statement.utterance.word(i + 1) != "than"]
            direction = newer * sentiment.polarity[words[-1]] if words else 0
            if direction:
                low, high = (max(years) + 1.0, INF) if direction > 0 else (-INF, min(years) - 1.0)
                self.tracker.note_range(Range(0, 0, self._year, low, high), 1, statement.turn, 1.0)

    def _subjects(self, question: str) -> set[tuple[str, str]]:
        """Return the attributes and values in a question of the assistant."""
        values = (value for entity in self._finder.find(Utterance(question)) for value in entity.values)
        numbers = ranges(question, self._model.attributes, [])
        return {(self._attributes[num], text) for num, text in values} | {(each.attribute, "") for each in numbers}

    def _visible(self, entities: Iterable[Entity]) -> list[Entity]:
        """Return entities without hidden items."""
        visible = (
            entity._replace(items=tuple(n for n in entity.items if n not in self._hidden)) for entity in entities
        )
        return [entity for entity in visible if entity.items or entity.values]

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
