"""GET /popular: the items that most users like, or that gained users in the last days."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import listed_object, with_attributes
from recsys.recommend.recommender import PopularKind
from serving.http.responses import list_response
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
        shown = listed_object(answer, {}, recommender.model_version)
        shown = with_attributes(shown, recommender) if params.attributes else shown
        return list_response(answer, shown, events.degraded, personal=False)

    return routes
