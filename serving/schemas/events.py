"""Requests and answers of ``/events``."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, RootModel, Tag, WithJsonSchema

from recsys.events.records import LONGEST_ID, ReceivedEvent
from recsys.events.timestamps import LATEST, MILLISECONDS_FROM, seconds, seconds_of
from serving.schemas.answers import Count, NamedItem
from serving.schemas.base import AnswerObject, Id, StrictObject
from serving.schemas.bodies import Value, Whole
from serving.schemas.queries import Query, WholeNumber

MOST_LATEST = 100  # events of `GET /events`
MOST_POSITION = 1_000_000

# Every fourth year is a leap year here, because 1900 and 2100 are out of range.
_DAY = (
    "(?:19(?:7[1-9]|[89][0-9])|20(?:[0-8][0-9]|9[0-8]))-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
    "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|"
    "(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26]))-02-29"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
MOMENT_PATTERN = f"^(?:{_DAY})T{_CLOCK}$"

Type = Annotated[str, Field(max_length=LONGEST_ID, pattern="^[^\\u0000]*$")]
Name = Annotated[Type, Field(min_length=1)]


def _moment(value: float | str) -> int:
    moment = seconds(value) if isinstance(value, str) else seconds_of(value)
    if moment is None:
        raise ValueError(
            "must be a moment from 1970 to 2099: seconds or milliseconds since 1970, or ISO 8601 such as 2026-11-23T10:15:00Z"
        )
    return moment


Moment = Annotated[
    float | str,
    AfterValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": LATEST},
                {"type": "number", "minimum": MILLISECONDS_FROM, "exclusiveMaximum": LATEST * 1000},
                {"type": "string", "pattern": MOMENT_PATTERN},
            ]
        }
    ),
]


class EventIn(StrictObject):
    """One event of a user."""

    user_id: Name = Field(description="the user, known to the model or not")
    item_id: Name = Field(description="the item, in the catalog or not yet")
    event: Type = Field(
        "", description="its type, which has a weight in the model, or `impression`: the item was shown"
    )
    value: Value | None = None
    timestamp: Moment | None = Field(
        None, description="seconds or milliseconds since 1970, or ISO 8601; the default is the time of arrival"
    )
    event_id: Name | None = Field(
        None, description="your id of this event: repeated, it does not count again; the default is a new one"
    )
    recommendation_id: Name | None = Field(None, description="of the list that contained the item")
    position: Annotated[int, Field(ge=1, le=MOST_POSITION), Whole] | None = Field(
        None, description="place in that list, counted from 1 over all pages; kept of impressions"
    )

    def received(self) -> ReceivedEvent:
        """Return the event for the event store."""
        return ReceivedEvent(**{**vars(self), "event_id": self.event_id or uuid.uuid4().hex})


def _shape(value: Any) -> str:
    return "list" if isinstance(value, list) else "one"


class EventsBody(
    RootModel[
        Annotated[
            Annotated[EventIn, Tag("one")]
            | Annotated[tuple[EventIn, ...], Field(strict=False, fail_fast=True), Tag("list")],
            Discriminator(_shape),
        ]
    ]
):
    """One event, or a list of events."""

    @property
    def events(self) -> tuple[EventIn, ...]:
        return self.root if isinstance(self.root, tuple) else (self.root,)


class EventsAnswer(AnswerObject):
    """Answer of ``POST /events``: the accepted events are on disk."""

    accepted: Count = Field(description="events that count from now on")
    event_ids: list[str] = Field(description="id of each event of the request, by which it can be undone")
    duplicates: Count = Field(description="events whose id was already stored")
    unknown_items: Count = Field(description="events with items that are not in the catalog yet")


class MergeBody(StrictObject):
    """Body of ``POST /users/<user_id>/merge``."""

    guest: Name = Field(alias="from", description="the guest whose events become the user's")


class Merged(AnswerObject):
    """Answer of ``POST /users/<user_id>/merge``."""

    user_id: Id
    events: Count = Field(description="events that were the guest's")


class LatestQuery(Query):
    """Parameters of ``GET /events``."""

    k: Annotated[int, Field(ge=1, le=MOST_LATEST, description="how many"), WholeNumber] = 20


class LatestEvent(NamedItem):
    """An event as it was received; the title is empty for an item that the model does not have."""

    event_id: str | None = Field(description="by which it can be undone; null: stored by an earlier release")
    user_id: Id
    event: str
    value: float | None
    timestamp: int = Field(description="seconds since 1970, UTC")


class LatestEvents(AnswerObject):
    """Answer of ``GET /events``."""

    events: list[LatestEvent] = Field(description="newest first")
