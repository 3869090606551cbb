"""Groups, the map, directions, suggested tags and outliers, as JSON and pictures for people."""

from recsys.explore.insights_json import anomalies_object, tags_object
from recsys.explore.json import (
    cluster_object,
    clusters_object,
    directions_object,
    map_object,
    segment_object,
    segments_object,
)

__all__ = [
    "anomalies_object",
    "cluster_object",
    "clusters_object",
    "directions_object",
    "map_object",
    "segment_object",
    "segments_object",
    "tags_object",
]
