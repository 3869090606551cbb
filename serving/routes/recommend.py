"""GET /recommend/<user_id>: items for a user."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, jsonify, request

from recsys.envelope import answer_object
from serving.schemas import RecommendQuery, parse
from serving.serving_model import ServingModel


def blueprint(model: ServingModel) -> Blueprint:
    routes = Blueprint("recommend", __name__)

    @routes.get("/recommend/<id:user_id>")
    def recommend(user_id: str) -> Response:
        query = parse(RecommendQuery, request.args)
        recommender = model.get()
        answer = recommender.recommend(user_id, query.k, exclude=query.exclude, include_seen=query.include_seen)
        subject = {"user_id": user_id, "recommendation_id": uuid.uuid4().hex}
        response = jsonify(answer_object(answer, subject, recommender.model_version))
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return routes
