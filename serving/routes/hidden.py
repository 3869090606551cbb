"""PUT and DELETE /items/<item_id>/hidden: items that no list of any worker contains from the next request on."""

from __future__ import annotations

from flask import Blueprint, Response

from serving.live.event_view import EventView
from serving.schemas.queries import NoQuery, query


def blueprint(view: EventView) -> Blueprint:
    routes = Blueprint("hidden", __name__)

    @routes.put("/items/<id:item_id>/hidden")
    def hide(item_id: str) -> Response:
        query(NoQuery)
        view.configured_store().hide(item_id)
        return Response(status=204)

    @routes.delete("/items/<id:item_id>/hidden")
    def show(item_id: str) -> Response:
        query(NoQuery)
        view.configured_store().unhide(item_id)
        return Response(status=204)

    return routes
