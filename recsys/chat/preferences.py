"""What was said so far, while it is read: a later word on a thing takes back an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from recsys.chat.number_ranges import INF, Range
from recsys.data.filters import Condition
from recsys.text.tokens import tokens
from recsys.text.vocabulary import EMPTY

MOST_YEARS = 100  # of a range in the middle that is not wanted


class Heard:
    """Likes, dislikes and conditions as they grow."""

    def __init__(self) -> None:
        self.found = Understood()
        self._bounds: dict[str, Bounds] = {}
        self._not: dict[str, set[str | float]] = {}
        self._only: dict[str, set[str]] = {}

    def understood(self) -> Understood:
        """All of it."""
        bounds = (one for name, bound in self._bounds.items() for one in bound.conditions(name))
        only = (Condition(name, "in", tuple(sorted(values))) for name, values in self._only.items() if values)
        without = (
            Condition(name, "not in", tuple(sorted(values, key=str))) for name, values in self._not.items() if values
        )
        self.found.filters = (*bounds, *only, *without)
        self.found.shown -= self.found.items()
        return self.found

    def item(self, mention: Mention, mood: float) -> None:
        """An item is liked, disliked or, with mood 0, only seen."""
        for side in (self.found.likes, self.found.dislikes, self.found.seen):
            side[:] = [one for one in side if one.items[:1] != mention.items[:1]]
        self._side(mood).append(mention)

    def value(self, mention: Mention, mood: float, *, only: bool = False, instead: bool = False) -> None:
        """A value is wanted, not wanted, or neither; `only`: and no other of its attribute, `instead`: in place of others."""
        attribute, value = mention.attribute, mention.value
        self._drop(lambda one: (one.attribute, one.value) == (attribute, value))
        without, narrowed = self._not.setdefault(attribute, set()), self._only.setdefault(attribute, set())
        without.discard(value)
        if mood <= 0:
            narrowed.discard(value)
        if mood <= -1:
            without.add(value)
        if (only or instead) and mood > 0:
            earlier = {one.value for one in self.found.likes if one.attribute == attribute and one.turn < mention.turn}
            narrowed -= earlier
            self.found.likes[:] = [
                one for one in self.found.likes if one.attribute != attribute or one.turn == mention.turn
            ]
        if mood > 0 and (only or narrowed):
            narrowed.add(value)
        if mood:
            self._side(mood).append(mention)

    def range(self, one: Range, mood: float, turn: int, step: float) -> None:
        """Numbers that are wanted, or not; with mood 0 any number is. `step` is the distance of two."""
        if mood == 0:
            self.open(one.attribute)
            return
        wanted = one if mood > 0 else one.opposite(step)
        if wanted is not None:
            without = self._not.get(one.attribute, set())
            without -= {
                number for number in without if isinstance(number, float) and wanted.low <= number <= wanted.high
            }
            self._bounds.setdefault(one.attribute, Bounds()).narrow(wanted, turn)
        elif one.high - one.low < MOST_YEARS:
            without = self._not.setdefault(one.attribute, set())
            without.update(float(number) for number in range(int(one.low), int(one.high) + 1))

    def text(self, mention: Mention, mood: float, *, instead: bool = False) -> None:
        """A text is wanted or not; with mood 0 those that say it are taken back."""
        said = _telling(mention.said)
        self._drop(lambda one: one.is_text and _same(_telling(one.said), said, whole=mood != 0))
        if instead and mood > 0:
            self.found.likes[:] = [one for one in self.found.likes if not one.is_text or one.turn == mention.turn]
        if mood:
            self._side(mood).append(mention)

    def forget_text(self, turn: int) -> None:
        """The words of an utterance were no text."""
        self._drop(lambda one: one.is_text and one.turn == turn)

    def open(self, attribute: str) -> None:
        """Any value of an attribute will do."""
        for kept in (self._bounds, self._not, self._only):
            kept.pop(attribute, None)
        self._drop(lambda one: one.attribute == attribute)

    def reset(self) -> None:
        """Nothing was said; what was seen and shown is known still."""
        for kept in (self._bounds, self._not, self._only, self.found.likes, self.found.dislikes):
            kept.clear()

    def _drop(self, out: Callable[[Mention], bool]) -> None:
        """Take back likes and dislikes."""
        for side in (self.found.likes, self.found.dislikes):
            side[:] = [one for one in side if not out(one)]

    def _side(self, mood: float) -> list[Mention]:
        if mood == 0:
            return self.found.seen
        return self.found.likes if mood > 0 else self.found.dislikes


def _telling(text: str) -> set[str]:
    return {one.word for one in tokens(text)} - EMPTY


def _same(earlier: set[str], said: set[str], *, whole: bool) -> bool:
    """Whether an earlier text says the same, or, not `whole`, that among other things."""
    return bool(said) and (earlier == said if whole else earlier >= said)


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
