"""POST /rank: given items in the order of somebody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from recsys.recommend.json import answer_object
from serving.bodies import body
from serving.body_schemas import RankBody
from serving.knowledge import Knowledge
from serving.query_schemas import NoQuery, query
from serving.responses import personal
from serving.serving_model import ServingModel


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
