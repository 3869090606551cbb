"""Bodies of requests as values, checked at birth."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.data.filters import Condition
from recsys.events.activity import Event
from recsys.events.records import LARGEST_VALUE
from recsys.recommend.request import MOST_OFFSET, ListRequest
from serving.schemas.base import StrictObject
from serving.schemas.filters import FilterIn
from serving.schemas.queries import MOST_CLUSTER, MOST_ITEMS, PENALTY_DESCRIPTION, RECOMMENDATION_ID

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
K = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many items"), BeforeValidator(_whole)]
Offset = Annotated[
    int, Field(ge=0, le=MOST_OFFSET, description="how many better items to pass over"), BeforeValidator(_whole)
]
Exclude = Annotated[Ids, Field(description="ids of items that are not wanted")]
Filters = Annotated[
    tuple[FilterIn, ...],
    Field(max_length=MOST_FILTERS, strict=False, description="conditions on attributes of the items; all must hold"),
]

OfCluster = Annotated[
    Annotated[int, Field(ge=0, le=MOST_CLUSTER), BeforeValidator(_whole)] | None,
    Field(description="only items of this group, see `/clusters`; 404 when there is no such group"),
]

ONE_OF: JsonDict = {"oneOf": [{"required": ["user_id"]}, {"required": ["history"]}]}


class Subject(StrictObject):
    """Whom something is asked for: a user, or a guest with a history."""

    model_config = ConfigDict(json_schema_extra=ONE_OF)

    user_id: Id | None = None
    history: Annotated[History | None, Field(description="what a guest did, oldest first")] = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.user_id is None) == (self.history is None):
            raise ValueError("must have either a user_id or a history")
        return self

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The history of a guest."""
        return tuple(Event(one.item_id, one.event, one.value) for one in self.history or ())


class RecommendBody(Subject):
    """Body of ``POST /recommend``."""

    k: K = 10
    offset: Offset = 0
    exclude: Exclude = ()
    filters: Filters = ()
    cluster: OfCluster = None
    include_seen: Annotated[bool, Field(description="also items of the history")] = False
    diversity: Annotated[
        float,
        Field(ge=0, le=1, description="0: by score alone; up to 1: the less like the items before it, the better"),
    ] = 0.0
    popularity_penalty: Annotated[float | None, Field(ge=0, le=1, description=PENALTY_DESCRIPTION)] = None
    explain: Annotated[bool, Field(description="with the reasons of each score")] = False
    recommendation_id: Annotated[
        str | None,
        Field(pattern=f"^{RECOMMENDATION_ID}$", description="of the first page, which a later page repeats"),
    ] = None

    @cached_property
    def asked(self) -> ListRequest:
        """The same for the recommender."""
        return ListRequest(
            k=self.k,
            offset=self.offset,
            exclude=self.exclude,
            include_seen=self.include_seen,
            filters=conditions(self.filters),
            cluster=self.cluster,
            diversity=self.diversity,
            popularity_penalty=self.popularity_penalty or 0.0,
            explain=self.explain,
        )


def conditions(filters: tuple[FilterIn, ...]) -> tuple[Condition, ...]:
    """All that the filters say."""
    return tuple(condition for one in filters for condition in one.conditions())


class RankBody(Subject):
    """Body of ``POST /rank``."""

    item_ids: Annotated[
        tuple[Id, ...], Field(min_length=1, max_length=MOST_IDS, strict=False, description="the items to be ranked")
    ]
    explain: Annotated[bool, Field(description="with the reasons of each score")] = False
