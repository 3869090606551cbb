"""Requests and answers of ``/models``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from serving.schemas.answers import Count, Paged, Ranking
from serving.schemas.base import AnswerObject, Id
from serving.schemas.queries import K, Query


class VersionListQuery(Query):
    """Parameters of ``GET /models/{version}/recommend/{user_id}``."""

    k: K = 10


class Rolled(AnswerObject):
    """Answer of ``POST /models/{version}/rollback``: the version that is current now."""

    model_version: str


class Sizes(AnswerObject):
    """What a model was trained on."""

    users: Count
    items: Count
    interactions: Count


class ModelRecord(AnswerObject):
    """A published model, as its manifest describes it."""

    model_version: str
    current: bool = Field(description="whether the store points to it")
    problem: str = Field(
        description="why its manifest cannot be read; empty otherwise, and the other fields are absent"
    )
    created_at: Annotated[str, Field(default=None)]
    counts: Annotated[Sizes, Field(default=None)]
    encoder: Annotated[str, Field(default=None)]
    metrics: Annotated[dict[str, float], Field(default=None, description="of the test users, and of groups and tags")]
    size: Annotated[int, Field(default=None, ge=0, description="bytes of all files")]
    report: Annotated[bool, Field(default=None, description="whether it has a report")]


class Models(AnswerObject):
    """Answer of ``/models``."""

    model_version: str = Field(description="the version that answers; empty for none")
    current: str | None = Field(description="the version to which the store points; null for none")
    models: list[ModelRecord] = Field(description="newest first, at most 100")


class MeasuredFigure(AnswerObject):
    """A mean over the test users with its 95% interval."""

    model: str
    metric: str
    value: float
    low: float
    high: float
    n_users: Count


class TrainedEvents(AnswerObject):
    """The rules of the model for events."""

    weights: dict[str, float] = Field(
        description="weight of each event type, below 0 for dislikes; empty: every event weighs 1"
    )
    threshold: float | None = Field(description="ratings from here on are liked; null: values are counts")


class ModelDetails(ModelRecord):
    """Answer of ``/models/{version}``."""

    parameters: dict[str, Any] = Field(description="the configuration of the training")
    shape: dict[str, float]
    indexes: dict[str, dict[str, Any]] = Field(description="kind and recall of each index")
    extras: list[str]
    events: TrainedEvents
    figures: list[MeasuredFigure] = Field(description="the model and its rivals; empty if it was not measured")


class ListOfVersion(Ranking, Paged):
    """Answer of ``/models/{version}/recommend/{user_id}``."""

    user_id: Id
