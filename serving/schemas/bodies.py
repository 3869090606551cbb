"""Bodies of requests as values, checked at birth."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.events.activity import Event
from recsys.events.records import LARGEST_VALUE
from recsys.recommend.recommender import User
from serving.schemas import lists
from serving.schemas.base import StrictObject
from serving.schemas.filters import FilterIn
from serving.schemas.lists import ListSchema

MOST_IDS = 1000
MOST_FILTERS = 100


Id = Annotated[str, Field(min_length=1, description="an id, kept byte for byte")]
Value = Annotated[float, Field(ge=-LARGEST_VALUE, le=LARGEST_VALUE, description="a rating or a count, as in the data")]


def _whole(given: Any) -> Any:
    """A whole number may be written with a point in JSON, as JSON Schema has it."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


class HistoryEvent(StrictObject):
    """One thing that a guest did; an item id alone means the same without type and value."""

    item_id: Id
    event: Annotated[str, Field(description="its type, which has a weight in the configuration")] = ""
    value: Value | None = None


def _from_id(given: Any) -> Any:
    return {"item_id": given} if isinstance(given, str) else given


History = Annotated[
    tuple[
        Annotated[HistoryEvent, BeforeValidator(_from_id, json_schema_input_type=Id | HistoryEvent)],
        ...,
    ],
    Field(max_length=MOST_IDS, strict=False),
]
Ids = Annotated[tuple[Id, ...], Field(max_length=MOST_IDS, strict=False)]
Whole = BeforeValidator(_whole)
Exclude = Annotated[Ids, Field(description="ids of items that are not wanted")]
Filters = Annotated[
    tuple[FilterIn, ...],
    Field(max_length=MOST_FILTERS, strict=False, description="conditions on attributes of the items; all must hold"),
]

ONE_OF: JsonDict = {"oneOf": [{"required": ["user_id"]}, {"required": ["history"]}]}


class Subject(StrictObject):
    """A user, or a guest with a history."""

    model_config = ConfigDict(json_schema_extra=ONE_OF)

    user_id: Id | None = None
    history: Annotated[History | None, Field(description="what a guest did, oldest first")] = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.user_id is None) == (self.history is None):
            raise ValueError("must have either a user_id or a history")
        return self

    @cached_property
    def user(self) -> User:
        """The id of the user, or the history of the guest."""
        if self.user_id is not None:
            return self.user_id
        return tuple(Event(one.item_id, one.event, one.value) for one in self.history or ())


class ListBody(StrictObject, ListSchema):
    """What the bodies for lists take."""

    k: Annotated[lists.Count, Whole] = 10
    offset: Annotated[lists.Passed, Whole] = 0
    exclude: Exclude = ()
    filters: Filters = ()
    cluster: Annotated[Annotated[lists.ClusterNumber, Whole] | None, lists.OF_CLUSTER] = None


class RecommendBody(ListBody, Subject):
    """Body of ``POST /recommend``."""

    include_seen: Annotated[bool, Field(description="also items of the history")] = False
    diversity: lists.Diversity = 0.0
    popularity_penalty: Annotated[float | None, Field(ge=0, le=1, description=lists.PENALTY)] = None
    explain: lists.Explain = False
    recommendation_id: lists.RecommendationId = None


class RankBody(Subject):
    """Body of ``POST /rank``."""

    item_ids: Annotated[
        tuple[Id, ...], Field(min_length=1, max_length=MOST_IDS, strict=False, description="the items to be ranked")
    ]
    explain: lists.Explain = False
