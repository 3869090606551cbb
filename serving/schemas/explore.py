"""Requests and answers of ``/clusters``, ``/segments``, ``/map`` and ``/directions``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from recsys.data.catalog import Attribute
from recsys.data.filters import Condition
from recsys.explore.facets import MOST_VALUES
from recsys.explore.json import Fields, Page
from recsys.model.extras.directions import Space
from serving.schemas.answers import AttributeValue, Closeness, Count, ModelAnswer, NamedItem, Paged, Positive
from serving.schemas.base import AnswerObject, Id, Share
from serving.schemas.lists import ListSchema
from serving.schemas.queries import Cluster as ClusterParameter
from serving.schemas.queries import Conditions, Filter, K, ListQuery, Query, WholeNumber

MOST_POINTS = 10_000
FARTHEST = 999_999_999
WITH_ALL = "absent with `fields=attribute`"

Anywhere = Annotated[
    int, Field(ge=0, le=FARTHEST, description="how many to skip: the second page of ten begins at 10"), WholeNumber
]
Number = Annotated[int, Field(ge=0, description="valid for this model; the next model has new numbers")]
Signed = Annotated[float, Field(ge=-1, le=1)]


class MembersQuery(Query):
    """Parameters of ``GET /clusters/{cluster_id}`` and ``GET /segments/{segment_id}``."""

    k: K = 10
    offset: Anywhere = 0

    @property
    def page(self) -> Page:
        return Page(self.k, self.offset)


class MapQuery(MembersQuery, ListQuery):
    """Parameters of ``GET /map``."""

    request_fields = ("exclude", "cluster")  # its pages are not those of a list

    k: Annotated[int, Field(ge=1, le=MOST_POINTS, description="how many items"), WholeNumber] = 1000
    filter: Annotated[Conditions, Field(description="a condition on an attribute of the items, as for lists")] = ()
    attribute: Annotated[str | None, Field(min_length=1, description="adds a column with this attribute")] = None
    fields: Annotated[
        Fields,
        Field(description="which columns: all, or `item_id` and `attribute` alone, for another color of the same map"),
    ] = "all"


class MeaningWord(AnswerObject):
    """A distinctive word."""

    word: str
    weight: float = Field(description="comparable within one list only")


class MeaningValue(AttributeValue):
    """A distinctive value of an attribute: the share of the group that has it, and of all."""

    share: Share
    overall: Share


class MeaningNumbers(AnswerObject):
    """Quartiles of an attribute whose numbers differ from those of all, and the median of all."""

    attribute: str
    low: float
    median: float
    high: float
    overall: float


class Meaning(AnswerObject):
    """Words, values, numbers and items that are common here and rare elsewhere, most distinctive first."""

    words: list[MeaningWord]
    attributes: list[MeaningValue]
    numbers: list[MeaningNumbers]
    items: list[NamedItem] = Field(description="representative items")


class GroupObject(Meaning):
    """A group of items or users."""

    name: str = Field(description="its most distinctive values and words")
    size: Positive
    share: Share = Field(description="of all items or users")
    cohesion: Signed = Field(description="mean cosine of the members with the center")


class Cluster(GroupObject):
    """A group of similar items."""

    cluster_id: Number


class UsedCluster(AnswerObject):
    """A group of items, its share of the consumption of a segment, and its share of the consumption of all users."""

    cluster_id: Number
    name: str
    share: Share
    overall: Share


class Segment(GroupObject):
    """A group of users with similar tastes."""

    segment_id: Number
    clusters: list[UsedCluster] = Field(description="used more than by other users")


class Member(AnswerObject):
    """A member of a group."""

    rank: Positive
    closeness: Closeness


class ClusterMember(NamedItem, Member):
    """An item of a cluster."""


class SegmentMember(Member):
    """A user of a segment."""

    user_id: Id


class Clusters(ModelAnswer):
    """Answer of ``/clusters``."""

    clusters: list[Cluster] = Field(description="largest first")
    ungrouped: Count = Field(description="items without data")


class Segments(ModelAnswer):
    """Answer of ``/segments``."""

    segments: list[Segment] = Field(description="largest first")
    ungrouped: Count = Field(description="users without data")


class ClusterPage(Cluster, ModelAnswer, Paged):
    """Answer of ``/clusters/{cluster_id}``."""

    members: list[ClusterMember] = Field(description="most typical first")


class SegmentPage(Segment, ModelAnswer, Paged):
    """Answer of ``/segments/{segment_id}``."""

    members: list[SegmentMember] = Field(description="most typical first")


class MapPage(ModelAnswer, Paged):
    """Answer of ``/map``: columns of equal length, most popular item first."""

    n_items: Count = Field(description="items of all pages")
    item_id: list[Id]
    title: Annotated[list[str], Field(default=None, description=WITH_ALL)]
    x: Annotated[list[Signed], Field(default=None, description=WITH_ALL)]
    y: Annotated[list[Signed], Field(default=None, description=WITH_ALL)]
    cluster: Annotated[list[Number | None], Field(default=None, description=WITH_ALL)]
    popularity: Annotated[list[float], Field(default=None, description=WITH_ALL)]
    clusters: Annotated[
        dict[str, str], Field(default=None, description=f"the names of the clusters by number; {WITH_ALL}")
    ]
    attribute_name: Annotated[str, Field(default=None, description="with `attribute`")]
    attribute: Annotated[
        list[Attribute | None],
        Field(default=None, description="with `attribute`: the value of each item; null for none"),
    ]


class FacetsQuery(Query, ListSchema):
    """Parameters of ``GET /attributes``."""

    repeatable = frozenset({"filter"})
    request_fields = ("cluster",)

    filter: Filter = ()
    cluster: ClusterParameter = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return self.filter


class ValueCount(AnswerObject):
    """A value of an attribute, and the number of items that have it."""

    value: str
    n_items: Positive


class ValueFacet(AnswerObject):
    """The values of an attribute."""

    attribute: str
    kind: Literal["values"]
    n_values: Count | None = Field(description="null if there are too many to count")
    values: list[ValueCount] = Field(description=f"most frequent first, at most {MOST_VALUES}")


class NumberFacet(AnswerObject):
    """The numbers of an attribute."""

    attribute: str
    kind: Literal["number"]
    n_items: Count = Field(description="items with a number")
    low: float | None
    high: float | None
    quartiles: list[float] = Field(description="three numbers; empty if no item has one")


class Facets(ModelAnswer):
    """Answer of ``/attributes``."""

    n_items: Count = Field(description="items that meet all conditions")
    attributes: list[Annotated[ValueFacet | NumberFacet, Field(discriminator="kind")]] = Field(
        description="the counts of an attribute obey the conditions on the other attributes"
    )


class Correlation(AnswerObject):
    """Spearman correlation of the places along a direction with the popularity or a number of the items."""

    attribute: str
    correlation: Signed


class Direction(AnswerObject):
    """A principal direction of the item vectors, and what the items at its two ends have in common."""

    space: Space = Field(description="the factors learned from behavior, or the text vectors")
    number: Positive = Field(description="by falling share")
    share: Share = Field(description="of the variance of the space")
    low: Meaning
    high: Meaning
    correlations: list[Correlation]


class Directions(ModelAnswer):
    """Answer of ``/directions``."""

    directions: list[Direction]
