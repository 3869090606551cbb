"""Fields of all requests for lists, and the request that they make."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from recsys.data.filters import Condition
from recsys.recommend.request import MOST_CONTENT_WEIGHT, MOST_OFFSET, ListRequest
from serving.schemas.base import Share

MOST_ITEMS = 1000
MOST_CLUSTER = 999_999
RECOMMENDATION_ID = "^[0-9a-f]{32}([0-9a-f]{20})?$"  # the longer ones are of lists with rotation

Count = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="how many items")]
Skipped = Annotated[int, Field(ge=0, le=MOST_OFFSET, description="how many better items to skip")]
ClusterNumber = Annotated[int, Field(ge=0, le=MOST_CLUSTER)]
OF_CLUSTER = Field(description="only items of this group, see `/clusters`; 404 if there is no such group")
Diversity = Annotated[Share, Field(description="0: by score alone; up to 1: prefer items unlike the items before them")]
PENALTY = Field(
    description="share of the user's best score that the most popular item loses, others less; 0: none; the default is "
    "configured"
)
Rotation = Annotated[
    Share,
    Field(
        description="share of the best score that an item can lose which was shown to the user again and again without an "
        "event of the user with it since; 0: none"
    ),
]
ContentWeight = Annotated[
    float,
    Field(
        ge=0,
        le=MOST_CONTENT_WEIGHT,
        description="factor of the content part of scores; 0: behavior alone; 1: as trained",
    ),
]
WITHOUT = (
    "ids to take out of the user's history, as if they had never been in it; they stay seen, and other ids are ignored"
)
CONTEXT = Field(
    min_length=1,
    description="id of an item that the list is to go with, too, such as that of the page; never listed itself",
)
Explain = Annotated[bool, Field(description="with the reasons of each score")]
WithAttributes = Annotated[bool, Field(description="with the attributes of each item")]
RecommendationId = Annotated[
    str | None, Field(pattern=RECOMMENDATION_ID, description="that of the first page, for a later page")
]


class ListSchema(BaseModel):
    """A query string or body with fields of :class:`ListRequest`, under their names there."""

    request_fields: ClassVar[tuple[str, ...]] = tuple(field.name for field in fields(ListRequest))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All filters."""
        return tuple(condition for filter_in in getattr(self, "filters", ()) for condition in filter_in.conditions())

    @cached_property
    def request(self) -> ListRequest:
        """The request; a field that the schema lacks or the client left out has its default."""
        names = [name for name in self.request_fields if name in type(self).model_fields]
        values = {name: getattr(self, name) for name in names} | {"filters": self.conditions}
        return ListRequest(**{name: value for name, value in values.items() if value is not None})

    def request_for_user(self, popularity_penalty: float) -> ListRequest:
        """Return the request with the configured penalty if the client left it out."""
        if not popularity_penalty or getattr(self, "popularity_penalty", None) is not None:
            return self.request
        return replace(self.request, popularity_penalty=popularity_penalty)
