"""Records that go into the event store and come out of it."""

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
    """An event as it is received.

    Parameters
    ----------
    user_id, item_id : str
        1 to 512 characters without NUL, which PostgreSQL cannot hold.
    event : str
        Type of the event; empty: none.
    value : float or None
        A rating or a count, at most 1e15 in size; None: not given.
    timestamp : int or None
        Seconds since 1970, UTC; None: the store's clock when it comes in.
    event_id : str or None
        The sender's name of this event: a second event with it does not count. None: every event counts.
    recommendation_id : str or None
        Id of the list in which the item was shown.

    Raises
    ------
    QueryError
        When an id or the value is outside these limits.
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
            value = getattr(self, name)
            if value is not None:
                check_id(name, value)
        if self.event:
            check_id("event", self.event)
        if self.value is not None and not abs(self.value) <= LARGEST_VALUE:
            raise QueryError(f"value is {self.value!r}; it must be a number of at most 1e15")


@dataclass(frozen=True)
class StoredEvent:
    """A stored event with its number in the order of arrival.

    Parameters
    ----------
    seq : int
        An event that was acknowledged later has a larger number.
    user_id : str
    event : Event
        With its timestamp.
    """

    seq: int
    user_id: str
    event: Event


@dataclass(frozen=True)
class Added:
    """Numbers of events that were stored now and that were stored before."""

    accepted: int
    duplicates: int


@dataclass(frozen=True)
class Watermark:
    """How far a training has read an event store.

    Parameters
    ----------
    store_id : str
        Id of the store; empty: none.
    through : int
        Largest number of an event.
    forgotten_through : int
        Largest number of a deletion.
    """

    store_id: str = ""
    through: int = 0
    forgotten_through: int = 0


NO_WATERMARK = Watermark()


def check_id(name: str, external_id: str) -> None:
    """Raise QueryError if the store cannot keep an id byte for byte."""
    problem = id_problem(external_id)
    if problem:
        raise QueryError(f"{name} {external_id[:60]!r} {problem}")


def id_problem(external_id: str) -> str:
    """Return why the store cannot keep an id, or an empty string."""
    if not external_id:
        return "is empty; an id needs at least one character"
    if "\0" in external_id:
        return "holds a NUL, which an event cannot name"
    if len(external_id) > LONGEST_ID:
        return f"is {len(external_id)} characters long; an event keeps {LONGEST_ID}"
    if not external_id.isascii() and any("\ud800" <= letter <= "\udfff" for letter in external_id):
        return "holds half of a surrogate pair, which is no text"
    return ""


def user_hash(user_id: str) -> bytes:
    """Return the SHA-256 of an id, by which a deletion is recorded without the id."""
    return hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()


def event_key(event_id: str) -> bytes:
    """Return 128 bits that identify an event, also after its user was deleted."""
    return hashlib.sha256(event_id.encode()).digest()[:16]


class EventsInfo(Record):
    """How events count, and how far the event store was read.

    `threshold` is that of ratings, None if values are counts. `store_id` names the event store, empty for none. `through` is
    the largest number of an event that was read, `forgotten_through` that of a deletion.
    """

    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    threshold: float | None = None
    store_id: str = ""
    through: NonNegativeInt = 0
    forgotten_through: NonNegativeInt = 0
