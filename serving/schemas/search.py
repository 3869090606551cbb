"""What is sent to and answered by ``/search`` and ``/query``."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from recsys.search.examples import LARGEST_WEIGHT, LEAST_WEIGHT, Strategy
from recsys.search.items import SearchMode
from serving.schemas.answers import Id as AnsweredId
from serving.schemas.answers import RankedList
from serving.schemas.base import StrictObject
from serving.schemas.bodies import Id, ListBody
from serving.schemas.queries import ListQuery

LONGEST_TEXT = 1000
MOST_EXAMPLES = 10
KINDS = ("item_id", "user_id", "text")
ONE_OF: JsonDict = {"oneOf": [{"required": [kind]} for kind in KINDS]}

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class SearchQuery(ListQuery):
    """Parameters of ``GET /search``."""

    q: Annotated[Text, Field(description="what is searched for, in words")]
    mode: Annotated[
        SearchMode | None,
        Field(
            description="`semantic`: by meaning; `keyword`: by words; `hybrid`: by both, which is the default where the model "
            "has both; `picture`: by what the pictures of the items show"
        ),
    ] = None
    user_id: Annotated[str | None, Field(min_length=1, description="in the order of this user's taste")] = None


class ExampleIn(StrictObject):
    """An item, a user or a text, and how much it counts."""

    model_config = ConfigDict(title="Example", json_schema_extra=ONE_OF)

    item_id: Id | None = None
    user_id: Id | None = None
    text: Annotated[Text | None, Field(description="what is meant, in words")] = None
    weight: Annotated[
        float, Field(ge=LEAST_WEIGHT, le=LARGEST_WEIGHT, description="how much it counts beside the others")
    ] = 1.0

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError("must have either an item_id, or a user_id, or a text")
        return self


class Examples(StrictObject):
    """What items should be like and unlike."""

    positive: Annotated[
        tuple[ExampleIn, ...],
        Field(min_length=1, max_length=MOST_EXAMPLES, strict=False, description="what the items should be like"),
    ]
    negative: Annotated[
        tuple[ExampleIn, ...],
        Field(max_length=MOST_EXAMPLES, strict=False, description="what they should be unlike"),
    ] = ()
    strategy: Annotated[
        Strategy,
        Field(
            description="`mean`: like twice the mean of the positives less the mean of the negatives; `best_score`: by the "
            "example that an item is most like; `context_pairs`: more like each positive than like each negative"
        ),
    ] = "mean"

    def texts(self) -> list[str]:
        """The texts of all examples, each once."""
        return list(dict.fromkeys(one.text for one in (*self.positive, *self.negative) if one.text is not None))


class QueryBody(ListBody, Examples):
    """Body of ``POST /query``."""


class SearchAnswer(RankedList):
    """Answer of ``/search``."""

    query: str
    mode: Annotated[
        SearchMode, Field(description="how it was searched; by words alone where `degraded` names `semantic`")
    ]
    user_id: Annotated[AnsweredId, Field(default=None, description="whose taste was asked for")]


class QueryAnswer(RankedList):
    """Answer of ``/query``."""


QUERY_EXAMPLE: Any = {
    "positive": [{"item_id": "i4"}, {"text": "comedy", "weight": 0.5}],
    "negative": [{"text": "horror"}],
    "k": 5,
}
