"""GET /anomalies: items and users that stand out."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.explore.insights_json import anomalies_object
from recsys.explore.outliers import page
from serving.insight_schemas import AnomaliesQuery
from serving.knowledge import Knowledge
from serving.query_schemas import query
from serving.responses import PRIVATE
from serving.serving_model import ServingModel


def blueprint(model: ServingModel, knowledge: Knowledge) -> Blueprint:
    routes = Blueprint("anomalies", __name__)

    @routes.get("/anomalies")
    def anomalies() -> Response:
        asked = query(AnomaliesQuery)
        recommender = model.get()

        def left_out(one: str) -> bool:
            return asked.kind == "users" and knowledge.look(one, recommender).look.activity.forgotten

        hidden = knowledge.hidden(recommender)
        found = page(recommender.model, asked.kind, asked.k, asked.offset, asked.min_score, left_out, hidden)
        response = jsonify(anomalies_object(found, asked.kind, recommender.model_version))
        response.headers["Cache-Control"] = PRIVATE
        return response

    return routes
