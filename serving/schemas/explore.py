"""What is sent to and answered by ``/clusters``, ``/segments``, ``/map`` and ``/directions``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from recsys.explore.json import Page
from recsys.model.extras.directions import Space
from serving.schemas.answers import AnswerObject, Count, Id, Version
from serving.schemas.queries import Conditions, K, ListQuery, Query, whole_number

MOST_POINTS = 10_000
FARTHEST = 999_999_999

Anywhere = Annotated[
    int,
    Field(ge=0, le=FARTHEST, description="how many to pass over: the second page of ten begins at 10"),
    BeforeValidator(whole_number),
]
Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0, description="a number of this model; the next model numbers anew")]
Closeness = Annotated[float, Field(ge=-1, le=1, description="cosine with the centre of the group")]
NextOffset = Annotated[Count | None, Field(description="where the next page begins; null behind the last one")]


class MembersQuery(Query):
    """Parameters of ``GET /clusters/{cluster_id}`` and ``GET /segments/{segment_id}``."""

    k: K = 10
    offset: Anywhere = 0

    @property
    def page(self) -> Page:
        return Page(self.k, self.offset)


class MapQuery(ListQuery):
    """Parameters of ``GET /map``."""

    request_fields = ("exclude", "cluster")  # its pages are not those of a list

    k: Annotated[int, Field(ge=1, le=MOST_POINTS, description="how many items"), BeforeValidator(whole_number)] = 1000
    offset: Anywhere = 0
    filter: Annotated[Conditions, Field(description="a condition on an attribute of the items, as for lists")] = ()

    @property
    def page(self) -> Page:
        return Page(self.k, self.offset)


class MeaningWord(AnswerObject):
    """A distinctive word."""

    word: str
    weight: Annotated[float, Field(description="compare within one list only")]


class MeaningValue(AnswerObject):
    """A distinctive value of an attribute: the share of the group that has it, and of all."""

    attribute: str
    value: str
    share: Share
    overall: Share


class MeaningNumbers(AnswerObject):
    """Quartiles of an attribute whose numbers differ from those of all, and the median of all."""

    attribute: str
    low: float
    median: float
    high: float
    overall: float


class NamedItem(AnswerObject):
    """An item and its title."""

    item_id: Id
    title: str


class Meaning(AnswerObject):
    """What is common here and rare elsewhere, most distinctive first."""

    words: list[MeaningWord]
    attributes: list[MeaningValue]
    numbers: list[MeaningNumbers]
    items: Annotated[list[NamedItem], Field(description="items that stand for it")]


class GroupObject(Meaning):
    """A group of items or users."""

    name: Annotated[str, Field(description="its most distinctive values and words")]
    size: Annotated[int, Field(ge=1)]
    share: Annotated[Share, Field(description="of all items or users")]
    cohesion: Annotated[float, Field(ge=-1, le=1, description="mean cosine of the members with the centre")]


class Cluster(GroupObject):
    """A group of like items."""

    cluster_id: Number


class UsedCluster(AnswerObject):
    """A group of items, the share of what the users of a segment consume that is of it, and of what all users consume."""

    cluster_id: Number
    name: str
    share: Share
    overall: Share


class Segment(GroupObject):
    """A group of users with like tastes."""

    segment_id: Number
    clusters: Annotated[list[UsedCluster], Field(description="what they use more than others")]


class ClusterMember(NamedItem):
    """An item of a cluster."""

    rank: Annotated[int, Field(ge=1)]
    closeness: Closeness


class SegmentMember(AnswerObject):
    """A user of a segment."""

    rank: Annotated[int, Field(ge=1)]
    user_id: Id
    closeness: Closeness


class Clusters(AnswerObject):
    """Answer of ``/clusters``."""

    model_version: Version
    clusters: Annotated[list[Cluster], Field(description="the largest first")]
    ungrouped: Annotated[Count, Field(description="items of which nothing is known")]


class Segments(AnswerObject):
    """Answer of ``/segments``."""

    model_version: Version
    segments: Annotated[list[Segment], Field(description="the largest first")]
    ungrouped: Annotated[Count, Field(description="users of whom nothing is known")]


class ClusterPage(Cluster):
    """Answer of ``/clusters/{cluster_id}``."""

    model_version: Version
    members: Annotated[list[ClusterMember], Field(description="the most typical first")]
    next_offset: NextOffset


class SegmentPage(Segment):
    """Answer of ``/segments/{segment_id}``."""

    model_version: Version
    members: Annotated[list[SegmentMember], Field(description="the most typical first")]
    next_offset: NextOffset


class MapPage(AnswerObject):
    """Answer of ``/map``: columns of equal length, the most popular item first."""

    model_version: Version
    item_id: list[Id]
    title: list[str]
    x: list[Annotated[float, Field(ge=-1, le=1)]]
    y: list[Annotated[float, Field(ge=-1, le=1)]]
    cluster: list[Number | None]
    popularity: list[float]
    clusters: Annotated[dict[str, str], Field(description="the names of the clusters by number")]
    next_offset: NextOffset


class Correlation(AnswerObject):
    """How places along a direction go with the popularity of the items or with their numbers (Spearman)."""

    attribute: str
    correlation: Annotated[float, Field(ge=-1, le=1)]


class Direction(AnswerObject):
    """A principal direction of the item vectors, and what lies at its two ends."""

    space: Annotated[Space, Field(description="of the factors that behaviour gives, or of the text vectors")]
    number: Annotated[int, Field(ge=1, description="by falling share")]
    share: Annotated[Share, Field(description="of the variance of the space")]
    low: Meaning
    high: Meaning
    correlations: list[Correlation]


class Directions(AnswerObject):
    """Answer of ``/directions``."""

    model_version: Version
    directions: list[Direction]
