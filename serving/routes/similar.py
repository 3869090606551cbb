"""GET /similar/<item_id>: items like an item."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import listed_object, with_attributes
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import SimilarQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("similar", __name__)

    @routes.get("/similar/<id:item_id>")
    def similar(item_id: str) -> Response:
        params = query(SimilarQuery)
        recommender = model.get()
        events = view.read("", recommender)
        answer = recommender.similar_items(item_id, params.request, events.hidden, params.by)
        shown = listed_object(answer, {"item_id": item_id}, recommender.model_version)
        shown = with_attributes(shown, recommender) if params.attributes else shown
        return list_response(answer, shown, events.degraded, personal=False)

    return routes
