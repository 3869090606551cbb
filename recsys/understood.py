"""A conversation and what was understood of it, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from recsys.filters import Condition
from recsys.ranges import INF, Range

Role = Literal["user", "assistant"]


class Message(NamedTuple):
    """A turn of a conversation."""

    role: Role
    content: str


class Now(NamedTuple):
    """The number of the message that is read, and its weight."""

    turn: int
    weight: float


class Mention(NamedTuple):
    """Something that was said to be liked, disliked or seen.

    Parameters
    ----------
    said : str
        The words.
    turn : int
        Number of the message, from 0.
    weight : float
    items : tuple of int
        Row numbers of the items that are called so, the one that is meant first; empty for others.
    attribute, value : str
        Of a value; empty for others.
    strong : bool
        Of a dislike: it must not be, and not only be less so.
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


@dataclass
class Understood:
    """What was understood, each list in the order in which it was said.

    Parameters
    ----------
    likes, dislikes : list of Mention
    seen : list of Mention
        Items that are neither.
    filters : tuple of Condition
    shown : set of int
        Row numbers of the items that the other side named, which are not named again.
    asked : set of (str, str)
        Attributes and values of its questions; an attribute alone for a number.
    """

    likes: list[Mention] = field(default_factory=list)
    dislikes: list[Mention] = field(default_factory=list)
    seen: list[Mention] = field(default_factory=list)
    filters: tuple[Condition, ...] = ()
    shown: set[int] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)

    def items(self) -> set[int]:
        """Row numbers of all that was named."""
        return {num for one in (*self.likes, *self.dislikes, *self.seen) for num in one.items[:1]}

    @property
    def is_empty(self) -> bool:
        return not (self.likes or self.dislikes or self.filters)


@dataclass
class Bounds:
    """The range of an attribute that the utterances so far leave."""

    low: float = -INF
    high: float = INF
    turn: int = -1

    def narrow(self, one: Range, turn: int) -> None:
        """A range of two ends replaces what was said in an earlier turn; one end keeps the other where both can hold."""
        low, high = one.low, one.high
        both = low > -INF and high < INF
        if both and turn == self.turn and self.low > -INF and self.high < INF:  # "from the 70s or 80s"
            low, high = min(low, self.low), max(high, self.high)
        elif not both:
            low = self.low if low == -INF else low
            high = self.high if high == INF else high
            if low > high:
                low, high = one.low, one.high
        self.low, self.high, self.turn = low, high, turn

    def conditions(self, name: str) -> Iterator[Condition]:
        if self.low > -INF:
            yield Condition(name, ">=", (self.low,))
        if self.high < INF:
            yield Condition(name, "<=", (self.high,))
