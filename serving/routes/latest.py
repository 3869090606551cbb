"""GET /latest: the newest items."""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify

from recsys.recommend.json import latest_object
from recsys.recommend.latest import latest as find_latest
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import ListQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("latest", __name__)

    @routes.get("/latest")
    def latest() -> Response:
        params = query(ListQuery)
        recommender = model.get()
        found = find_latest(recommender, params.request, time.time(), view.hidden(recommender))
        return jsonify(latest_object(found, recommender.model_version))

    return routes
