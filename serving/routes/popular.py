"""GET /popular: what most users like, or took up in the last days."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import listed_object
from recsys.recommend.recommender import PopularKind
from serving.http.responses import plain
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import PopularQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("popular", __name__)

    @routes.get("/popular")
    def popular() -> Response:
        params = query(PopularQuery)
        recommender = model.get()
        events = view.read("", recommender)
        kind: PopularKind = "trending" if params.trending else "popular"
        answer = recommender.popular(params.request, kind, view.popular(recommender, kind), events.hidden)
        return plain(answer, listed_object(answer, {}, recommender.model_version), events.degraded)

    return routes
