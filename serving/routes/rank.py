"""POST /rank: given items ranked for a user or a guest."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from recsys.recommend.json import answer_object
from serving.http.read_body import body
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.bodies import RankBody
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("rank", __name__)

    @routes.post("/rank")
    def rank() -> Response:
        query(NoQuery)
        request = body(RankBody)
        recommender = model.get()
        events = view.read(request.user_id or "", recommender)
        answer = recommender.rank_items(request.user, request.item_ids, events, explain=request.explain)
        subject: dict[str, Any] = {} if request.user_id is None else {"user_id": request.user_id}
        shown = {**answer_object(answer, subject, recommender.model_version), "unknown": list(answer.unknown)}
        return list_response(answer, shown, events.degraded)

    return routes
