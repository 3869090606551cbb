"""Preferences stated in a conversation, and their tracker: later statements override earlier ones.

:func:`recsys.chat.preference_parser.understand` reads them from the messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from recsys.chat.number_ranges import INF, Range
from recsys.data.filters import Condition
from recsys.text.tokens import tokens
from recsys.text.vocabulary import STOP_WORDS

MOST_TEXTS = 6  # the latest that are searched by; the next one would weigh 0.6 ** 6 = 0.05
MOST_YEARS = 100  # of an unwanted range with two ends

Role = Literal["user", "assistant"]


class Message(NamedTuple):
    """A turn of a conversation."""

    role: Role
    content: str


class Mention(NamedTuple):
    """An item, an attribute value or a text that the user likes, dislikes or has seen."""

    said: str  # the words of the user
    turn: int  # number of the message, from 0
    weight: float  # 1 for the latest turn of the user, less for earlier ones
    items: tuple[
        int, ...
    ] = ()  # row numbers of the items with that name, most popular first; empty for values and texts
    attribute: str = ""  # empty for items and texts
    value: str = ""
    strong: bool = True  # False where less of it is wanted, and not none

    @property
    def is_text(self) -> bool:
        return not (self.items or self.attribute)


@dataclass(frozen=True)
class Preferences:
    """Preferences stated in a conversation, in the order of the statements."""

    likes: tuple[Mention, ...] = ()
    dislikes: tuple[Mention, ...] = ()
    seen: tuple[Mention, ...] = ()  # items that are neither liked nor disliked
    filters: tuple[Condition, ...] = ()  # conditions that all items must meet
    shown: frozenset[int] = frozenset()  # row numbers of items that the assistant named; they are not recommended again
    # attributes and values of the assistant's questions; ("year", "") for a question about a number
    asked: frozenset[tuple[str, str]] = frozenset()

    def items(self) -> set[int]:
        """Return the row numbers of all items that the user named."""
        return {num for mention in (*self.likes, *self.dislikes, *self.seen) for num in mention.items[:1]}

    def texts(self) -> list[str]:
        """Return the texts to encode for :func:`recsys.chat.recommend.converse`, without duplicates."""
        return list(dict.fromkeys(text.said for side in (self.likes, self.dislikes) for text in latest_texts(side)))


def latest_texts(mentions: Sequence[Mention]) -> list[Mention]:
    """Return the latest MOST_TEXTS texts of the likes or dislikes."""
    return [mention for mention in mentions if mention.is_text][-MOST_TEXTS:]


class PreferenceTracker:
    """Tracks the preferences of a conversation; later statements override earlier ones."""

    def __init__(self) -> None:
        self.likes: list[Mention] = []
        self.dislikes: list[Mention] = []
        self._seen: list[Mention] = []
        self.shown: set[int] = set()
        self.asked: set[tuple[str, str]] = set()
        self._bounds: dict[str, Bounds] = defaultdict(Bounds)
        self._excluded: dict[str, set[str | float]] = defaultdict(set)
        self._allowed: dict[str, set[str]] = defaultdict(set)

    def preferences(self) -> Preferences:
        """Return the present preferences."""
        filters = [condition for name, bounds in self._bounds.items() for condition in bounds.conditions(name)]
        filters += [Condition(name, "in", tuple(sorted(values))) for name, values in self._allowed.items() if values]
        excluded = [(name, tuple(sorted(values, key=str))) for name, values in self._excluded.items() if values]
        filters += [Condition(name, "not in", values) for name, values in excluded]
        likes, dislikes, seen = tuple(self.likes), tuple(self.dislikes), tuple(self._seen)
        preferences = Preferences(likes, dislikes, seen, tuple(filters), asked=frozenset(self.asked))
        return replace(preferences, shown=frozenset(self.shown - preferences.items()))

    def values_of(self, turn: int) -> set[tuple[str, str]]:
        """Return the attributes and values that are liked or disliked in a turn."""
        mentions = (*self.likes, *self.dislikes)
        return {(mention.attribute, mention.value) for mention in mentions if mention.turn == turn}

    def note_item(self, mention: Mention, polarity: float) -> None:
        """Note that an item is liked, disliked or, with polarity 0, only seen."""
        for side in (self.likes, self.dislikes, self._seen):
            side[:] = [other for other in side if other.items[:1] != mention.items[:1]]
        self._append(mention, polarity)

    def note_value(self, mention: Mention, polarity: float, *, only: bool = False, instead: bool = False) -> None:
        """Note that a value is wanted, unwanted or neither; `only`: no other of its attribute, `instead`: replaces others."""
        attribute, value = mention.attribute, mention.value
        self._drop(lambda other: (other.attribute, other.value) == (attribute, value))
        excluded, allowed = self._excluded[attribute], self._allowed[attribute]
        excluded.discard(value)
        if polarity <= -1:
            excluded.add(value)
        if polarity <= 0:
            allowed.discard(value)
        else:
            if only or instead:
                likes = [like for like in self.likes if like.attribute == attribute and like.turn < mention.turn]
                allowed.difference_update(like.value for like in likes)
                self._drop(likes.__contains__)
            if only or allowed:
                allowed.add(value)
        if polarity:
            self._append(mention, polarity)

    def note_range(self, numbers: Range, polarity: float, turn: int, step: float) -> None:
        """Note that numbers are wanted or unwanted; polarity 0 allows any number. `step` is the distance of two numbers."""
        name = numbers.attribute
        allowed = numbers if polarity > 0 else numbers.opposite(step)
        if polarity == 0:
            self.open(name)
        elif allowed is not None:
            out = self._excluded.get(name, set())
            out -= {value for value in out if isinstance(value, float) and allowed.low <= value <= allowed.high}
            self._bounds[name].narrow(allowed, turn)
        elif numbers.high - numbers.low < MOST_YEARS:
            self._excluded[name].update(map(float, range(int(numbers.low), int(numbers.high) + 1)))

    def note_text(self, mention: Mention, polarity: float, *, instead: bool = False) -> None:
        """Note that a text is wanted or unwanted; polarity 0 takes back the texts that contain its words."""
        words = _content_words(mention.said)
        same: Callable[[set[str]], bool] = words.__eq__ if polarity else words.__le__
        self._drop(lambda other: other.is_text and bool(words) and same(_content_words(other.said)))
        if instead and polarity > 0:
            self.likes[:] = [like for like in self.likes if not like.is_text or like.turn == mention.turn]
        if polarity:
            self._append(mention, polarity)

    def forget_texts(self, turn: int) -> None:
        """Drop the texts of a turn, whose words had another meaning."""
        self._drop(lambda mention: mention.is_text and mention.turn == turn)

    def open(self, attribute: str) -> None:
        """Allow any value of an attribute."""
        for conditions in (self._bounds, self._excluded, self._allowed):
            conditions.pop(attribute, None)
        self._drop(lambda mention: mention.attribute == attribute)

    def reset(self) -> None:
        """Drop all preferences; what the user has seen and the assistant has shown stays."""
        for preferences in (self._bounds, self._excluded, self._allowed, self.likes, self.dislikes):
            preferences.clear()

    def _drop(self, is_out: Callable[[Mention], bool]) -> None:
        """Take back likes and dislikes."""
        for side in (self.likes, self.dislikes):
            side[:] = [mention for mention in side if not is_out(mention)]

    def _append(self, mention: Mention, polarity: float) -> None:
        (self._seen if polarity == 0 else self.likes if polarity > 0 else self.dislikes).append(mention)


def _content_words(text: str) -> set[str]:
    return {token.word for token in tokens(text)} - STOP_WORDS


@dataclass
class Bounds:
    """Range of an attribute that the statements so far leave."""

    low: float = -INF
    high: float = INF
    turn: int = -1

    def narrow(self, numbers: Range, turn: int) -> None:
        """Apply a range; two ends replace those of earlier turns, one end keeps the other end where both can hold."""
        low, high = numbers.low, numbers.high
        if low > -INF and high < INF:
            if turn == self.turn and self.low > -INF and self.high < INF:  # "from the 70s or 80s"
                low, high = min(low, self.low), max(high, self.high)
        elif low == -INF and self.low <= high:
            low = self.low
        elif high == INF and low <= self.high:
            high = self.high
        self.low, self.high, self.turn = low, high, turn

    def conditions(self, name: str) -> Iterator[Condition]:
        if self.low > -INF:
            yield Condition(name, ">=", (self.low,))
        if self.high < INF:
            yield Condition(name, "<=", (self.high,))
