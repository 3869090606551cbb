"""GET /anomalies: unusual items and users."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.explore.insights_json import anomalies_object
from recsys.explore.outliers import page
from serving.http.responses import private
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

        def left_out(name: str) -> bool:
            return params.kind == "users" and view.read(name, recommender).forgotten

        hidden, bounds = view.hidden(recommender), (params.k, params.offset, params.min_score)
        outliers = page(recommender, params.kind, *bounds, left_out, hidden, params.id)
        return private(anomalies_object(outliers, params.kind, recommender.model_version))

    return routes
