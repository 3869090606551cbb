"""GET /search: items for a text.

Answers without a user are cached: for the same model, hidden items and query string the answer is the same.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from recsys.errors import EncoderBusyError
from recsys.recommend.answer import Answer
from recsys.recommend.json import with_attributes
from recsys.recommend.recommender import Recommender
from recsys.search.items import SearchMode, choose_mode, search
from recsys.search.json import search_object
from recsys.search.pictures import PICTURE, PictureQuery
from recsys.search.text import TextQuery
from serving.encoding.service import Encoding
from serving.errors import ConflictError
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.lru import LRUCache
from serving.live.serving_model import ServingModel
from serving.schemas.queries import query
from serving.schemas.search import SearchQuery

MOST_CACHED = 512  # answers, of LONGEST_CACHED items at most
LONGEST_CACHED = 100

Key = tuple[str, int, frozenset[str], bytes]


def blueprint(model: ServingModel, view: EventView, encoding: Encoding) -> Blueprint:
    routes = Blueprint("search", __name__)
    cache = LRUCache[Key, tuple[Answer, dict[str, Any]]](MOST_CACHED)

    @routes.get("/search")
    def search_items() -> Response:
        params = query(SearchQuery)
        recommender = model.get()
        events = view.read(params.user_id or "", recommender)
        key = recommender.model_version, recommender.revision, events.hidden, request.query_string
        if params.user_id is None and (cached := cache.get(key)) is not None:
            return list_response(*cached, events.degraded, personal=False)
        mode = choose_mode(recommender, params.mode)
        sought = _encode(encoding, recommender, params.q, mode)
        answer = search(recommender, sought, params.request, params.user_id, events)
        subject = {} if params.user_id is None else {"user_id": params.user_id}
        shown = search_object(answer, sought, subject, recommender.model_version)
        if params.attributes:
            shown = with_attributes(shown, recommender)
        if sought.mode != mode:
            shown["degraded"] = ["semantic"]
        elif not subject and params.k <= LONGEST_CACHED:
            cache.put(key, (answer, shown))
        return list_response(answer, shown, events.degraded, personal=bool(subject))

    return routes


def _encode(encoding: Encoding, recommender: Recommender, text: str, mode: SearchMode) -> TextQuery | PictureQuery:
    """Return the encoded query; by words alone if the text is not encoded in time and `mode` is not semantic."""
    if mode == PICTURE:
        return PictureQuery(encoding.encode(recommender.picture_encoder, [text])[0], text)
    if mode != "keyword":
        try:
            return TextQuery(text, mode, encoding.encode(recommender.encoder, [text])[0])
        except (EncoderBusyError, ConflictError):
            if mode == "semantic":
                raise
    return TextQuery(text, "keyword", None)
