"""What somebody said in a conversation: likes, dislikes and filters, read without a language model.

Of each utterance the names of items and values are read (:mod:`recsys.mentions`), the ranges (:mod:`recsys.ranges`), and
whether each is wanted (:mod:`recsys.polarity`). The rest of the words are texts to be searched by. "Yes" and "no" take their
meaning from the question before. An utterance weighs ``DECAY ** a``, where a is how many of the same person came after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

from recsys.everyday import EMPTY, NO, YES
from recsys.filters import Condition
from recsys.mentions import Finder, Named, Utterance
from recsys.model import Model
from recsys.polarity import Tone, tone
from recsys.ranges import Range, ranges, year_attribute
from recsys.spelling import tokens
from recsys.understood import Bounds, Mention, Message, Role, Understood

DECAY = 0.6
MOST_TURNS = 40  # the latest of the person that are read
MOST_READ = 8000  # characters of all of them together
LONGEST_READ = 2000  # characters of one
MOST_TEXTS = 6  # the latest that are searched by; the next one would weigh 0.6 ** 6 = 0.05
LONGEST_TEXT = 300
MOST_YEARS = 100  # of a range in the middle that is not wanted
QUESTION = re.compile(r"[^.!?\n]*\?")
OLDER = frozenset(("older", "earlier"))
NEWER = frozenset(("newer", "later", "recent"))


def understand(
    model: Model, messages: Sequence[Message], ignore: Set[str] = frozenset(), hidden: Set[int] = frozenset()
) -> Understood:
    """Read a conversation.

    Parameters
    ----------
    model : Model
    messages : sequence of Message
        Oldest first. The latest MOST_TURNS of the person are read, and no more than MOST_READ characters of them.
    ignore : set of str
        What is not to be taken for a name, a range or a text, as `said` has it, without case.
    hidden : set of int
        Row numbers of items that nobody may see; they have no names.
    """
    reader = _Reader(model, ignore, hidden)
    for number in _latest(messages, "assistant"):
        reader.look_at(messages[number].content[:LONGEST_READ])
    latest = _latest(messages, "user")
    for number in latest:
        before = messages[number - 1] if number and messages[number - 1].role == "assistant" else None
        age = len(latest) - 1 - latest.index(number)
        reader.read(messages[number].content[:LONGEST_READ], number, DECAY**age, before)
    return reader.understood()


def _latest(messages: Sequence[Message], role: Role) -> list[int]:
    """The numbers of the messages of one side that are read, oldest first."""
    found: list[int] = []
    left = MOST_READ
    for number in range(len(messages) - 1, -1, -1):
        if messages[number].role == role and len(found) < MOST_TURNS and left > 0:
            found.append(number)
            left -= min(len(messages[number].content), LONGEST_READ)
    return found[::-1]


class _Reader:
    def __init__(self, model: Model, ignore: Set[str], hidden: Set[int]) -> None:
        self._model, self._ignore, self._hidden = model, ignore, hidden
        self._attributes = list(model.attributes.nums)
        self._year = year_attribute(model.attributes)
        self._finder = Finder(model.names, self._year_of, model.keywords.has)
        self._found = Understood()
        self._bounds: dict[str, Bounds] = {}
        self._not: dict[str, set[str | float]] = {}

    def understood(self) -> Understood:
        found = self._found
        bounds = (one for name, bound in self._bounds.items() for one in bound.conditions(name))
        without = (
            Condition(name, "not in", tuple(sorted(values, key=str))) for name, values in self._not.items() if values
        )
        found.filters = (*bounds, *without)
        found.shown -= found.items()
        return found

    def look_at(self, text: str) -> None:
        """What the other side said: the items that it named, and what it asked."""
        said = Utterance(text, tokens(text))
        for one in self._seen_by_all(self._finder.find(said, listed=True)):
            self._found.shown.update(self._ranked(one.items)[:1])
        for question in QUESTION.findall(text):
            self._found.asked.update(self._asked(question))

    def read(self, text: str, turn: int, weight: float, before: Message | None) -> None:
        """What the person said."""
        said = Utterance(text, tokens(text))
        if not said.tokens:
            return
        names = [
            one
            for one in self._seen_by_all(self._finder.find(said))
            if self._said(said, one).casefold() not in self._ignore
        ]
        taken = [(said.tokens[one.start].start, said.tokens[one.stop - 1].stop) for one in names if one.items]
        spans = [
            one
            for one in ranges(text, self._model.attributes, taken)
            if text[one.start : one.stop].casefold() not in self._ignore
        ]
        ranged = {
            place: one
            for one in spans
            for place, token in enumerate(said.tokens)
            if one.start <= token.start < one.stop
        }
        names = [one for one in names if not any(place in ranged for place in range(one.start, one.stop))]
        inside: dict[int, object] = {place: one for one in names for place in range(one.start, one.stop)}
        how = tone(text, said.tokens, inside | ranged)
        for one in names:
            self._note(said, one, how, turn, weight)
        for span in spans:
            place = next((place for place, other in ranged.items() if other is span), None)
            if place is not None:
                self._range(span, how.moods[place], turn)
        self._texts(said, how, names, frozenset(ranged), turn, weight)
        self._answer(said, before, turn, weight)
        self._compare(said, how, turn)

    def _seen_by_all(self, names: Iterable[Named]) -> list[Named]:
        """Names without hidden items."""
        visible = (one._replace(items=tuple(num for num in one.items if num not in self._hidden)) for one in names)
        return [one for one in visible if one.items or one.values]

    def _note(self, said: Utterance, one: Named, how: Tone, turn: int, weight: float) -> None:
        mood, text = how.moods[one.start], self._said(said, one)
        if one.items:
            mention = Mention(text, turn, weight, self._ranked(one.items), strong=abs(mood) == 1)
            if one.start in how.seen or mood == 0:
                self._found.seen.append(mention)
            else:
                (self._found.likes if mood > 0 else self._found.dislikes).append(mention)
            return
        for value in one.values:
            name = self._attributes[value.attribute_num]
            self._value(Mention(text, turn, weight, attribute=name, value=value.text, strong=abs(mood) == 1), mood)

    def _value(self, mention: Mention, mood: float) -> None:
        """A later word about a value takes back an earlier one."""
        if mood == 0:
            return
        for side in (self._found.likes, self._found.dislikes):
            side[:] = [one for one in side if (one.attribute, one.value) != (mention.attribute, mention.value)]
        (self._found.likes if mood > 0 else self._found.dislikes).append(mention)
        without = self._not.setdefault(mention.attribute, set())
        without.discard(mention.value)
        if mood <= -1:
            without.add(mention.value)

    def _range(self, one: Range, mood: float, turn: int) -> None:
        if mood == 0:
            return
        wanted = one if mood > 0 else one.opposite(1.0 if one.attribute == self._year else 0.0)
        if wanted is not None:
            self._bounds.setdefault(one.attribute, Bounds()).narrow(wanted, turn)
        elif one.high - one.low < MOST_YEARS:
            without = self._not.setdefault(one.attribute, set())
            without.update(float(number) for number in range(int(one.low), int(one.high) + 1))

    def _texts(
        self, said: Utterance, how: Tone, names: Sequence[Named], ranged: frozenset[int], turn: int, weight: float
    ) -> None:
        """What is left of the words, as texts that are searched by; pieces that only name values say no more than these."""
        out = ranged | _places(one for one in names if one.items)
        told = _places(one for one in names if one.values)
        for mood, side in ((1.0, self._found.likes), (-0.5, self._found.dislikes), (-1.0, self._found.dislikes)):
            places = [
                place
                for place in range(len(said.tokens))
                if how.moods[place] == mood and place not in how.cues | how.seen and place not in out
            ]
            runs = [_trimmed(said, run) for run in _runs(places, how.clauses)]
            runs = [run for run in runs if not all(place in told or said.word(place) in EMPTY for place in run)]
            pieces = [said.text[said.tokens[run[0]].start : said.tokens[run[-1]].stop] for run in runs]
            text = " ".join(pieces)[:LONGEST_TEXT]
            if text and text.casefold() not in self._ignore:
                side.append(Mention(text, turn, weight, strong=abs(mood) == 1))

    def _answer(self, said: Utterance, before: Message | None, turn: int, weight: float) -> None:
        """Yes or no to the last question of the other side."""
        word = said.tokens[0].word
        if (
            before is None
            or word not in YES | NO
            or not (questions := QUESTION.findall(before.content[-LONGEST_READ:]))
        ):
            return
        values = [one for one in sorted(self._asked(questions[-1])) if one[1]]
        if len(values) == 1 or word in NO:
            for attribute, value in values:
                self._value(
                    Mention(said.tokens[0].raw, turn, weight, attribute=attribute, value=value), -1 if word in NO else 1
                )

    def _compare(self, said: Utterance, how: Tone, turn: int) -> None:
        """ "Something older" than what was named."""
        words = {one.word: place for place, one in enumerate(said.tokens) if said.word(place + 1) != "than"}
        for kind, newer in ((OLDER, False), (NEWER, True)):
            place = next((words[word] for word in kind if word in words), None)
            years = [year for num in self._anchors() if (year := self._year_of(num)) is not None]
            if place is None or self._year is None or not years or how.moods[place] == 0:
                continue
            middle = float(sorted(years)[len(years) // 2])
            if newer == (how.moods[place] > 0):
                self._range(Range(0, 0, self._year, low=middle + 1), 1, turn)
            else:
                self._range(Range(0, 0, self._year, high=middle - 1), 1, turn)

    def _anchors(self) -> list[int]:
        return [num for one in self._found.likes for num in one.items[:1]] or sorted(self._found.shown)

    def _asked(self, question: str) -> set[tuple[str, str]]:
        """Attributes and values in a question of the other side."""
        found = self._finder.find(Utterance(question, tokens(question)))
        values = {(self._attributes[one.attribute_num], one.text) for name in found for one in name.values}
        return values | {(one.attribute, "") for one in ranges(question, self._model.attributes, [])}

    def _ranked(self, items: tuple[int, ...]) -> tuple[int, ...]:
        """The item that most people know first."""
        scores = self._model.popularity.scores
        return tuple(sorted(items, key=lambda num: (-float(scores[num]), num)))

    def _year_of(self, num: int) -> int | None:
        value = None if self._year is None else self._model.catalog[num].attributes.get(self._year)
        return int(value) if isinstance(value, int | float) else None

    @staticmethod
    def _said(said: Utterance, one: Named) -> str:
        return said.text[said.tokens[one.start].start : said.tokens[one.stop - 1].stop]


def _places(names: Iterable[Named]) -> frozenset[int]:
    return frozenset(place for one in names for place in range(one.start, one.stop))


def _runs(places: list[int], clauses: tuple[int, ...]) -> list[list[int]]:
    """Places in pieces that stand together in a clause."""
    found: list[list[int]] = []
    for place in places:
        if found and found[-1][-1] == place - 1 and clauses[place] == clauses[place - 1]:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _trimmed(said: Utterance, places: list[int]) -> list[int]:
    """Some words without those at their ends that say nothing."""
    while places and said.word(places[0]) in EMPTY:
        places = places[1:]
    while places and said.word(places[-1]) in EMPTY:
        places = places[:-1]
    return places
