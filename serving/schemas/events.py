"""Bodies of ``POST /events``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, RootModel, Tag, WithJsonSchema

from recsys.events.records import LARGEST_VALUE, LONGEST_ID, ReceivedEvent
from recsys.events.timestamps import LATEST, MILLISECONDS_FROM, seconds, seconds_of
from serving.schemas.answers import AnswerObject, Count
from serving.schemas.base import StrictObject

# Years that are leap years here are those that four divides: 2000 is one, and 1900 and 2100 lie outside.
_DAY = (
    "(?:19(?:7[1-9]|[89][0-9])|20(?:[0-8][0-9]|9[0-8]))-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"
    "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|"
    "(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26]))-02-29"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
MOMENT_PATTERN = f"^(?:{_DAY})T{_CLOCK}$"

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern="^[^\\u0000]*$")]


def _moment(given: float | str) -> int:
    found = seconds(given) if isinstance(given, str) else seconds_of(given)
    if found is None:
        raise ValueError(
            "must be a moment from 1970 to 2099: seconds or milliseconds since 1970, or ISO 8601 such as 2026-11-23T10:15:00Z"
        )
    return found


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
    """One thing that a user did."""

    user_id: Annotated[Name, Field(description="who, known to the model or not")]
    item_id: Annotated[Name, Field(description="with which item, in the catalogue or not yet")]
    event: Annotated[
        str,
        Field(max_length=LONGEST_ID, pattern="^[^\\u0000]*$", description="its type, which has a weight in the model"),
    ] = ""
    value: Annotated[
        float | None, Field(ge=-LARGEST_VALUE, le=LARGEST_VALUE, description="a rating or a count, as in the data")
    ] = None
    timestamp: Annotated[
        Moment | None,
        Field(description="seconds or milliseconds since 1970, or ISO 8601; when it comes in, where it is left out"),
    ] = None
    event_id: Annotated[
        Name | None, Field(description="your name of this event: sent again, it does not count again")
    ] = None
    recommendation_id: Annotated[Name | None, Field(description="of the list in which the item was shown")] = None

    def received(self) -> ReceivedEvent:
        """The same for the event store."""
        return ReceivedEvent(**vars(self))


def _shape(given: Any) -> str:
    return "list" if isinstance(given, list) else "one"


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
        """All of them."""
        return self.root if isinstance(self.root, tuple) else (self.root,)


class EventsAnswer(AnswerObject):
    """Answer of ``POST /events``: the accepted events are on the disk."""

    accepted: Annotated[Count, Field(description="events that count from now on")]
    duplicates: Annotated[Count, Field(description="events whose id had come before")]
    unknown_items: Annotated[Count, Field(description="events with items that the catalogue does not have yet")]
