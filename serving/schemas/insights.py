"""Requests and answers of ``/tags`` and ``/anomalies``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recsys.model.extras.anomalies import Kind, Subject
from recsys.model.extras.tagging import Space
from serving.schemas.answers import Count, ModelAnswer, NamedItem, Paged
from serving.schemas.base import AnswerObject, Id, Share, StrictObject
from serving.schemas.queries import K, Number, Offset, Query
from serving.schemas.search import Text


class TagsBody(StrictObject):
    """Body of ``POST /tags``."""

    text: Text = Field(description="a description in words")


class Neighbour(NamedItem):
    """An item that voted for a value, its similarity, and its share of all votes."""

    likeness: float
    share: Share


class Tag(AnswerObject):
    """A value of an attribute, and the votes for it."""

    value: str
    confidence: Share = Field(description="how often a value with such votes was right on held-out items")
    suggested: bool = Field(description="whether the confidence reaches the threshold")
    votes: Count = Field(description="how many of the nearest items have the value")
    share: Share = Field(description="of the votes, weighted by similarity")
    neighbours: list[Neighbour] = Field(description="the nearest of them, at most five")


class TagQuality(AnswerObject):
    """Quality of suggestions on held-out items: micro averages over all values at the threshold."""

    tested: Count = Field(description="held-out items")
    precision: Share
    recall: Share
    f1: Share
    calibration_error: Share = Field(description="mean difference of the confidence and how often it was right")
    base_precision: Share = Field(description="of the most frequent values, the same for every item")
    base_recall: Share
    base_f1: Share


class TaggedAttribute(AnswerObject):
    """The suggestions for one attribute, surest first, at most ten values."""

    attribute: str
    known: list[str] = Field(description="values that the item has in the catalog")
    voters: Count = Field(description="how many of the nearest items voted")
    threshold: Share
    measured: TagQuality | None = Field(description="null if no items could be held out")
    tags: list[Tag]


class TagsAnswer(ModelAnswer):
    """Answer of ``/tags``."""

    item_id: Annotated[Id, Field(default=None, description="absent for a text")]
    text: Annotated[str, Field(default=None, description="absent for an item")]
    space: Space = Field(description="the vectors that found the nearest items: behavior and content, or text alone")
    attributes: list[TaggedAttribute]


class AnomaliesQuery(Query):
    """Parameters of ``GET /anomalies``."""

    kind: Annotated[Subject, Field(description="anomalies of items or of users")] = "items"
    k: K = 10
    offset: Offset = 0
    id: Annotated[str | None, Field(min_length=1, description="only this item or user")] = None
    min_score: Annotated[Share, Number, Field(description="only from this score on")] = 0.0


class Evidence(AnswerObject):
    """One kind of evidence for an anomaly."""

    kind: Kind
    strength: Share
    sentence: str = Field(description="the same in words")
    numbers: dict[str, float] = Field(description="the figures in the sentence, by name")
    item_id: Annotated[Id, Field(default=None, description="an item that it is about")]


class Anomaly(AnswerObject):
    """An unusual item or user."""

    item_id: Annotated[Id, Field(default=None, description="of an item")]
    title: Annotated[str, Field(default=None, description="of an item")]
    user_id: Annotated[Id, Field(default=None, description="of a user")]
    suspect: Annotated[bool, Field(default=None, description="of a user: whether the score is above `suspect_above`")]
    score: Share = Field(description="0: nothing is unusual; of a user one kind of evidence alone gives at most 0.5")
    evidence: list[Evidence] = Field(description="strongest first")


class AnomaliesAnswer(ModelAnswer, Paged):
    """Answer of ``/anomalies``, by falling score."""

    kind: Subject
    total: Count = Field(description="number of anomalies")
    suspect_above: Share = Field(description="score above which a user is a suspect; 0.5")
    anomalies: list[Anomaly]
