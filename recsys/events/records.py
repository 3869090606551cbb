"""What goes into the event store and what comes out of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, NonNegativeInt

from recsys.errors import QueryError
from recsys.events.activity import Event
from recsys.strict import Record

LONGEST_ID = 512  # characters, so that an id fits into an index page of PostgreSQL
LARGEST_VALUE = 1e15  # sums of more would leave float32
EVER = 2**62  # no event has a larger number


@dataclass(frozen=True)
class ReceivedEvent:
    """One event as it comes in.

    Parameters
    ----------
    user_id, item_id : str
        1 to 512 characters without NUL, which PostgreSQL cannot hold.
    event : str
        Its type; empty: none.
    value : float or None
        A rating or a count, at most 1e15 in size; None: not given.
    timestamp : int or None
        Seconds since 1970, UTC; None: the store's clock when it comes in.
    event_id : str or None
        The sender's name of this event: of two with the same one only the first counts. None: every one counts.
    recommendation_id : str or None
        The list in which the item was shown.

    Raises
    ------
    QueryError
        When an id or the value is none of these.
    """

    user_id: str
    item_id: str
    event: str = ""
    value: float | None = None
    timestamp: int | None = None
    event_id: str | None = None
    recommendation_id: str | None = None

    def __post_init__(self) -> None:
        for name in ("user_id", "item_id", "event_id", "recommendation_id"):
            one = getattr(self, name)
            if one is not None:
                check_id(name, one)
        if self.event:
            check_id("event", self.event)
        if self.value is not None and not abs(self.value) <= LARGEST_VALUE:
            raise QueryError(f"value is {self.value!r}; it must be a number of at most 1e15")


@dataclass(frozen=True)
class StoredEvent:
    """One event with its number in the order of arrival.

    Parameters
    ----------
    seq : int
        Of two events the one that was acknowledged later has the larger one.
    user_id : str
    event : Event
        With its timestamp.
    """

    seq: int
    user_id: str
    event: Event


@dataclass(frozen=True)
class Added:
    """How many events were stored, and how many were there already."""

    accepted: int
    duplicates: int


@dataclass(frozen=True)
class Watermark:
    """How far a training has read.

    Parameters
    ----------
    store_id : str
        Of which store; empty: of none.
    through : int
        Largest number of an event.
    forgotten_through : int
        Largest number of a deletion.
    """

    store_id: str = ""
    through: int = 0
    forgotten_through: int = 0


NO_WATERMARK = Watermark()


def check_id(name: str, one: str) -> None:
    """Raise QueryError when the store cannot keep this id byte for byte."""
    problem = id_problem(one)
    if problem:
        raise QueryError(f"{name} {one[:60]!r} {problem}")


def id_problem(one: str) -> str:
    """Why the store cannot keep this id, empty where it can."""
    if not one:
        return "is empty; an id needs at least one character"
    if "\0" in one:
        return "holds a NUL, which an event cannot name"
    if len(one) > LONGEST_ID:
        return f"is {len(one)} characters long; an event keeps {LONGEST_ID}"
    if not one.isascii() and any("\ud800" <= letter <= "\udfff" for letter in one):
        return "holds half of a surrogate pair, which is no text"
    return ""


def user_hash(user_id: str) -> bytes:
    """SHA-256 by which a deleted user is remembered without the id."""
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()


def event_key(event_id: str) -> bytes:
    """128 bits by which an event is known again, also after its user was deleted."""
    return hashlib.sha256(event_id.encode()).digest()[:16]


class EventsInfo(Record):
    """How events count, and how far the event store was read.

    `threshold` is that of ratings, None where values are counts. `store_id` names the event store, empty for none; `through`
    is the largest number of an event that was read, `forgotten_through` that of a deletion of a user.
    """

    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    threshold: float | None = None
    store_id: str = ""
    through: NonNegativeInt = 0
    forgotten_through: NonNegativeInt = 0
