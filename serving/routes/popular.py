"""GET /popular: what most users like, or took up in the last days."""

from __future__ import annotations

from typing import Literal

from flask import Blueprint, Response

from recsys.envelope import listed_object
from serving.knowledge import Knowledge
from serving.query_schemas import PopularQuery, query
from serving.responses import plain
from serving.serving_model import ServingModel


def blueprint(model: ServingModel, knowledge: Knowledge) -> Blueprint:
    routes = Blueprint("popular", __name__)

    @routes.get("/popular")
    def popular() -> Response:
        asked = query(PopularQuery)
        recommender = model.get()
        known = knowledge.look("", recommender)
        kind: Literal["popular", "trending"] = "trending" if asked.trending else "popular"
        counted = knowledge.counted(recommender, kind)
        answer = recommender.popular(asked.asked, kind, counted, known.look.hidden)
        return plain(answer, listed_object(answer, {}, recommender.model_version), known.degraded)

    return routes
