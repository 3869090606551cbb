"""The operations that suggest attributes and tell what stands out."""

from __future__ import annotations

from typing import Final

from serving.insight_schemas import AnomaliesAnswer, AnomaliesQuery, TagsAnswer, TagsBody
from serving.operation_kind import Operation

INSIGHTS: Final[tuple[Operation, ...]] = (
    Operation(
        "tags.item",
        "GET",
        "/tags/{item_id}",
        "Attributes that an item probably has",
        "The items nearest to it that have an attribute vote for its values; the votes become a confidence that was "
        "calibrated on held-out items, as `measured` tells. What the catalogue knows already is `known`.",
        answer=TagsAnswer,
        errors=(404, 409),
    ),
    Operation(
        "tags.text",
        "POST",
        "/tags",
        "Attributes that a text probably has",
        "The same for something that is not in the catalogue, by its words.",
        body=TagsBody,
        answer=TagsAnswer,
        errors=(409,),
        example={"text": "A crew in deep space finds an alien that hunts them one by one."},
    ),
    Operation(
        "anomalies.anomalies",
        "GET",
        "/anomalies",
        "Items and users that stand out",
        "Items whose content and behaviour disagree, or that stand twice in the catalogue, or that false profiles promote or "
        "harm; users whose histories are not like those of people. Found when the model was trained, with what speaks for it. "
        "It names users, so a key needs the scope `admin`. Deleted users are not named.",
        AnomaliesQuery,
        answer=AnomaliesAnswer,
        scope="admin",
    ),
)
