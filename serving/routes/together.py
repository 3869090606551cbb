"""GET /together: what goes into the same basket."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.recommend.json import together_object
from recsys.recommend.together import together as find_together
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import TogetherQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("together", __name__)

    @routes.get("/together")
    def together() -> Response:
        params = query(TogetherQuery)
        recommender = model.get()
        found = find_together(recommender, params.items, params.request, view.hidden(recommender))
        return jsonify(together_object(found, params.items, recommender.model_version))

    return routes
