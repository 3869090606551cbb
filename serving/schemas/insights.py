"""What is sent to and answered by ``/tags`` and ``/anomalies``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recsys.model.extras.anomalies import Kind, Subject
from recsys.model.extras.tagging import Space
from serving.schemas.answers import AnswerObject, Count, Id, Version
from serving.schemas.base import StrictObject
from serving.schemas.queries import K, Offset, Query, Share
from serving.schemas.search import Text

Unit = Annotated[float, Field(ge=0, le=1)]


class TagsBody(StrictObject):
    """Body of ``POST /tags``."""

    text: Annotated[Text, Field(description="what it is, in words")]


class Neighbour(AnswerObject):
    """An item that voted for a value, its likeness, and its share of all votes."""

    item_id: Id
    title: str
    likeness: float
    share: Unit


class Tag(AnswerObject):
    """A value of an attribute, and who voted for it."""

    value: str
    confidence: Annotated[Unit, Field(description="how often a value with such votes was right on held-out items")]
    suggested: Annotated[bool, Field(description="whether the confidence reaches the threshold")]
    votes: Annotated[Count, Field(description="how many of the nearest items have the value")]
    share: Annotated[Unit, Field(description="of the votes, which weigh by likeness")]
    neighbours: Annotated[list[Neighbour], Field(description="the nearest of them, at most five")]


class TagQuality(AnswerObject):
    """How right suggestions were on held-out items: micro averages over all values at the threshold."""

    tested: Annotated[Count, Field(description="held-out items")]
    precision: Unit
    recall: Unit
    f1: Unit
    calibration_error: Annotated[
        Unit, Field(description="mean distance between the confidence and how often it was right")
    ]
    base_precision: Annotated[Unit, Field(description="of the most frequent values, the same for every item")]
    base_recall: Unit
    base_f1: Unit


class TaggedAttribute(AnswerObject):
    """What is suggested for one attribute, surest first, at most ten values."""

    attribute: str
    known: Annotated[list[str], Field(description="values that the item has in the catalogue")]
    voters: Annotated[Count, Field(description="how many of the nearest items voted")]
    threshold: Unit
    measured: Annotated[TagQuality | None, Field(description="null where nothing could be held out")]
    tags: list[Tag]


class TagsAnswer(AnswerObject):
    """Answer of ``/tags``."""

    item_id: Annotated[Id, Field(default=None, description="not there for a text")]
    text: Annotated[str, Field(default=None, description="not there for an item")]
    model_version: Version
    space: Annotated[
        Space, Field(description="by what the nearest items were found: behaviour and content, or text alone")
    ]
    attributes: list[TaggedAttribute]


class AnomaliesQuery(Query):
    """Parameters of ``GET /anomalies``."""

    kind: Annotated[Subject, Field(description="what may stand out")] = "items"
    k: K = 10
    offset: Offset = 0
    min_score: Annotated[Share, Field(description="only from this score on")] = 0.0


class Evidence(AnswerObject):
    """What speaks for it."""

    kind: Kind
    strength: Unit
    sentence: Annotated[str, Field(description="the same in words")]
    numbers: Annotated[dict[str, float], Field(description="the figures in the sentence, by name")]
    item_id: Annotated[Id, Field(default=None, description="an item that it is about")]


class Anomaly(AnswerObject):
    """An item or a user that stands out."""

    item_id: Annotated[Id, Field(default=None, description="of an item")]
    title: Annotated[str, Field(default=None, description="of an item")]
    user_id: Annotated[Id, Field(default=None, description="of a user")]
    suspect: Annotated[bool, Field(default=None, description="of a user: whether the score is above `suspect_above`")]
    score: Annotated[
        Unit, Field(description="0: nothing is odd; of a user one kind of evidence alone gives at most 0.5")
    ]
    evidence: Annotated[list[Evidence], Field(description="strongest first")]


class AnomaliesAnswer(AnswerObject):
    """Answer of ``/anomalies``, by falling score."""

    kind: Subject
    model_version: Version
    total: Annotated[Count, Field(description="how many stand out")]
    suspect_above: Annotated[Unit, Field(description="from which score on a user is a suspect; 0.5")]
    anomalies: list[Anomaly]
    next_offset: Annotated[Count | None, Field(description="where the next page begins; null behind the last one")]
