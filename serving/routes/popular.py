"""GET /popular: what most users like, or took up in the last days."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import listed_object
from recsys.recommend.recommender import PopularKind
from serving.http.responses import plain
from serving.live.event_view import Knowledge
from serving.live.serving_model import ServingModel
from serving.schemas.queries import PopularQuery, query


def blueprint(model: ServingModel, knowledge: Knowledge) -> Blueprint:
    routes = Blueprint("popular", __name__)

    @routes.get("/popular")
    def popular() -> Response:
        asked = query(PopularQuery)
        recommender = model.get()
        known = knowledge.look("", recommender)
        kind: PopularKind = "trending" if asked.trending else "popular"
        answer = recommender.popular(asked.asked, kind, knowledge.popular(recommender, kind), known.look.hidden)
        return plain(answer, listed_object(answer, {}, recommender.model_version), known.degraded)

    return routes
