"""The operations of the service: the source of the OpenAPI document and of the scopes of keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from serving.schemas.answers import (
    Alive,
    ItemRecord,
    LatestItems,
    Popular,
    RankAnswer,
    Ready,
    Recommendations,
    Similar,
    TogetherAnswer,
    User,
)
from serving.schemas.bodies import RankBody, RecommendBody
from serving.schemas.chat import ChatAnswer, ChatBody
from serving.schemas.events import EventsAnswer, EventsBody, LatestEvents, LatestQuery, MergeBody, Merged
from serving.schemas.explore import (
    ClusterPage,
    Clusters,
    Directions,
    Facets,
    FacetsQuery,
    MapPage,
    MapQuery,
    MembersQuery,
    SegmentPage,
    Segments,
)
from serving.schemas.insights import AnomaliesAnswer, AnomaliesQuery, TagsAnswer, TagsBody
from serving.schemas.items import ItemBody, ItemChanged, ItemsAccepted, ItemsBody
from serving.schemas.models import ListOfVersion, ModelDetails, Models, Rolled, VersionListQuery
from serving.schemas.names import Items, ItemsQuery, Users, UsersQuery
from serving.schemas.pictures import CaptionAnswer, CaptionQuery, PictureBody, PictureSearchAnswer, PictureSearchQuery
from serving.schemas.placement import WhyAnswer, WhyQuery
from serving.schemas.queries import ListQuery, NoQuery, PopularQuery, Query, RecommendQuery, SimilarQuery, TogetherQuery
from serving.schemas.search import QueryAnswer, QueryBody, SearchAnswer, SearchQuery
from serving.schemas.users import UserBody, UserChanged

Scope = Literal["none", "read", "write", "admin"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
CHANGING: tuple[Method, ...] = "PUT", "PATCH"


@dataclass(frozen=True)
class Operation:
    """One operation of the service.

    Parameters
    ----------
    endpoint : str
        Name of the Flask endpoint, ``blueprint.function``.
    path : str
        As OpenAPI writes it, ``/items/{item_id}``.
    answer : pydantic model, media type or None
        A model: JSON of its shape; a media type such as ``text/html``: text; None: no content.
    errors : tuple of int
        Statuses of problems besides those that every operation has.
    scope : str
        The scope that a key needs; "none": no key is needed.
    always : bool
        Answered however busy the service is, and exempt from rate limits.
    stored_id : bool
        The event store keeps the id of the path, so it has no NUL and at most 512 bytes.
    created : bool
        Answered with 201 instead of `status` when it made something new.
    """

    endpoint: str
    method: Method
    path: str
    answer: type[BaseModel] | str | None
    query: type[Query] = NoQuery
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    scope: Scope = "read"
    status: int = 200
    always: bool = False
    stored_id: bool = False
    created: bool = False

    @property
    def summary(self) -> str:
        return TEXTS[self.endpoint].partition(". ")[0]

    @property
    def description(self) -> str:
        return TEXTS[self.endpoint].partition(". ")[2]

    @property
    def tag(self) -> str:
        """The heading under which the operation is listed."""
        resource = self.path.split("/")[1]
        return next((tag for tag, resources in TAGS.items() if resource in resources), "Operation of the service")

    @property
    def example(self) -> Any:
        """An example of the body; None without a body."""
        return None if self.body is None else EXAMPLES[self.body]


OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("recommend.recommend", "GET", "/recommend/{user_id}", Recommendations, RecommendQuery, errors=(404, 409)),
    Operation("recommend.recommend_to", "POST", "/recommend", Recommendations, body=RecommendBody, errors=(404, 409)),
    Operation("why.why", "GET", "/why", WhyAnswer, WhyQuery, errors=(404, 409)),
    Operation("similar.similar", "GET", "/similar/{item_id}", Similar, SimilarQuery, errors=(404,)),
    Operation("together.together", "GET", "/together", TogetherAnswer, TogetherQuery, errors=(404, 409)),
    Operation("latest.latest", "GET", "/latest", LatestItems, ListQuery, errors=(404, 409)),
    Operation("popular.popular", "GET", "/popular", Popular, PopularQuery, errors=(404,)),
    Operation("rank.rank", "POST", "/rank", RankAnswer, body=RankBody),
    Operation("search.search_items", "GET", "/search", SearchAnswer, SearchQuery, errors=(404, 409)),
    Operation(
        "pictures.search_by_picture",
        "POST",
        "/search",
        PictureSearchAnswer,
        PictureSearchQuery,
        PictureBody,
        (404, 409),
    ),
    Operation("pictures.caption", "POST", "/caption", CaptionAnswer, CaptionQuery, PictureBody, (409,)),
    Operation("query.query_items", "POST", "/query", QueryAnswer, body=QueryBody, errors=(404, 409)),
    Operation("explore.clusters", "GET", "/clusters", Clusters, errors=(409,)),
    Operation("explore.cluster", "GET", "/clusters/{cluster_id}", ClusterPage, MembersQuery, errors=(404, 409)),
    Operation("explore.segments", "GET", "/segments", Segments, errors=(409,)),
    Operation(
        "explore.segment", "GET", "/segments/{segment_id}", SegmentPage, MembersQuery, errors=(404, 409), scope="admin"
    ),
    Operation("explore.item_map", "GET", "/map", MapPage, MapQuery, errors=(404, 409)),
    Operation("explore.directions", "GET", "/directions", Directions, errors=(409,)),
    Operation("chat.chat", "POST", "/chat", ChatAnswer, body=ChatBody),
    Operation("explore.attributes", "GET", "/attributes", Facets, FacetsQuery, errors=(404,)),
    Operation("items.items", "GET", "/items", Items, ItemsQuery, errors=(404,)),
    Operation("item_changes.put_many", "POST", "/items", ItemsAccepted, body=ItemsBody, errors=(409,), scope="admin"),
    Operation(
        "item_changes.put",
        "PUT",
        "/items/{item_id}",
        ItemChanged,
        body=ItemBody,
        errors=(409,),
        scope="admin",
        stored_id=True,
        created=True,
    ),
    Operation(
        "item_changes.patch",
        "PATCH",
        "/items/{item_id}",
        ItemChanged,
        body=ItemBody,
        errors=(404, 409),
        scope="admin",
        stored_id=True,
    ),
    Operation(
        "item_changes.delete",
        "DELETE",
        "/items/{item_id}",
        None,
        errors=(409,),
        scope="admin",
        status=204,
        stored_id=True,
    ),
    Operation("items.item", "GET", "/items/{item_id}", ItemRecord, errors=(404,)),
    Operation("items.picture", "GET", "/pictures/{item_id}", "image/png", errors=(404,)),
    Operation("tags.item", "GET", "/tags/{item_id}", TagsAnswer, errors=(404, 409)),
    Operation("tags.text", "POST", "/tags", TagsAnswer, body=TagsBody, errors=(409,)),
    Operation(
        "anomalies.anomalies", "GET", "/anomalies", AnomaliesAnswer, AnomaliesQuery, errors=(404, 409), scope="admin"
    ),
    Operation(
        "hidden.hide", "PUT", "/items/{item_id}/hidden", None, errors=(409,), scope="admin", status=204, stored_id=True
    ),
    Operation("hidden.show", "DELETE", "/items/{item_id}/hidden", None, errors=(409,), scope="admin", status=204),
    Operation("events.add", "POST", "/events", EventsAnswer, body=EventsBody, errors=(409,), scope="write", status=202),
    Operation("events.undo", "DELETE", "/events/{event_id}", None, errors=(404, 409), scope="write", status=204),
    Operation("events.latest", "GET", "/events", LatestEvents, LatestQuery, errors=(409,), scope="admin"),
    Operation("users.users", "GET", "/users", Users, UsersQuery, scope="admin"),
    Operation("users.user", "GET", "/users/{user_id}", User, errors=(404,)),
    *(
        Operation(
            f"users.{method.lower()}",
            method,
            "/users/{user_id}",
            UserChanged,
            body=UserBody,
            errors=(409,),
            scope="write",
            stored_id=True,
        )
        for method in CHANGING
    ),
    Operation(
        "users.merge",
        "POST",
        "/users/{user_id}/merge",
        Merged,
        body=MergeBody,
        errors=(409,),
        scope="write",
        stored_id=True,
    ),
    Operation("users.forget", "DELETE", "/users/{user_id}", None, errors=(409,), scope="admin", status=204),
    Operation("models.models", "GET", "/models", Models),
    Operation("models.details", "GET", "/models/{version}", ModelDetails, errors=(404, 409)),
    Operation(
        "models.recommend",
        "GET",
        "/models/{version}/recommend/{user_id}",
        ListOfVersion,
        VersionListQuery,
        errors=(404, 409),
    ),
    Operation("models.report", "GET", "/models/{version}/report", "text/html", errors=(404,), scope="admin"),
    Operation("models.rollback", "POST", "/models/{version}/rollback", Rolled, errors=(404, 409), scope="admin"),
    Operation("health.livez", "GET", "/livez", Alive, scope="none", always=True),
    Operation("health.readyz", "GET", "/readyz", Ready, errors=(503,), scope="none", always=True),
    Operation("metrics.read", "GET", "/metrics", "text/plain", always=True),
    Operation("docs.document", "GET", "/openapi.json", "application/json", scope="none"),
    Operation("docs.page", "GET", "/docs", "text/html", scope="none"),
)
BY_ENDPOINT: Final[Mapping[str, Operation]] = {operation.endpoint: operation for operation in OPERATIONS}
SCOPES: Final[Mapping[str, Scope]] = {operation.endpoint: operation.scope for operation in OPERATIONS}

TAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "Lists": ("recommend", "why", "similar", "together", "latest", "popular", "rank"),
    "Search": ("search", "query", "chat", "caption"),
    "Exploration": ("clusters", "segments", "map", "directions", "attributes"),
    "Items": ("items", "tags", "pictures"),
    "Anomalies": ("anomalies",),
    "Models": ("models",),
    "Events and users": ("events", "users"),
}
# By endpoint: a summary in one sentence, then the description.
TEXTS: Final[Mapping[str, str]] = {
    "recommend.recommend": "Items for a user. Ranked by the user's history and the events since the last training, best "
    "first. Seen, hidden, excluded and filtered items are left out; the list has `k` items if `k` eligible items exist. "
    "A user without events gets what users with the same attributes take, or what goes with the item in `context`; without any "
    "data the popular items, with `fallback` true.",
    "recommend.recommend_to": "Items for a user or a guest. The same as JSON: for ids with commas or slashes, for long "
    "filters, and for guests, who send their `history`.",
    "why.why": "The place of an item in a user's list. The rank that it has in the answer of `/recommend` to the same "
    "parameters, its score and the parts of it. If the list does not have the item, `reasons` has what keeps it out: seen, "
    "hidden, excluded, filtered, moved by a parameter, or outranked. A user without any data gets the popular items, with "
    "`fallback` true.",
    "similar.similar": "Items like an item. Compared by behavior and content; an item without users by its content.",
    "together.together": "Items that go into the same basket. Those that users took together with the given items more often "
    "than by chance, in the training data, best first. The list is empty if no other item was. The given "
    "items are left out.",
    "latest.latest": "The newest items. By the attribute `available_from`, else by the first event of the training data. Items "
    "that are available later are left out, and items of which no time is known.",
    "popular.popular": "Popular items. Older interactions count less. `trending`: items that gained users in the last days.",
    "rank.rank": "Given items in a user's order. Items that the user has seen are ranked too. Ids that are not in the "
    "catalog are listed as `unknown`.",
    "search.search_items": "Items for a text. Searched by meaning and by words. Seen items are included. With `user_id` the "
    "first hundred are ranked by text and taste; `fallback` is true if the service has no data on the user. If texts cannot "
    "be encoded at the moment, `hybrid` searches by words, and `degraded` contains `semantic`. `mode=picture` compares the "
    "text with the pictures of the items.",
    "pictures.search_by_picture": "Items for a picture. Those with the most similar pictures. The body is a PNG or JPEG "
    "file, or JSON that contains one. A picture that cannot be read is refused with 422.",
    "pictures.caption": "Attributes that a picture shows. For each attribute that describes pictures, the values whose "
    "words are nearest to the picture. Nothing was trained for these attributes. The body is that of `POST /search`.",
    "query.query_items": "Items by examples. Vector arithmetic: like some items, texts and users, and unlike others. The "
    "example items are left out.",
    "explore.clusters": "The items in groups. Each with its distinctive words, attribute values, numbers and items. Group "
    "numbers belong to this model.",
    "explore.cluster": "One group of items",
    "explore.segments": "The users in groups of similar taste. Each with the words, values, items and item groups that its "
    "histories have more often than all histories.",
    "explore.segment": "One group of users. Contains the ids of users, so a key needs the scope `admin`. Deleted users are "
    "left out.",
    "explore.item_map": "The items on a map. Similar items are near each other, in two dimensions. The answer has columns, "
    "which keeps a page of thousands of items short.",
    "explore.directions": "Main directions of the vectors. The principal directions of the factors and of the text vectors, "
    "and what the items at both ends have in common.",
    "explore.attributes": "The attributes of the items with counts. For each attribute its most frequent values or its range, "
    "among the items that meet the conditions. The counts of an attribute obey the conditions on the others only, as a list of "
    "filters to choose from needs it.",
    "chat.chat": "Items by a conversation. The messages express likes, dislikes and seen items: item names, attribute values, "
    "number ranges, and other text by its meaning. Later messages weigh more. The answer has items with reasons, the question "
    "that splits them best, and the parsed preferences. Named, shown and seen items are left out.",
    "items.items": "Items by name. As a person types it: the beginning of an id, or of words of the title. An item with this "
    "id or title is first, then the most popular ones. Hidden items are left out.",
    "items.item": "One record of the catalog",
    "item_changes.put_many": "Set many items. A JSON list, or one JSON object a line with `Content-Type: "
    "application/x-ndjson`. Each is stored as by `PUT`; an item that cannot be stored is named by its place, and the others "
    "are stored.",
    "item_changes.put": "Set an item. The record replaces an earlier one, in lists, filters and facets of every worker within "
    "a second, and in the next training. A new item is in lists as soon as its text is encoded.",
    "item_changes.patch": "Change values of an item. Those that are given; null removes one. Every worker follows within a "
    "second, and the next training takes them along.",
    "item_changes.delete": "Delete an item. It is in no list from now on and in no later model, until it is set again. An "
    "unknown item is no error.",
    "items.picture": "The picture of an item. A PNG or JPEG file of `content.picture_folder`.",
    "tags.item": "Attributes that an item probably has. The nearest items that have an attribute vote for its values. The "
    "votes become a confidence that is calibrated on held-out items, see `measured`. Values in the catalog are `known`.",
    "tags.text": "Attributes that a text probably has. The same for an item that is not in the catalog, by its text.",
    "anomalies.anomalies": "Unusual items and users. Items whose content and behavior disagree, duplicates in the catalog, "
    "items that fake profiles promote or harm, and users whose histories do not look human. Found at training, with the "
    "evidence. The answer names users, so a key needs the scope `admin`. Deleted users are left out.",
    "hidden.hide": "Hide an item. No list contains it from the next request on, until it is shown again. It need not be in "
    "the catalog.",
    "hidden.show": "Show a hidden item again. An item that is not hidden is no error.",
    "events.add": "Add events of users. One event or a list. They are on disk before the answer, and the next list for "
    "their user counts them. A repeated `event_id` does not count again, so a request without an answer can be repeated. "
    "Events of the type `impression` say that an item was shown: they are kept apart and count in no list or model.",
    "events.undo": "Undo an event. By the id in the answer of `POST /events`. From the next list on it never happened, also in "
    "later models. A second undo is no error, and an event that is sent again with this id does not count. "
    "Impressions are undone as well.",
    "events.latest": "Latest events. As they were received, newest first. The answer names users, so a key needs the scope "
    "`admin`. Events of deleted users are gone.",
    "users.users": "Ids of users. Those that begin with `q`; without it, users whose history has a typical length. The answer "
    "names users, so a key needs the scope `admin`. Deleted users are left out.",
    "users.user": "Data on a user. The attributes, the history behind the user's lists, its frequent attributes, and the "
    "received events.",
    "users.put": "Set the attributes of a user. They replace earlier ones, at once and in the next training. The user need not "
    "be known.",
    "users.patch": "Change attributes of a user. Those that are given; null removes one.",
    "users.merge": "Make a guest's events those of a user. At once and in later trainings, for a guest who signs in. The "
    "guest is forgotten; the data files are not touched.",
    "users.forget": "Forget a user. At once, and in every later model. An unknown user is no error.",
    "models.models": "Published models. As their manifests describe them, with the version that answers and the version to "
    "which the store points.",
    "models.details": "One published model. Its parameters, indexes, rules for events, and the evaluation with intervals.",
    "models.recommend": "Items for a user by another model. The list that this version of the store gives, with the user's "
    "events since its training, for comparisons of versions.",
    "models.report": "The report of a model. The HTML page of its training. It names users, so a key needs the scope `admin`.",
    "models.rollback": "Make a model current. Its files are checked; then the store points to it, and all workers follow "
    "within seconds.",
    "health.livez": "Check that the process is alive",
    "health.readyz": "Check that lists are made. 503 until a model is loaded and the event store, if there is one, was opened, "
    "and while the server shuts down. If the event store fails later, lists continue with `degraded`, and so does this.",
    "metrics.read": "Metrics of the service. In the text format of Prometheus, summed over the workers.",
    "docs.document": "This document",
    "docs.page": "This document as a page with a form for each request",
}
EXAMPLES: Final[Mapping[type[BaseModel], Any]] = {
    RecommendBody: {
        "history": ["i17", {"item_id": "i4", "value": 5}],
        "k": 5,
        "filters": [{"attribute": "year", "min": 1990}],
    },
    RankBody: {"user_id": "u17", "item_ids": ["i4", "i17", "i23"]},
    PictureBody: {
        "picture": "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAFElEQVR42mO8IyfHAANMDEgANwcAOHIBID2Vy4IAAAAASUVORK5CYII="
    },
    QueryBody: {
        "positive": [{"item_id": "i4"}, {"text": "comedy", "weight": 0.5}],
        "negative": [{"text": "horror"}],
        "k": 5,
    },
    ChatBody: {
        "messages": [
            {"role": "user", "content": "I loved i4 but not horror"},
            {"role": "assistant", "content": "1. i17"},
            {"role": "user", "content": "Nothing from before 1990, and something funnier"},
        ],
        "k": 5,
    },
    ItemBody: {"title": "Solaris", "genres": ["drama", "science fiction"], "year": 1972, "available": True},
    ItemsBody: [{"item_id": "i4", "title": "Solaris", "price": 9.5}],
    MergeBody: {"from": "guest-17"},
    UserBody: {"attributes": {"country": "CH", "age": 34, "languages": ["de", "fr"]}},
    TagsBody: {"text": "A crew in deep space finds an alien that hunts them one by one."},
    EventsBody: [
        {"event_id": "order-1042-1", "user_id": "u17", "item_id": "i4", "timestamp": "2026-11-23T10:15:00Z"},
    ],
}
