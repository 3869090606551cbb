"""Shapes of the answers with lists, users and items, for the OpenAPI document and the tests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recsys.recommend.answer import Source, Strategy
from serving.schemas.base import AnswerObject, Id
from serving.schemas.lists import RECOMMENDATION_ID

Attributes = dict[str, str | int | float | list[str]]
Coordinate = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Closeness = Annotated[float, Field(ge=-1, le=1, description="cosine with the center of the group")]
TakenOut = Annotated[
    list[str], Field(default=None, description="ids that the request took out of the history; absent for none")
]


class ContextItem(AnswerObject):
    """The item in context, and the data by which it counts."""

    item_id: Id
    by: Literal["baskets", "likeness", "nothing"] = Field(
        description="`baskets`: items of the same baskets, and items like it; `likeness`: items like it; `nothing`: no data"
    )


InContext = Annotated[ContextItem, Field(default=None, description="absent without `context`")]


class ModelAnswer(AnswerObject):
    """Base of the answers that come from a model."""

    model_version: str = Field(description="version of the model", examples=["20261123T101500Z-3f2a"])


class Paged(AnswerObject):
    """Base of the answers with pages."""

    next_offset: Count | None = Field(description="`offset` of the next page; null after the last page")


class NamedItem(AnswerObject):
    """An item and its title."""

    item_id: Id
    title: str


class AttributeValue(AnswerObject):
    """A value of an attribute."""

    attribute: str
    value: str


class Cause(NamedItem):
    """An item of the history, its contribution to a score, and its share of the score."""

    score: float
    share: float


class GivenValue(AttributeValue):
    """A value of the user, and what it adds to a score."""

    score: float


class Reason(AnswerObject):
    """The parts of a score: `collaborative`, `content`, `popularity` and `rotation` add up to it.

    The scores of `because`, `others` (the rest of the history), `context`, `popularity` and `rotation` add up to it as well, in
    a list by the attributes of the user those of `attributes` and `popularity`.
    """

    because: list[Cause]
    others: float
    collaborative: float
    content: float
    attributes: Annotated[list[GivenValue], Field(default=None, description="in a list by the attributes of the user")]
    popularity: float = Field(description="score in a popular list, or the effect of `popularity_penalty`, 0 or less")
    neighbors: float = Field(
        description="the part of `collaborative` from items of the same users; the rest is of factors"
    )
    context: Annotated[float, Field(default=None, description="the part of the item in context; absent without one")]
    rotation: float = Field(description="what `rotation` takes, 0 or less")


class RankedItem(NamedItem):
    """One item of a list."""

    rank: Positive
    score: float = Field(description="higher is better; comparable within one list only")
    source: Source = Field(description="the data behind the score")
    reason: Annotated[Reason, Field(default=None, description="with `explain`")]
    attributes: Annotated[Attributes, Field(default=None, description="with `attributes`")]


class Ranking(ModelAnswer):
    """Items, best first, and how they were found."""

    strategy: Strategy = Field(
        description="`fold_in`: events after the training are counted; `context`: no data on the user, by the item in context "
        "alone; `popular`: no data"
    )
    fallback: bool = Field(description="without data on the user: popular items, or items in an order without taste")
    items: list[RankedItem]
    degraded: Annotated[
        list[Literal["events", "semantic"]],
        Field(default=None, description="data that cannot be read at the moment and is not counted; absent otherwise"),
    ]


class RankedList(Ranking, Paged):
    """A list that has pages."""


class ForUser(AnswerObject):
    """Base of the answers that depend on a user."""

    user_id: Annotated[Id, Field(default=None, description="absent without a user, such as for a guest")]


class Recommendations(RankedList, ForUser):
    """Answer of ``/recommend``."""

    recommendation_id: str = Field(
        pattern=RECOMMENDATION_ID,
        description="to be sent for the next pages, and with the events that this list leads to",
    )
    without: TakenOut
    context: InContext


class Similar(RankedList):
    """Answer of ``/similar``."""

    item_id: Id


class Popular(RankedList):
    """Answer of ``/popular``."""


class Companion(NamedItem):
    """An item of the same baskets."""

    rank: Positive
    lift: float = Field(description="baskets with both by the number that chance would give; above 1: more often")
    n: Positive = Field(description="baskets with both, summed over the given items")
    score: float = Field(description="logarithm of the lift, shrunk where few baskets support it")


class TogetherAnswer(ModelAnswer, Paged):
    """Answer of ``/together``."""

    item_ids: list[Id]
    items: list[Companion]


class NewItem(NamedItem):
    """An item and its time."""

    rank: Positive
    timestamp: Count = Field(description="seconds since 1970, UTC")
    source: Literal["available_from", "first_event"] = Field(
        description="the attribute `available_from`, else the first event of the training data"
    )


class LatestItems(ModelAnswer, Paged):
    """Answer of ``/latest``."""

    items: list[NewItem]


class RankAnswer(Ranking, ForUser):
    """Answer of ``/rank``."""

    unknown: list[str] = Field(description="ids that are not in the catalog, or that are hidden")


class Consumed(NamedItem):
    """An item of a history and its weight."""

    weight: float


class Preference(AttributeValue):
    """A value of an attribute, and the share of the history that has it."""

    share: float


class ReceivedEvent(AnswerObject):
    """An event as it is stored."""

    event_id: str | None = Field(description="by which it can be undone; null: stored by an earlier release")
    item_id: Id
    event: str
    value: float | None
    timestamp: int | None = Field(description="seconds since 1970, UTC")


class UserEvent(ReceivedEvent):
    """An event of a user."""

    since_training: bool = Field(description="whether the model was trained without it")


class InGroup(AnswerObject):
    """The group of an item or a user."""

    name: str
    closeness: Closeness


class InCluster(InGroup):
    """The cluster of an item."""

    cluster_id: Count


class InSegment(InGroup):
    """The segment of a user."""

    segment_id: Count


class User(ModelAnswer):
    """Data on a user."""

    user_id: Id
    in_model: bool = Field(description="whether the model was trained with this user")
    attributes: Attributes = Field(description="of the file of users and of `PUT` and `PATCH`")
    segment: InSegment | None = Field(description="at training; null for none")
    n_liked: Count
    n_disliked: Count
    history: list[Consumed] = Field(description="the items that count for lists, heaviest first")
    disliked: list[Consumed]
    preferences: list[Preference]
    events: list[UserEvent] = Field(description="the latest events received by `POST /events`")


class ItemRecord(NamedItem, ModelAnswer):
    """One record of the catalog."""

    attributes: Attributes
    n_users: Count = Field(description="users of the item in the training data")
    popularity: float = Field(description="the same, users of long ago weighted less")
    place: list[Coordinate] | None = Field(
        description="x and y on the item map; null for none", min_length=2, max_length=2
    )
    cluster: InCluster | None = Field(description="null for an item without data")
    hidden: bool | None = Field(description="whether no list has it; null: unknown, the event store cannot be read")
    changed: bool = Field(description="whether the record is new or was changed since the training")


class Alive(AnswerObject):
    """Answer of ``/livez``."""

    status: Literal["alive"]


class Ready(ModelAnswer):
    """Answer of ``/readyz``."""

    status: Literal["ready"]
    since: str


class Problem(AnswerObject):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    request_id: str
