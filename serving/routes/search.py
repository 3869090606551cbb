"""GET /search: items for a text."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.embeddings import Vectors
from recsys.envelope import search_object
from recsys.errors import EncoderBusyError
from recsys.recommender import Recommender
from recsys.search import corpus, search
from recsys.taste import of_user
from recsys.text_search import Mode, TextQuery
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

    def encoded(recommender: Recommender, text: str, mode: Mode) -> Vectors | None:
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
        mode = corpus(recommender.model).chosen(asked.mode)
        vector = encoded(recommender, asked.q, mode)
        degraded = vector is None and mode != "keyword"
        wanted = TextQuery(asked.q, "keyword" if degraded else mode, vector)
        taste = None
        if asked.user_id is not None:
            taste = of_user(recommender.model, recommender.rules, asked.user_id, known.look.activity)
        answer = search(recommender, wanted, asked.asked, known.look.hidden, taste)
        subject = {} if asked.user_id is None else {"user_id": asked.user_id}
        shown = search_object(answer, wanted, subject, recommender.model_version)
        if degraded:
            shown["degraded"] = [SEMANTIC]
        return (plain if taste is None else personal)(answer, shown, known.degraded)

    return routes
