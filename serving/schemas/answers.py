"""The shapes of the answers, for the OpenAPI document and for the tests; nothing is built from them while serving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recsys.recommend.answer import Source, Strategy

Id = Annotated[str, Field(min_length=1, description="an id, kept byte for byte")]
Version = Annotated[str, Field(description="the model that answered", examples=["20261123T101500Z-3f2a"])]
Count = Annotated[int, Field(ge=0)]


class AnswerObject(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="forbid")


class Cause(AnswerObject):
    """An item of the history, what it gives to a score, and its share of the score."""

    item_id: Id
    title: str
    score: float
    share: float


class Reason(AnswerObject):
    """Why an item has its score, which is the sum of the three parts.

    The scores of `because`, `others`, what the rest of the history gives, and `popularity` add up to the score as well.
    """

    because: list[Cause]
    others: float
    collaborative: float
    content: float
    popularity: Annotated[
        float,
        Field(description="the score in a popular list; in others what `popularity_penalty` takes away, 0 or less"),
    ]


class RankedItem(AnswerObject):
    """One item of a list."""

    rank: Annotated[int, Field(ge=1)]
    item_id: Id
    score: Annotated[float, Field(description="higher is better; compare within one list only")]
    title: str
    source: Annotated[Source, Field(description="what the score is made of")]
    reason: Annotated[Reason, Field(default=None, description="with `explain`")]


class Ranking(AnswerObject):
    """Items, best first, and how they were found."""

    model_version: Version
    strategy: Annotated[
        Strategy,
        Field(description="`fold_in`: events that the model does not know are counted; `popular`: nothing is known"),
    ]
    fallback: Annotated[
        bool,
        Field(
            description="nothing is known of the user: the popular items stand in, or what was found is in nobody's order"
        ),
    ]
    items: list[RankedItem]
    degraded: Annotated[
        list[Literal["events", "semantic"]],
        Field(default=None, description="what could not be read just now and is not counted; not there otherwise"),
    ]


class RankedList(Ranking):
    """A list that has pages."""

    next_offset: Annotated[Count | None, Field(description="where the next page begins; null behind the last one")]


class Recommendations(RankedList):
    """Answer of ``/recommend``."""

    user_id: Annotated[Id, Field(default=None, description="not there for a guest")]
    recommendation_id: Annotated[
        str,
        Field(
            pattern="^[0-9a-f]{32}$",
            description="to be sent for the next pages, and with the events that this list leads to",
        ),
    ]


class Similar(RankedList):
    """Answer of ``/similar``."""

    item_id: Id


class Popular(RankedList):
    """Answer of ``/popular``."""


class RankAnswer(Ranking):
    """Answer of ``/rank``."""

    user_id: Annotated[Id, Field(default=None, description="not there for a guest")]
    unknown: Annotated[list[str], Field(description="ids that the catalogue does not have, or that are hidden")]


class Consumed(AnswerObject):
    """An item of a history and its weight."""

    item_id: Id
    title: str
    weight: float


class Preference(AnswerObject):
    """A value of an attribute, and the share of the history that has it."""

    attribute: str
    value: str
    share: float


class ReceivedEvent(AnswerObject):
    """An event as it is kept."""

    item_id: Id
    event: str
    value: float | None
    timestamp: Annotated[int | None, Field(description="seconds since 1970, UTC")]


class InGroup(AnswerObject):
    """The group of an item or a user."""

    name: str
    closeness: Annotated[float, Field(ge=-1, le=1, description="cosine with the centre of the group")]


class InCluster(InGroup):
    """The cluster of an item."""

    cluster_id: Count


class InSegment(InGroup):
    """The segment of a user."""

    segment_id: Count


class User(AnswerObject):
    """What is known of a user."""

    user_id: Id
    model_version: Version
    in_model: Annotated[bool, Field(description="whether the model was trained with this user")]
    segment: Annotated[InSegment | None, Field(description="when the model was trained; null without one")]
    n_liked: Count
    n_disliked: Count
    history: Annotated[list[Consumed], Field(description="what counts for the lists, heaviest first")]
    disliked: list[Consumed]
    preferences: list[Preference]
    events: Annotated[list[ReceivedEvent], Field(description="the latest that came in by `POST /events`")]


class ItemRecord(AnswerObject):
    """One record of the catalogue."""

    item_id: Id
    model_version: Version
    title: str
    attributes: dict[str, str | int | float | list[str]]
    cluster: Annotated[InCluster | None, Field(description="null where nothing is known of the item")]


class Alive(AnswerObject):
    """Answer of ``/livez``."""

    status: Literal["alive"]


class Ready(AnswerObject):
    """Answer of ``/readyz``."""

    status: Literal["ready"]
    model_version: Version
    since: str


class Problem(AnswerObject):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: str
