"""GET /similar/<item_id>: items like an item."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from recsys.envelope import answer_object
from serving.schemas import SimilarQuery, parse
from serving.serving_model import ServingModel


def blueprint(model: ServingModel) -> Blueprint:
    routes = Blueprint("similar", __name__)

    @routes.get("/similar/<id:item_id>")
    def similar(item_id: str) -> Response:
        query = parse(SimilarQuery, request.args)
        recommender = model.get()
        answer = recommender.similar_items(item_id, query.k, exclude=query.exclude)
        return jsonify(answer_object(answer, {"item_id": item_id}, recommender.model_version))

    return routes
