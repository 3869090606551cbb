"""Preferences stated in a conversation, and their tracker: later statements override earlier ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
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
    """An item, an attribute value or a text that the user likes, dislikes or has seen.

    Parameters
    ----------
    said : str
        The words of the user.
    turn : int
        Number of the message, from 0.
    weight : float
        1 for the latest turn of the user, less for earlier ones.
    items : tuple of int
        Row numbers of the items with that name, the most popular first; empty for values and texts.
    attribute, value : str
        Empty for items and texts.
    strong : bool
        False where less of it is wanted, and not none.
    """

    said: str
    turn: int
    weight: float
    items: tuple[int, ...] = ()
    attribute: str = ""
    value: str = ""
    strong: bool = True

    @property
    def is_text(self) -> bool:
        return not (self.items or self.attribute)


@dataclass(frozen=True)
class Preferences:
    """Preferences stated in a conversation, in the order of the statements.

    Parameters
    ----------
    likes, dislikes : tuple of Mention
    seen : tuple of Mention
        Items that are neither liked nor disliked.
    filters : tuple of Condition
        Conditions that all items must meet.
    shown : frozenset of int
        Row numbers of the items that the assistant named; they are not recommended again.
    asked : frozenset of (str, str)
        Attributes and values of the assistant's questions; ("year", "") for a question about a number.
    """

    likes: tuple[Mention, ...] = ()
    dislikes: tuple[Mention, ...] = ()
    seen: tuple[Mention, ...] = ()
    filters: tuple[Condition, ...] = ()
    shown: frozenset[int] = frozenset()
    asked: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.likes or self.dislikes or self.filters)

    def items(self) -> set[int]:
        """Return the row numbers of all items that the user named."""
        return {num for one in (*self.likes, *self.dislikes, *self.seen) for num in one.items[:1]}

    def liked_texts(self) -> list[Mention]:
        """Return the latest MOST_TEXTS texts that are liked."""
        return [one for one in self.likes if one.is_text][-MOST_TEXTS:]

    def disliked_texts(self) -> list[Mention]:
        """Return the latest MOST_TEXTS texts that are disliked."""
        return [one for one in self.dislikes if one.is_text][-MOST_TEXTS:]

    def texts(self) -> list[str]:
        """Return the texts to encode for :func:`recsys.chat.recommend.converse`, without duplicates."""
        return list(dict.fromkeys(one.said for one in (*self.liked_texts(), *self.disliked_texts())))


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
        filters += [Condition(name, "in", tuple(sorted(kept))) for name, kept in self._allowed.items() if kept]
        out = self._excluded.items()
        filters += [Condition(name, "not in", tuple(sorted(values, key=str))) for name, values in out if values]
        likes, dislikes, seen = tuple(self.likes), tuple(self.dislikes), tuple(self._seen)
        found = Preferences(likes, dislikes, seen, tuple(filters), asked=frozenset(self.asked))
        return replace(found, shown=frozenset(self.shown - found.items()))

    def values_of(self, turn: int) -> set[tuple[str, str]]:
        """Return the attributes and values that are liked or disliked in a turn."""
        return {(one.attribute, one.value) for one in (*self.likes, *self.dislikes) if one.turn == turn}

    def item(self, mention: Mention, polarity: float) -> None:
        """Note that an item is liked, disliked or, with polarity 0, only seen."""
        for side in (self.likes, self.dislikes, self._seen):
            side[:] = [one for one in side if one.items[:1] != mention.items[:1]]
        self._side(polarity).append(mention)

    def value(self, mention: Mention, polarity: float, *, only: bool = False, instead: bool = False) -> None:
        """Note that a value is wanted, unwanted or neither; `only`: no other of its attribute, `instead`: replaces others."""
        attribute, value = mention.attribute, mention.value
        self._drop(lambda one: (one.attribute, one.value) == (attribute, value))
        excluded, allowed = self._excluded[attribute], self._allowed[attribute]
        excluded.discard(value)
        if polarity <= -1:
            excluded.add(value)
        if polarity <= 0:
            allowed.discard(value)
        else:
            self._allow(mention, only=only, instead=instead)
        if polarity:
            self._side(polarity).append(mention)

    def range(self, numbers: Range, polarity: float, turn: int, step: float) -> None:
        """Note that numbers are wanted or unwanted; polarity 0 allows any number. `step` is the distance of two numbers."""
        name = numbers.attribute
        wanted = numbers if polarity > 0 else numbers.opposite(step)
        if polarity == 0:
            self.open(name)
        elif wanted is not None:
            out = self._excluded.get(name, set())
            out -= {one for one in out if isinstance(one, float) and wanted.low <= one <= wanted.high}
            self._bounds[name].narrow(wanted, turn)
        elif numbers.high - numbers.low < MOST_YEARS:
            self._excluded[name].update(map(float, range(int(numbers.low), int(numbers.high) + 1)))

    def text(self, mention: Mention, polarity: float, *, instead: bool = False) -> None:
        """Note that a text is wanted or unwanted; polarity 0 takes back the texts that contain its words."""
        words = _content_words(mention.said)
        same: Callable[[set[str]], bool] = words.__eq__ if polarity else words.__le__
        self._drop(lambda one: one.is_text and bool(words) and same(_content_words(one.said)))
        if instead and polarity > 0:
            self.likes[:] = [one for one in self.likes if not one.is_text or one.turn == mention.turn]
        if polarity:
            self._side(polarity).append(mention)

    def forget_text(self, turn: int) -> None:
        """Drop the texts of a turn, whose words had another meaning."""
        self._drop(lambda one: one.is_text and one.turn == turn)

    def open(self, attribute: str) -> None:
        """Allow any value of an attribute."""
        for kept in (self._bounds, self._excluded, self._allowed):
            kept.pop(attribute, None)
        self._drop(lambda one: one.attribute == attribute)

    def reset(self) -> None:
        """Drop all preferences; what the user has seen and the assistant has shown stays."""
        for kept in (self._bounds, self._excluded, self._allowed, self.likes, self.dislikes):
            kept.clear()

    def _allow(self, mention: Mention, *, only: bool, instead: bool) -> None:
        allowed = self._allowed[mention.attribute]
        if only or instead:
            likes = [one for one in self.likes if one.attribute == mention.attribute]
            earlier = {one for one in likes if one.turn < mention.turn}
            allowed.difference_update(one.value for one in earlier)
            self._drop(earlier.__contains__)
        if only or allowed:
            allowed.add(mention.value)

    def _drop(self, is_out: Callable[[Mention], bool]) -> None:
        """Take back likes and dislikes."""
        for side in (self.likes, self.dislikes):
            side[:] = [one for one in side if not is_out(one)]

    def _side(self, polarity: float) -> list[Mention]:
        if polarity == 0:
            return self._seen
        return self.likes if polarity > 0 else self.dislikes


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
