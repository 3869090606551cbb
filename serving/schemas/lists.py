"""What all requests for lists share: bounds, descriptions, and the request that they make."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from recsys.data.filters import Condition
from recsys.recommend.request import MOST_OFFSET, ListRequest

MOST_ITEMS = 1000
MOST_CLUSTER = 999_999
RECOMMENDATION_ID = "[0-9a-f]{32}"

Count = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many items")]
Passed = Annotated[int, Field(ge=0, le=MOST_OFFSET, description="how many better items to pass over")]
ClusterNumber = Annotated[int, Field(ge=0, le=MOST_CLUSTER)]
OF_CLUSTER = Field(description="only items of this group, see `/clusters`; 404 when there is no such group")
Diversity = Annotated[
    float,
    Field(ge=0, le=1, description="0: by score alone; up to 1: the less like the items before it, the better"),
]
PENALTY = (
    "share of the user's best score that the most popular item loses, others less; 0: none; left out: what the service was "
    "configured with"
)
Explain = Annotated[bool, Field(description="with the reasons of each score")]
RecommendationId = Annotated[
    str | None,
    Field(pattern=f"^{RECOMMENDATION_ID}$", description="of the first page, which a later page repeats"),
]


class ListSchema(BaseModel):
    """A query string or body with fields of :class:`ListRequest`, under their names there."""

    request_fields: ClassVar[tuple[str, ...]] = tuple(field.name for field in fields(ListRequest))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All filters."""
        return tuple(condition for one in getattr(self, "filters", ()) for condition in one.conditions())

    @cached_property
    def request(self) -> ListRequest:
        """The request; a field that the schema lacks or the client left out has its default."""
        known = type(self).model_fields
        given = {name: getattr(self, name) for name in self.request_fields if name in known}
        given["filters"] = self.conditions
        return ListRequest(**{name: value for name, value in given.items() if value is not None})
