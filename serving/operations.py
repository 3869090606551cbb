"""The operations of the service, in one table.

The OpenAPI document is made from it, keys read from it who may do what, and a test compares it with the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from serving import answer_schemas as answers
from serving.body_schemas import RankBody, RecommendBody
from serving.chat_schemas import CHAT_EXAMPLE, ChatAnswer, ChatBody
from serving.event_schemas import EventsAnswer, EventsBody
from serving.explore_operations import EXPLORATION
from serving.insight_operations import INSIGHTS
from serving.operation_kind import Operation, Scope
from serving.picture_operations import PICTURES
from serving.query_schemas import PopularQuery, RecommendQuery, SimilarQuery
from serving.search_schemas import QUERY_EXAMPLE, QueryAnswer, QueryBody, SearchAnswer, SearchQuery

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
