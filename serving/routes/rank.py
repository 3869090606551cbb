"""POST /rank: given items in the order of somebody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from recsys.recommend.json import answer_object
from serving.http.read_body import body
from serving.http.responses import personal
from serving.live.event_view import Knowledge
from serving.live.serving_model import ServingModel
from serving.schemas.bodies import RankBody
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, knowledge: Knowledge) -> Blueprint:
    routes = Blueprint("rank", __name__)

    @routes.post("/rank")
    def rank() -> Response:
        query(NoQuery)
        asked = body(RankBody)
        recommender = model.get()
        known = knowledge.look(asked.user_id or "", recommender)
        who = asked.events if asked.user_id is None else asked.user_id
        answer = recommender.rank_items(
            who, asked.item_ids, known.look.activity, known.look.hidden, explain=asked.explain
        )
        subject: dict[str, Any] = {} if asked.user_id is None else {"user_id": asked.user_id}
        shown = {**answer_object(answer, subject, recommender.model_version), "unknown": list(answer.unknown)}
        return personal(answer, shown, known.degraded)

    return routes
