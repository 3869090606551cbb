"""Bodies of ``/recommend`` and ``/rank``, and the fields of all bodies for lists."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.events.activity import Event
from recsys.events.records import LARGEST_VALUE
from recsys.recommend.recommender import User
from serving.schemas import lists
from serving.schemas.base import Id, Share, StrictObject
from serving.schemas.filters import FilterIn
from serving.schemas.lists import ListSchema

MOST_IDS = 1000
MOST_FILTERS = 100
ONE_OF: JsonDict = {"oneOf": [{"required": ["user_id"]}, {"required": ["history"]}]}


def _whole(value: Any) -> Any:
    """Return an int for 2.0, which is an integer in JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _from_id(value: Any) -> Any:
    return {"item_id": value} if isinstance(value, str) else value


Value = Annotated[float, Field(ge=-LARGEST_VALUE, le=LARGEST_VALUE, description="a rating or a count, as in the data")]
Whole = BeforeValidator(_whole)


class HistoryEvent(StrictObject):
    """One event of a guest; an item id alone means an event without type and value."""

    item_id: Id
    event: Annotated[str, Field(description="its type, which has a weight in the configuration")] = ""
    value: Value | None = None


History = Annotated[
    tuple[Annotated[HistoryEvent, BeforeValidator(_from_id, json_schema_input_type=Id | HistoryEvent)], ...],
    Field(max_length=MOST_IDS, strict=False, description="events of a guest, oldest first"),
]
Exclude = Annotated[tuple[Id, ...], Field(max_length=MOST_IDS, strict=False, description="ids of items to leave out")]
Without = Annotated[tuple[Id, ...], Field(max_length=MOST_IDS, strict=False, description=lists.WITHOUT)]
Filters = Annotated[
    tuple[FilterIn, ...],
    Field(max_length=MOST_FILTERS, strict=False, description="conditions on attributes of the items; all must hold"),
]


class Subject(StrictObject):
    """A user, or a guest with a history."""

    model_config = ConfigDict(json_schema_extra=ONE_OF)

    user_id: Id | None = None
    history: History | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.user_id is None) == (self.history is None):
            raise ValueError("must have either a user_id or a history")
        return self

    @cached_property
    def user(self) -> User:
        """The id of the user, or the history of the guest."""
        if self.user_id is not None:
            return self.user_id
        return tuple(Event(event.item_id, event.event, event.value) for event in self.history or ())


class ListBody(StrictObject, ListSchema):
    """Fields of all bodies for lists."""

    k: Annotated[lists.Count, Whole] = 10
    offset: Annotated[lists.Skipped, Whole] = 0
    exclude: Exclude = ()
    filters: Filters = ()
    cluster: Annotated[Annotated[lists.ClusterNumber, Whole] | None, lists.OF_CLUSTER] = None


class RecommendBody(ListBody, Subject):
    """Body of ``POST /recommend``."""

    include_seen: Annotated[bool, Field(description="also items of the history")] = False
    diversity: lists.Diversity = 0.0
    popularity_penalty: Annotated[Share | None, lists.PENALTY] = None
    rotation: lists.Rotation = 0.0
    content_weight: lists.ContentWeight = 1.0
    without: Without = ()
    context: Annotated[str | None, lists.CONTEXT] = None
    explain: lists.Explain = False
    attributes: lists.WithAttributes = False
    recommendation_id: lists.RecommendationId = None


class RankBody(Subject):
    """Body of ``POST /rank``."""

    item_ids: tuple[Id, ...] = Field(min_length=1, max_length=MOST_IDS, strict=False, description="the items to rank")
    explain: lists.Explain = False
