"""GET /anomalies: items and users that stand out."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.explore.insights_json import anomalies_object
from recsys.explore.outliers import page
from serving.http.responses import PRIVATE
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.insights import AnomaliesQuery
from serving.schemas.queries import query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("anomalies", __name__)

    @routes.get("/anomalies")
    def anomalies() -> Response:
        params = query(AnomaliesQuery)
        recommender = model.get()

        def left_out(one: str) -> bool:
            return params.kind == "users" and view.read(one, recommender).forgotten

        hidden = view.hidden(recommender)
        found = page(recommender, params.kind, params.k, params.offset, params.min_score, left_out, hidden)
        response = jsonify(anomalies_object(found, params.kind, recommender.model_version))
        response.headers["Cache-Control"] = PRIVATE
        return response

    return routes
