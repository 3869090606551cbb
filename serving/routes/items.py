"""GET /items/<item_id>: one record of the catalog."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.explore.json import cluster_of
from recsys.recommend.json import item_object
from serving.live.serving_model import ServingModel
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel) -> Blueprint:
    routes = Blueprint("items", __name__)

    @routes.get("/items/<id:item_id>")
    def item(item_id: str) -> Response:
        query(NoQuery)
        recommender = model.get()
        shown = item_object(recommender.item(item_id), recommender.model_version)
        return jsonify({**shown, "cluster": cluster_of(recommender, item_id)})

    return routes
