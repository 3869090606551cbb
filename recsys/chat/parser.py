"""What somebody said in a conversation: likes, dislikes and filters, read without a language model.

Of each utterance the names of items and values are read (:mod:`recsys.chat.entities`), places in the last list
(:mod:`recsys.chat.positions`), the ranges (:mod:`recsys.chat.number_ranges`), and whether each is wanted
(:mod:`recsys.chat.sentiment`). The rest of the words are texts to be searched by. "Yes" and "no" take their meaning
from the question before. Later words take back earlier ones (:mod:`recsys.chat.preferences`). An utterance weighs
``DECAY ** a``, where a is how many of the same person came after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice

from recsys.chat.entities import Finder, Named
from recsys.chat.number_ranges import Range, answered, ranges
from recsys.chat.preferences import Heard, Mention, Message, Now, Role, Understood
from recsys.chat.references import LONGEST_READ, is_of_the_items, listed_items, positions, prose, questions, yes_or_no
from recsys.chat.sentiment import Tone, tone
from recsys.chat.utterance import Utterance, runs_of, trimmed
from recsys.data.years import is_year, year_attribute
from recsys.model.model import Model
from recsys.text.tokens import tokens
from recsys.text.vocabulary import EMPTY, RESETS, TIMES, UNSEEN

DECAY = 0.6
MOST_TURNS = 40  # the latest of the person that are read
MOST_READ = 8000  # characters of all of them together
MOST_LISTED = 100_000  # characters of the lists of the other side
MOST_PLACES = 100  # of the last list
MOST_TEXTS = 6  # the latest that are searched by; the next one would weigh 0.6 ** 6 = 0.05
LONGEST_TEXT = 300
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
    reader.look_at([one.content for one in messages if one.role == "assistant"])
    besides = [one._replace(content=prose(one.content)) if one.role == "assistant" else one for one in messages]
    for number in _latest(besides, "assistant"):
        reader.listen_to(besides[number].content[:LONGEST_READ])
    latest = _latest(messages, "user")
    for number in latest:
        before = messages[number - 1] if number and messages[number - 1].role == "assistant" else None
        age = len(latest) - 1 - latest.index(number)
        reader.read(messages[number].content[:LONGEST_READ], Now(number, DECAY**age), before)
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
        self._heard = Heard()
        self._found = self._heard.found

    def understood(self) -> Understood:
        return self._heard.understood()

    def look_at(self, replies: Sequence[str]) -> None:
        """The lists of the other side, oldest first: what stands in them was shown."""
        left = MOST_LISTED
        for text in reversed(replies):
            for items in listed_items(text[: max(0, left)], self._model.names, self._year_of):
                self._found.shown.update([num for num in self._ranked(items) if num not in self._hidden][:1])
            left -= len(text)

    def listen_to(self, text: str) -> None:
        """What the other side said besides: the items that it named, and what it asked."""
        said = Utterance(text, tokens(text))
        for one in self._seen_by_all(self._finder.find(said)):
            self._found.shown.update(self._ranked(one.items)[:1])
        for question in questions(text):
            self._found.asked.update(self._asked(question))

    def read(self, text: str, now: Now, before: Message | None) -> None:
        """What the person said."""
        said = Utterance(text, tokens(text))
        if not said.tokens:
            return
        names = self._names(said, before)
        taken = [(said.tokens[one.start].start, said.tokens[one.stop - 1].stop) for one in names if one.items]
        found = ranges(text, self._model.attributes, taken)
        taken += [(one.start, one.stop) for one in found]
        spans = [
            one
            for one in (*found, *self._dated(said, names, taken))
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
        opened = self._open(said)
        for one in names:
            self._note(said, one, how, now)
        for span in spans:
            place = next((place for place, other in ranged.items() if other is span), None)
            if place is not None and how.moods[place] != UNSEEN and place not in how.seen:
                self._range(span, how.moods[place], now.turn)
        self._texts(said, how, names, opened | frozenset(ranged), now)
        if before is not None and (asked := questions(prose(before.content))):
            self._answer(said, how, inside | ranged, asked[-1], now)
            if not inside | ranged:
                self._answer_by_number(said, asked[-1], now.turn)
        self._compare(said, how, now.turn)

    def _names(self, said: Utterance, before: Message | None) -> list[Named]:
        """The names, and the places in the last list, each once and none that is to be ignored."""
        found = self._seen_by_all(self._finder.find(said, known=self._found.shown))
        places = list(positions([one.word for one in said.tokens])) if before else []
        lines = listed_items(before.content, self._model.names, self._year_of) if before and places else ()
        listed = list(islice(lines, MOST_PLACES))
        for start, stop, number in places:
            place = len(listed) - 1 if number < 0 else number - 1
            if 0 <= place < len(listed) and all(one.stop <= start or one.start >= stop for one in found):
                found += self._seen_by_all([Named(start, stop, listed[place])])
        return sorted(one for one in found if self._said(said, one).casefold() not in self._ignore)

    def _dated(self, said: Utterance, names: Sequence[Named], taken: list[tuple[int, int]]) -> Iterator[Range]:
        """The year right before a value that no other name or range has: "1995 thrillers"."""
        for one in names:
            word = said.word(one.start - 1)
            if not (self._year and one.values and is_year(word) and said.gap(one.start) == " "):
                continue
            before = said.tokens[one.start - 1]
            if all(before.stop <= start or before.start >= stop for start, stop in taken):
                yield Range(before.start, before.stop, self._year, float(word), float(word))

    def _open(self, said: Utterance) -> frozenset[int]:
        """ "Start over", "any year": what is taken back without a name; the places of these words."""
        words = [one.word for one in said.tokens]
        places: set[int] = set()
        for start in range(len(words)):
            for reset in RESETS:
                if (
                    tuple(words[start : start + len(reset)]) == reset
                    and said.ends(start)
                    and said.ends(start + len(reset))
                ):
                    self._heard.reset()
                    places.update(range(start, start + len(reset)))
            if words[start] in ("any", "whatever") and start + 1 < len(words):
                thing = words[start + 1]
                called = {
                    name
                    for name in self._attributes
                    if thing in (name.casefold(), f"{name.casefold()}s", name.casefold()[:-1])
                }
                called |= {self._year} if thing in TIMES and self._year else set()
                for name in called:
                    self._heard.open(name)
                    places.update((start, start + 1))
        return frozenset(places)

    def _seen_by_all(self, names: Iterable[Named]) -> list[Named]:
        """Names without hidden items."""
        visible = (one._replace(items=tuple(num for num in one.items if num not in self._hidden)) for one in names)
        return [one for one in visible if one.items or one.values]

    def _note(self, said: Utterance, one: Named, how: Tone, now: Now) -> None:
        mood, text = how.moods[one.start], self._said(said, one)
        if mood == UNSEEN:
            return
        strong, only, instead = abs(mood) == 1, one.start in how.only, one.start in how.instead
        if one.items:
            mention = Mention(text, now.turn, now.weight, self._ranked(one.items), strong=strong)
            self._heard.item(mention, 0 if one.start in how.seen else mood)
        for value in one.values:
            name = self._attributes[value.attribute_num]
            mention = Mention(text, now.turn, now.weight, attribute=name, value=value.text, strong=strong)
            self._heard.value(mention, mood, only=only, instead=instead)

    def _range(self, one: Range, mood: float, turn: int) -> None:
        self._heard.range(one, mood, turn, self._step(one))

    def _step(self, one: Range) -> float:
        """The distance of two numbers of an attribute; 0 where it may be any."""
        return 1.0 if one.attribute == self._year else 0.0

    def _texts(self, said: Utterance, how: Tone, names: Sequence[Named], taken: frozenset[int], now: Now) -> None:
        """What is left of the words, as texts that are searched by; pieces that only name values say no more than these."""
        out = taken | how.cues | how.seen | _places(one for one in names if one.items)
        told = _places(one for one in names if one.values)
        for mood in (0.0, -0.5, -1.0, 1.0):
            places = [place for place, one in enumerate(how.moods) if one == mood and place not in out]
            runs = [trimmed(said, run) for run in runs_of(places, how.clauses)]
            runs = [run for run in runs if not all(place in told or said.word(place) in EMPTY for place in run)]
            pieces = [said.text[said.tokens[run[0]].start : said.tokens[run[-1]].stop] for run in runs]
            text = " ".join(pieces)[:LONGEST_TEXT]
            if text and text.casefold() not in self._ignore:
                instead = any(run[0] in how.instead for run in runs)
                self._heard.text(Mention(text, now.turn, now.weight, strong=abs(mood) == 1), mood, instead=instead)

    def _answer(self, said: Utterance, how: Tone, named: Mapping[int, object], question: str, now: Now) -> None:
        """What the last question of the other side is answered with."""
        answer = yes_or_no(said, how, named)
        if answer is None or said.tokens[0].raw.casefold() in self._ignore:
            return
        values = [one for one in sorted(self._asked(question)) if one[1]]
        if len(values) != 1 and (answer or not values):
            return
        if len(values) == 1 and is_of_the_items(said):
            return
        said_now = (one for side in (self._found.likes, self._found.dislikes) for one in side if one.turn == now.turn)
        for attribute, value in sorted({*values} - {(one.attribute, one.value) for one in said_now}):
            mention = Mention(said.tokens[0].raw, now.turn, now.weight, attribute=attribute, value=value)
            self._heard.value(mention, 1 if answer else -1)

    def _answer_by_number(self, said: Utterance, question: str, turn: int) -> None:
        """ "Under 20", "before it": the range that the last question asks for."""
        for asked in ranges(question, self._model.attributes, [])[:1]:
            found = answered(said.text, asked, self._step(asked))
            if found is not None and said.text.casefold() not in self._ignore:
                self._range(found, 1, turn)
                self._heard.forget_text(turn)

    def _compare(self, said: Utterance, how: Tone, turn: int) -> None:
        """ "Something older" than what was named."""
        words = {
            one.word: place
            for place, one in enumerate(said.tokens)
            if said.word(place + 1) != "than" and one.raw.casefold() not in self._ignore
        }
        for kind, newer in ((OLDER, False), (NEWER, True)):
            place = next((words[word] for word in kind if word in words), None)
            years = [year for num in self._anchors() if (year := self._year_of(num)) is not None]
            if place is None or self._year is None or not years or how.moods[place] == 0:
                continue
            if newer == (how.moods[place] > 0):
                self._range(Range(0, 0, self._year, low=max(years) + 1.0), 1, turn)
            else:
                self._range(Range(0, 0, self._year, high=min(years) - 1.0), 1, turn)

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
