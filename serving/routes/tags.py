"""GET /tags/<item_id> and POST /tags: attributes that an item or a text probably has."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.explore.insights_json import tags_object
from recsys.explore.suggested_tags import of_item, of_text
from serving.encoding.service import Encoding
from serving.http.read_body import body
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.insights import TagsBody
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView, encoding: Encoding) -> Blueprint:
    routes = Blueprint("tags", __name__)

    @routes.get("/tags/<id:item_id>")
    def item(item_id: str) -> Response:
        query(NoQuery)
        recommender = model.get()
        tags = of_item(recommender, item_id, view.hidden(recommender))
        return jsonify(tags_object(tags, {"item_id": item_id}, recommender.model_version))

    @routes.post("/tags")
    def text() -> Response:
        query(NoQuery)
        description = body(TagsBody).text
        recommender = model.get()
        hidden = view.hidden(recommender)
        (vector,) = encoding.encode(recommender.encoder, [description])
        tags = of_text(recommender, vector, hidden)
        return jsonify(tags_object(tags, {"text": description}, recommender.model_version))

    return routes
