"""GET /search: items for a text.

Answers without a user are cached: with the same model and the same hidden items, the same query has the same answer.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from recsys.data.vectors import Vectors
from recsys.errors import EncoderBusyError
from recsys.recommend.answer import Answer
from recsys.recommend.recommender import Recommender
from recsys.search.items import SearchMode, choose_mode, search
from recsys.search.json import search_object
from recsys.search.pictures import PICTURE, PictureQuery
from recsys.search.text import TextQuery
from serving.encoding.service import Encoding
from serving.errors import ConflictError
from serving.http.responses import personal, plain
from serving.live.event_view import EventView
from serving.live.lru import LRUCache
from serving.live.serving_model import ServingModel
from serving.schemas.queries import query
from serving.schemas.search import SearchQuery

SEMANTIC = "semantic"
MOST_KEPT = 512  # answers, of LONGEST_KEPT items at most
LONGEST_KEPT = 100

Key = tuple[str, frozenset[str], bytes]


def blueprint(model: ServingModel, view: EventView, encoding: Encoding) -> Blueprint:
    routes = Blueprint("search", __name__)
    kept = LRUCache[Key, tuple[Answer, dict[str, Any]]](MOST_KEPT)

    @routes.get("/search")
    def search_items() -> Response:
        params = query(SearchQuery)
        recommender = model.get()
        events = view.read(params.user_id or "", recommender)
        key = recommender.model_version, events.hidden, request.query_string
        if params.user_id is None and (before := kept.get(key)) is not None:
            return plain(*before, events.degraded)
        mode = choose_mode(recommender, params.mode)
        wanted = _wanted(encoding, recommender, params.q, mode)
        answer = search(recommender, wanted, params.request, params.user_id, events)
        subject = {} if params.user_id is None else {"user_id": params.user_id}
        shown = search_object(answer, wanted, subject, recommender.model_version)
        if wanted.mode != mode:
            shown["degraded"] = [SEMANTIC]
        elif not subject and params.k <= LONGEST_KEPT:
            kept.put(key, (answer, shown))
        return (personal if subject else plain)(answer, shown, events.degraded)

    return routes


def _wanted(encoding: Encoding, recommender: Recommender, text: str, mode: SearchMode) -> TextQuery | PictureQuery:
    """What is searched for, by words alone where they do and the text is not encoded in time."""
    if mode == PICTURE:
        return PictureQuery(encoding.encode(recommender.picture_encoder, [text])[0], text)
    vector = _encoded(encoding, recommender, text, mode)
    return TextQuery(text, mode if vector is not None else "keyword", vector)


def _encoded(encoding: Encoding, recommender: Recommender, text: str, mode: SearchMode) -> Vectors | None:
    """The vector of a text; None where words do without it."""
    if mode == "keyword":
        return None
    try:
        return encoding.encode(recommender.encoder, [text])[0]
    except (EncoderBusyError, ConflictError):
        if mode == "semantic":
            raise
        return None
