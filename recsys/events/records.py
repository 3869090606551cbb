"""Records of the event store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pydantic import Field, NonNegativeInt

from recsys.errors import QueryError
from recsys.events.activity import Event
from recsys.strict import Record

LONGEST_ID = 512  # characters, so that an id fits into an index page of PostgreSQL
LARGEST_VALUE = 1e15  # sums of more would leave float32
EVER = 2**62  # no event has a larger number


@dataclass(frozen=True)
class ReceivedEvent:
    """Event as it is received.

    Raises
    ------
    QueryError
        When an id is empty, longer than 512 characters or holds NUL, which PostgreSQL cannot store, or the value is too large.
    """

    user_id: str
    item_id: str
    event: str = ""  # its type; empty: none
    value: float | None = None  # a rating or a count, at most 1e15 in size
    timestamp: int | None = None  # seconds since 1970, UTC; None: the time of arrival by the store's clock
    event_id: str | None = None  # a second event with the same id does not count; None: every event counts
    recommendation_id: str | None = None  # of the list in which the item was shown
    position: int | None = None  # in that list, from 1; kept of impressions

    def __post_init__(self) -> None:
        for name in ("user_id", "item_id", "event_id", "recommendation_id"):
            if (external_id := getattr(self, name)) is not None:
                check_id(name, external_id)
        if self.event:
            check_id("event", self.event)
        if self.value is not None and not abs(self.value) <= LARGEST_VALUE:
            raise QueryError(f"value is {self.value!r}; it must be a number of at most 1e15")


@dataclass(frozen=True)
class StoredEvent:
    """Stored event with its time; an event that was acknowledged later has a larger number."""

    seq: int
    user_id: str
    event: Event
    event_id: str | None = None  # by which it can be undone; None: stored by a release that kept none


@dataclass(frozen=True)
class Added:
    """Numbers of events that were stored now and that were stored before."""

    accepted: int
    duplicates: int


@dataclass(frozen=True)
class Watermark:
    """Position up to which a training has read an event store."""

    store_id: str = ""  # empty: no store
    through: int = 0  # the largest number of an event
    forgotten_through: int = 0  # the largest number of a deletion of a user or an undo of an event
    items_through: int = 0  # the revision of the last change of an item


NO_WATERMARK = Watermark()


def check_id(name: str, external_id: str) -> None:
    """Raise QueryError if the store cannot keep an id byte for byte."""
    if problem := id_problem(external_id):
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
    """Rules of a model for events (:class:`EventRules`), and its :class:`Watermark`."""

    weights: dict[str, float] = Field(default_factory=dict)
    threshold: float | None = None
    store_id: str = ""
    through: NonNegativeInt = 0
    forgotten_through: NonNegativeInt = 0
    items_through: NonNegativeInt = 0
