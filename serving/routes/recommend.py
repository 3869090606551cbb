"""GET and POST /recommend: items for a user or a guest."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from recsys.events.records import EVER
from recsys.recommend.json import listed_object
from recsys.recommend.request import ListRequest
from serving.http.read_body import body
from serving.http.responses import personal
from serving.live.event_view import Knowledge
from serving.live.recommendation_id import counted_up_to, recommendation_id
from serving.live.serving_model import ServingModel
from serving.schemas.bodies import RecommendBody
from serving.schemas.queries import NoQuery, RecommendQuery, query


def blueprint(model: ServingModel, knowledge: Knowledge, popularity_penalty: float = 0.0) -> Blueprint:
    """Parameters as of all resources, and the penalty of questions that name none."""
    routes = Blueprint("recommend", __name__)

    def penalized(given: RecommendQuery | RecommendBody) -> ListRequest:
        if popularity_penalty and given.popularity_penalty is None:
            return replace(given.asked, popularity_penalty=popularity_penalty)
        return given.asked

    def for_user(user_id: str, asked: ListRequest, page_of: str | None) -> Response:
        recommender = model.get()
        version = recommender.model_version
        up_to = counted_up_to(page_of, version) if page_of else EVER
        known = knowledge.look(user_id, recommender, up_to)
        answer = recommender.recommend(user_id, asked, known.look.activity, known.look.hidden)
        subject = {"user_id": user_id, "recommendation_id": page_of or recommendation_id(known.look.seq, version)}
        return personal(answer, listed_object(answer, subject, version), known.degraded)

    @routes.get("/recommend/<id:user_id>")
    def recommend(user_id: str) -> Response:
        asked = query(RecommendQuery)
        return for_user(user_id, penalized(asked), asked.recommendation_id)

    @routes.post("/recommend")
    def recommend_to() -> Response:
        query(NoQuery)
        asked = body(RecommendBody)
        if asked.user_id is not None:
            return for_user(asked.user_id, penalized(asked), asked.recommendation_id)
        recommender = model.get()
        version = recommender.model_version
        if asked.recommendation_id:
            counted_up_to(asked.recommendation_id, version)
        known = knowledge.look("", recommender)
        answer = recommender.recommend_to(asked.events, penalized(asked), known.look.hidden)
        subject = {"recommendation_id": asked.recommendation_id or recommendation_id(0, version)}
        return personal(answer, listed_object(answer, subject, version), known.degraded)

    return routes
