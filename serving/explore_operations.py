"""The operations that show what the vectors say of all items and users."""

from __future__ import annotations

from typing import Final

from serving import explore_schemas as explore
from serving.operation_kind import Operation

EXPLORATION: Final[tuple[Operation, ...]] = (
    Operation(
        "explore.clusters",
        "GET",
        "/clusters",
        "The items in groups",
        "Each with what is distinctive of it: words, values of attributes, numbers and items. Numbers of groups are those of "
        "this model.",
        answer=explore.Clusters,
        errors=(409,),
    ),
    Operation(
        "explore.cluster",
        "GET",
        "/clusters/{cluster_id}",
        "One group of items",
        query=explore.MembersQuery,
        answer=explore.ClusterPage,
        errors=(404, 409),
    ),
    Operation(
        "explore.segments",
        "GET",
        "/segments",
        "The users in groups",
        "Of like tastes, with what the histories of each have more often than all: words, values, items, and groups of items.",
        answer=explore.Segments,
        errors=(409,),
    ),
    Operation(
        "explore.segment",
        "GET",
        "/segments/{segment_id}",
        "One group of users",
        "With ids of its users, so a key needs the scope `admin`. Deleted users are not named.",
        query=explore.MembersQuery,
        answer=explore.SegmentPage,
        errors=(404, 409),
        scope="admin",
    ),
    Operation(
        "explore.item_map",
        "GET",
        "/map",
        "The items on a map",
        "Like items lie beside each other, in two dimensions. In columns, so that a page of thousands is short.",
        query=explore.MapQuery,
        answer=explore.MapPage,
        errors=(404, 409),
    ),
    Operation(
        "explore.directions",
        "GET",
        "/directions",
        "What the vectors tell apart",
        "The principal directions of the factors and of the text vectors, and what the items at both ends have in common.",
        answer=explore.Directions,
        errors=(409,),
    ),
)
