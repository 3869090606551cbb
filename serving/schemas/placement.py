"""Parameters and answer of ``/why``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recsys.data.catalog import Attribute
from recsys.recommend.answer import Source, Strategy
from recsys.recommend.placement import MOST_EVENTS, MOST_RANK
from serving.schemas.answers import InContext, ModelAnswer, NamedItem, Positive, RankedItem, Reason, TakenOut
from serving.schemas.base import AnswerObject, Id
from serving.schemas.lists import ListSchema
from serving.schemas.queries import (
    Cluster,
    Conditions,
    ContentWeight,
    Context,
    Diversity,
    Excluded,
    Filter,
    IncludeSeen,
    K,
    Penalty,
    Query,
    Rotation,
    Without,
)


class WhyQuery(Query, ListSchema):
    """Parameters of ``GET /why``."""

    repeatable = frozenset({"filter"})

    user_id: Annotated[str, Field(min_length=1, description="the user of the list")]
    item_id: Annotated[str, Field(min_length=1, description="the item that is sought in it")]
    k: K = 10
    exclude: Excluded = ()
    filter: Filter = ()
    cluster: Cluster = None
    diversity: Diversity = 0.0
    include_seen: IncludeSeen = False
    popularity_penalty: Penalty = None
    rotation: Rotation = 0.0
    content_weight: ContentWeight = 1.0
    without: Without = ()
    context: Context = None

    @property
    def conditions(self) -> Conditions:
        return self.filter


class EventWithItem(AnswerObject):
    """An event of the user with the item."""

    event: str
    value: float | None
    timestamp: int | None = Field(description="seconds since 1970, UTC")


class SeenReason(AnswerObject):
    """The user has seen the item: in the training data, in received events, or both."""

    kind: Literal["seen"]
    liked: bool
    weight: float | None = Field(
        description="in the training data, 0 if seen but not liked; null if seen after training only"
    )
    at: int | None = Field(
        description="time of the last received event, seconds since 1970, UTC; null without a received event: the model "
        "keeps no times of its training data"
    )
    events: list[EventWithItem] = Field(
        description=f"received events with the item, newest first, at most {MOST_EVENTS}"
    )


class HiddenReason(AnswerObject):
    """The item is hidden by ``PUT /items/<item_id>/hidden``."""

    kind: Literal["hidden"]


class UnavailableReason(AnswerObject):
    """The item is not available now: `available`, `available_from`, `available_until` of ``PATCH /items/<item_id>``."""

    kind: Literal["unavailable"]


class ExcludedReason(AnswerObject):
    """`exclude` has the item."""

    kind: Literal["excluded"]


class InContextReason(AnswerObject):
    """The item is the one in `context`."""

    kind: Literal["in_context"]


class FilteredReason(AnswerObject):
    """The item fails a condition; each failing condition is a reason."""

    kind: Literal["filtered"]
    by: str = Field(description="the condition, such as `year>=1990` or `cluster=3`")
    value: Attribute | None = Field(description="that of the item; null for none")


class ReorderedReason(AnswerObject):
    """Without this parameter the list would have the item."""

    kind: Literal["diversity", "popularity_penalty", "rotation", "content_weight", "context"]
    rank: Positive = Field(description="rank without the parameter")


class RankReason(AnswerObject):
    """At least `k` items rank before the item."""

    kind: Literal["rank"]
    rank: Positive | None = Field(description=f"as `rank_without`; null after {MOST_RANK}")
    k: Positive


ReasonAgainst = Annotated[
    SeenReason
    | HiddenReason
    | UnavailableReason
    | ExcludedReason
    | InContextReason
    | FilteredReason
    | ReorderedReason
    | RankReason,
    Field(discriminator="kind"),
]


class WhyAnswer(NamedItem, ModelAnswer):
    """Answer of ``/why``."""

    user_id: Id
    without: TakenOut
    context: InContext
    strategy: Strategy
    fallback: bool = Field(description="nothing is known of the user, who gets the popular items")
    listed: bool = Field(description="whether the item is among the first `k`")
    rank: Positive | None = Field(
        description="rank among all pages of the list; null for an item that is seen, hidden, excluded or filtered, and "
        f"after {MOST_RANK}"
    )
    rank_without: Positive | None = Field(
        description="rank in the list of the same request, but with seen items if the item is seen, with the item if it is "
        f"hidden or excluded, and without the conditions that it fails; null after {MOST_RANK}"
    )
    score: float
    source: Source
    parts: Reason = Field(description="the parts of the score, as `reason` in a list with `explain`")
    reasons: list[ReasonAgainst] = Field(description="why the list does not have the item; empty if it has")
    last: RankedItem | None = Field(description="the last item of the list, with its reason; null for an empty list")
    degraded: Annotated[
        list[Literal["events"]],
        Field(default=None, description="data that cannot be read at the moment and is not counted; absent otherwise"),
    ]
