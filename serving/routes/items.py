"""GET /items: items by name; GET /items/<item_id>: one record of the catalog; GET /pictures/<item_id>: its picture."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.errors import EventStoreError, NotFoundError
from recsys.explore.json import Object, record_object
from recsys.recommend.recommender import Recommender
from recsys.search.json import items_object
from recsys.search.names import find_items
from serving.live.event_view import EventView
from serving.live.item_pictures import ItemPictures
from serving.live.serving_model import ServingModel
from serving.schemas.names import ItemsQuery
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView, pictures: ItemPictures | None) -> Blueprint:
    """Return the routes; `pictures` is where the items have pictures."""
    routes = Blueprint("items", __name__)

    @routes.get("/items")
    def items() -> Response:
        params = query(ItemsQuery)
        recommender = model.get()
        nums, next_offset = find_items(recommender, params.q, params.request, view.hidden(recommender))
        found = items_object(recommender, nums, next_offset)
        for item in found["items"]:
            item["revision"] = view.catalog.revision(item["item_id"], recommender)
        return jsonify(found)

    @routes.get("/items/<id:item_id>")
    def item(item_id: str) -> Response:
        query(NoQuery)
        recommender = model.get()
        return jsonify(_with_state(record_object(recommender, item_id), recommender, view))

    @routes.get("/pictures/<id:item_id>")
    def picture(item_id: str) -> Response:
        query(NoQuery)
        item = model.get().item(item_id)
        if pictures is None:
            raise NotFoundError("this service has no folder of pictures; set content.picture_folder")
        content, media_type = pictures.read(item)
        response = Response(content, mimetype=media_type)
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    return routes


def _with_state(record: Object, recommender: Recommender, view: EventView) -> Object:
    """Return the record of an item with what holds now: whether it is hidden, and whether it changed since the training."""
    item_id = record["item_id"]
    changed = view.catalog.revision(item_id, recommender) > 0
    return {**record, "hidden": _hidden(item_id, recommender, view), "changed": changed}


def _hidden(item_id: str, recommender: Recommender, view: EventView) -> bool | None:
    """Return whether an item is hidden; None while the event store cannot be read."""
    try:
        events = view.read("", recommender)
    except EventStoreError:
        return None
    return None if events.degraded else item_id in events.hidden
