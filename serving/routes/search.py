"""GET /search: items for a text."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.embeddings import Vectors
from recsys.envelope import search_object
from recsys.errors import EncoderBusyError
from recsys.picture_search import PICTURE, PictureQuery
from recsys.recommender import Recommender
from recsys.search import SearchMode, chosen, search
from recsys.taste import of_user
from recsys.text_search import TextQuery
from serving.encoding import Encoding
from serving.knowledge import Knowledge
from serving.problems import ConflictError
from serving.query_schemas import query
from serving.responses import personal, plain
from serving.search_schemas import SearchQuery
from serving.serving_model import ServingModel

SEMANTIC = "semantic"


def blueprint(model: ServingModel, knowledge: Knowledge, encoding: Encoding) -> Blueprint:
    routes = Blueprint("search", __name__)

    def wanted_of(recommender: Recommender, text: str, mode: SearchMode) -> TextQuery | PictureQuery:
        if mode == PICTURE:
            return PictureQuery(encoding.encode(recommender.picture_encoder, [text])[0], text)
        vector = encoded(recommender, text, mode)
        return TextQuery(text, mode if vector is not None else "keyword", vector)

    def encoded(recommender: Recommender, text: str, mode: SearchMode) -> Vectors | None:
        """The vector of a text; None where words do without it."""
        if mode == "keyword":
            return None
        try:
            return encoding.encode(recommender.encoder, [text])[0]
        except (EncoderBusyError, ConflictError):
            if mode == "semantic":
                raise
            return None

    @routes.get("/search")
    def search_items() -> Response:
        asked = query(SearchQuery)
        recommender = model.get()
        known = knowledge.look(asked.user_id or "", recommender)
        mode = chosen(recommender.model, asked.mode)
        wanted = wanted_of(recommender, asked.q, mode)
        taste = None
        if asked.user_id is not None:
            taste = of_user(recommender.model, recommender.rules, asked.user_id, known.look.activity)
        answer = search(recommender, wanted, asked.asked, known.look.hidden, taste)
        subject = {} if asked.user_id is None else {"user_id": asked.user_id}
        shown = search_object(answer, wanted, subject, recommender.model_version)
        if wanted.mode != mode:
            shown["degraded"] = [SEMANTIC]
        return (plain if taste is None else personal)(answer, shown, known.degraded)

    return routes
