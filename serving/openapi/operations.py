"""The operations of the service, in one table.

The OpenAPI document is made from it, keys read from it who may do what, and a test compares it with the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from serving.openapi.operation import Operation, Scope
from serving.schemas import answers, explore
from serving.schemas.bodies import RankBody, RecommendBody
from serving.schemas.chat import CHAT_EXAMPLE, ChatAnswer, ChatBody
from serving.schemas.events import EventsAnswer, EventsBody
from serving.schemas.insights import AnomaliesAnswer, AnomaliesQuery, TagsAnswer, TagsBody
from serving.schemas.pictures import (
    MEDIA,
    PICTURE_EXAMPLE,
    CaptionAnswer,
    CaptionQuery,
    PictureBody,
    PictureSearchAnswer,
    PictureSearchQuery,
)
from serving.schemas.queries import PopularQuery, RecommendQuery, SimilarQuery
from serving.schemas.search import QUERY_EXAMPLE, QueryAnswer, QueryBody, SearchAnswer, SearchQuery

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

PICTURES: Final[tuple[Operation, ...]] = (
    Operation(
        "pictures.search_by_picture",
        "POST",
        "/search",
        "Items for a picture",
        "Those with the likest pictures. The body is a PNG or JPEG file, or JSON that holds one. A picture that cannot be read "
        "is answered with 422.",
        PictureSearchQuery,
        body=PictureBody,
        media=MEDIA,
        answer=PictureSearchAnswer,
        errors=(404, 409),
        example=PICTURE_EXAMPLE,
    ),
    Operation(
        "pictures.caption",
        "POST",
        "/caption",
        "What a picture shows",
        "Of each attribute that describes pictures the value whose words are nearest to the picture. Nothing was trained for "
        "these attributes. The body is as that of `POST /search`.",
        CaptionQuery,
        body=PictureBody,
        media=MEDIA,
        answer=CaptionAnswer,
        errors=(409,),
        example=PICTURE_EXAMPLE,
    ),
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "recommend.recommend",
        "GET",
        "/recommend/{user_id}",
        "Items for a user",
        "What the user's history and events since the last training say, best first. Never an item that was seen, hidden, "
        "excluded or filtered out, and k items whenever k eligible ones exist. A user of whom nothing is known gets the "
        "popular items, with `fallback` true.",
        RecommendQuery,
        answer=answers.Recommendations,
        errors=(404, 409),
    ),
    Operation(
        "recommend.recommend_to",
        "POST",
        "/recommend",
        "Items for a user or a guest",
        "The same as JSON: for ids with commas or slashes, long filters, and guests, who send what they did as `history`.",
        body=RecommendBody,
        answer=answers.Recommendations,
        errors=(404, 409),
        example={
            "history": ["i17", {"item_id": "i4", "value": 5}],
            "k": 5,
            "filters": [{"attribute": "year", "min": 1990}],
        },
    ),
    Operation(
        "similar.similar",
        "GET",
        "/similar/{item_id}",
        "Items like an item",
        "By behaviour and content; an item that nobody has used yet answers by its content.",
        SimilarQuery,
        answer=answers.Similar,
        errors=(404,),
    ),
    Operation(
        "popular.popular",
        "GET",
        "/popular",
        "What most users like",
        "Older interactions count less. With `trending`: what users took up in the last days.",
        PopularQuery,
        answer=answers.Popular,
        errors=(404,),
    ),
    Operation(
        "rank.rank",
        "POST",
        "/rank",
        "Given items in a user's order",
        "Items that the user has seen are ranked as well. Ids that the catalogue does not have are listed as `unknown`.",
        body=RankBody,
        answer=answers.RankAnswer,
        example={"user_id": "u17", "item_ids": ["i4", "i17", "i23"]},
    ),
    Operation(
        "search.search_items",
        "GET",
        "/search",
        "Items for a text",
        "By meaning and by words. Items that a user has seen are found as well; `user_id` ranks the first hundred by text and "
        "taste; where nothing is known of the user, `fallback` is true. Where texts cannot be encoded just now, `hybrid` "
        "answers by words, and `degraded` names `semantic`. With `mode=picture` the words say what the pictures of the items "
        "show.",
        SearchQuery,
        answer=SearchAnswer,
        errors=(404, 409),
    ),
    *PICTURES,
    Operation(
        "query.query_items",
        "POST",
        "/query",
        "Items by examples",
        "Vector arithmetic: like some items, texts and users, and unlike others. Items among the examples are not answered.",
        body=QueryBody,
        answer=QueryAnswer,
        errors=(404, 409),
        example=QUERY_EXAMPLE,
    ),
    *EXPLORATION,
    Operation(
        "chat.chat",
        "POST",
        "/chat",
        "Items by a conversation",
        "The turns so far say what is liked, disliked and seen: named items, values of attributes, ranges of numbers, all else "
        "by its meaning, later turns more than earlier ones. The answer: items with their reasons, the question that splits "
        "them best, and what was understood. Named, shown and seen items are not answered.",
        body=ChatBody,
        answer=ChatAnswer,
        example=CHAT_EXAMPLE,
    ),
    Operation(
        "items.item",
        "GET",
        "/items/{item_id}",
        "One record of the catalogue",
        answer=answers.ItemRecord,
        errors=(404,),
    ),
    *INSIGHTS,
    Operation(
        "hidden.hide",
        "PUT",
        "/items/{item_id}/hidden",
        "Hide an item",
        "Nobody sees it from the next request on, until it is shown again. It need not be in the catalogue.",
        status=204,
        errors=(409,),
        scope="admin",
        stored_id=True,
    ),
    Operation(
        "hidden.show",
        "DELETE",
        "/items/{item_id}/hidden",
        "Show a hidden item again",
        "It is no error when it was not hidden.",
        status=204,
        errors=(409,),
        scope="admin",
    ),
    Operation(
        "events.add",
        "POST",
        "/events",
        "What users did",
        "One event or a list. They are on the disk before the answer, and the next list for their user counts them. An event "
        "whose `event_id` came before does not count again, so that a request without an answer can be repeated.",
        body=EventsBody,
        answer=EventsAnswer,
        status=202,
        errors=(409,),
        scope="write",
        example=[{"event_id": "order-1042-1", "user_id": "u17", "item_id": "i4", "timestamp": "2026-11-23T10:15:00Z"}],
    ),
    Operation(
        "users.user",
        "GET",
        "/users/{user_id}",
        "What is known of a user",
        "The history that the lists are made from, attributes that it has often, and the events that came in.",
        answer=answers.User,
        errors=(404,),
    ),
    Operation(
        "users.forget",
        "DELETE",
        "/users/{user_id}",
        "Forget a user",
        "At once, and in every later model. It is no error when nothing was known.",
        status=204,
        errors=(409,),
        scope="admin",
    ),
    Operation(
        "health.livez",
        "GET",
        "/livez",
        "Is the process alive",
        answer=answers.Alive,
        scope="none",
        always=True,
    ),
    Operation(
        "health.readyz",
        "GET",
        "/readyz",
        "Does a model answer",
        "503 until a model is loaded, and while the server shuts down.",
        answer=answers.Ready,
        errors=(503,),
        scope="none",
        always=True,
    ),
    Operation(
        "metrics.read",
        "GET",
        "/metrics",
        "What the service counted",
        "In the text format of Prometheus, added up over the workers.",
        answer="text/plain",
        always=True,
    ),
    Operation("docs.document", "GET", "/openapi.json", "This document", answer="application/json", scope="none"),
    Operation("docs.page", "GET", "/docs", "The same to read and to try", answer="text/html", scope="none"),
)

BY_ENDPOINT: Final[Mapping[str, Operation]] = {one.endpoint: one for one in OPERATIONS}
SCOPES: Final[Mapping[str, Scope]] = {one.endpoint: one.scope for one in OPERATIONS}
