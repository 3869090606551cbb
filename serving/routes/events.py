"""POST /events: events and impressions of users, on disk before the answer. GET /events: the latest ones. DELETE: undo one."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, g, jsonify

from recsys.errors import NotFoundError
from recsys.events.activity import IMPRESSION
from recsys.recommend.json import event_object
from recsys.recommend.recommender import Recommender
from serving.errors import BodyError
from serving.http.read_body import body
from serving.http.responses import private
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.events import EventIn, EventsBody, LatestQuery
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView, max_batch: int) -> Blueprint:
    routes = Blueprint("events", __name__)

    @routes.post("/events")
    def add() -> tuple[Response, int]:
        query(NoQuery)
        store = view.configured_store()
        events = body(EventsBody).events
        if len(events) > max_batch:
            raise BodyError(f"the body is a list of {len(events)} events; send at most {max_batch} at once")
        recommender = model.get() if model.version else None  # before the first training, which counts the events
        if recommender is not None:
            _check(events, recommender)
        received = [event.received() for event in events]
        added = g.added = store.add(received)  # also for the metrics
        unknown = 0 if recommender is None else sum(event.item_id not in recommender.items for event in events)
        counts = {"accepted": added.accepted, "duplicates": added.duplicates, "unknown_items": unknown}
        return jsonify({**counts, "event_ids": [event.event_id for event in received]}), 202

    @routes.get("/events")
    def latest() -> Response:
        params = query(LatestQuery)
        store = view.configured_store()
        recommender = model.get() if model.version else None
        return private({"events": [event_object(stored, recommender) for stored in store.latest(params.k)]})

    @routes.delete("/events/<id:event_id>")
    def undo(event_id: str) -> Response:
        query(NoQuery)
        if not view.configured_store().undo(event_id):
            raise NotFoundError("no event has this id")
        return Response(status=204)

    return routes


def _check(events: Sequence[EventIn], recommender: Recommender) -> None:
    """Raise BodyError for an event that the next training would reject."""
    for place, event in enumerate(events):
        if event.event == IMPRESSION:  # it has no weight, and no training reads it
            continue
        if problem := recommender.event_problem(event.event, event.value):
            raise BodyError(f"[{place}].{problem}" if len(events) > 1 else problem)
