"""Requests and answers of ``GET /search`` and ``/query``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.search.examples import LARGEST_WEIGHT, LEAST_WEIGHT, Strategy
from recsys.search.items import SearchMode
from serving.schemas.answers import ForUser, RankedList
from serving.schemas.base import Id, StrictObject
from serving.schemas.bodies import ListBody
from serving.schemas.queries import ListQuery, UserId, WithAttributes

LONGEST_TEXT = 1000
MOST_EXAMPLES = 10
KINDS = ("item_id", "user_id", "text")
ONE_OF: JsonDict = {"oneOf": [{"required": [kind]} for kind in KINDS]}

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class SearchQuery(ListQuery):
    """Parameters of ``GET /search``."""

    q: Text = Field(description="the text to search for")
    mode: SearchMode | None = Field(
        None,
        description="`semantic`: by meaning; `keyword`: by words; `hybrid`: by both, the default of a model that has both; "
        "`picture`: by the pictures of the items",
    )
    user_id: UserId = None
    attributes: WithAttributes = False


class ExampleIn(StrictObject):
    """An item, a user or a text, and its weight."""

    model_config = ConfigDict(title="Example", json_schema_extra=ONE_OF)

    item_id: Id | None = None
    user_id: Id | None = None
    text: Annotated[Text | None, Field(description="a description in words")] = None
    weight: float = Field(1.0, ge=LEAST_WEIGHT, le=LARGEST_WEIGHT, description="importance relative to the others")

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError("must have either an item_id, or a user_id, or a text")
        return self


class Examples(StrictObject):
    """What items should be like and unlike."""

    positive: tuple[ExampleIn, ...] = Field(
        min_length=1, max_length=MOST_EXAMPLES, strict=False, description="what the items should be like"
    )
    negative: tuple[ExampleIn, ...] = Field(
        (), max_length=MOST_EXAMPLES, strict=False, description="what the items should be unlike"
    )
    strategy: Strategy = Field(
        "mean",
        description="`mean`: near twice the mean of the positives minus the mean of the negatives; `best_score`: by the most "
        "similar example; `context_pairs`: more similar to each positive than to each negative",
    )

    def texts(self) -> list[str]:
        """Return the texts of all examples, without duplicates."""
        texts = (example.text for example in (*self.positive, *self.negative))
        return list(dict.fromkeys(text for text in texts if text is not None))


class QueryBody(ListBody, Examples):
    """Body of ``POST /query``."""


class SearchAnswer(RankedList, ForUser):
    """Answer of ``/search``."""

    query: str
    mode: SearchMode = Field(description="the mode of this search; `keyword` if `degraded` contains `semantic`")


class QueryAnswer(RankedList):
    """Answer of ``/query``."""
