"""GET /why: the rank of an item in a user's list, or why the list does not have it."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.recommend.json import placement_object
from recsys.recommend.placement import find_placement
from serving.http.responses import private
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.placement import WhyQuery
from serving.schemas.queries import query


def blueprint(model: ServingModel, view: EventView, popularity_penalty: float = 0.0) -> Blueprint:
    """Return the route; `popularity_penalty` is the default of requests, as for ``/recommend``."""
    routes = Blueprint("why", __name__)

    @routes.get("/why")
    def why() -> Response:
        params = query(WhyQuery)
        user_id, item_id = params.user_id, params.item_id
        recommender = model.get()
        request = params.request_for_user(popularity_penalty)
        if request.rotation:
            events, _ = view.read_shown(user_id, recommender)
        else:
            events = view.read(user_id, recommender)
        trained = () if events.degraded else view.trained_events(user_id, item_id, recommender)
        placement = find_placement(recommender, user_id, item_id, request, events, trained)
        subject = {"user_id": user_id, "item_id": item_id}
        shown = placement_object(placement, subject, recommender.model_version)
        return private({**shown, "degraded": ["events"]} if events.degraded else shown)

    return routes
