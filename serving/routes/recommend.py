"""GET and POST /recommend: items for a user or a guest."""

from __future__ import annotations

from flask import Blueprint, Response

from recsys.events.records import EVER
from recsys.recommend.json import listed_object, with_attributes
from recsys.recommend.recommender import User
from serving.http.read_body import body
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.impression_log import ImpressionLog
from serving.live.recommendation_id import counted_up_to, recommendation_id
from serving.live.serving_model import ServingModel
from serving.schemas.bodies import RecommendBody
from serving.schemas.queries import NoQuery, RecommendQuery, query


def blueprint(model: ServingModel, view: EventView, log: ImpressionLog, popularity_penalty: float = 0.0) -> Blueprint:
    """Return the routes; `popularity_penalty` is the default of requests, and `log` gets the lists of users."""
    routes = Blueprint("recommend", __name__)

    def respond(user: User, params: RecommendQuery | RecommendBody) -> Response:
        request = params.request_for_user(popularity_penalty)
        recommender = model.get()
        version, page_of = recommender.model_version, params.recommendation_id
        user_id, place = user if isinstance(user, str) else None, None
        if request.rotation:
            events, place = view.read_shown(user_id or "", recommender, page_of)
        else:
            events = view.read(user_id or "", recommender, counted_up_to(page_of, version) if page_of else EVER)
        answer = recommender.recommend(user, request, events)
        subject = {} if user_id is None else {"user_id": user_id}
        subject["recommendation_id"] = page_of or recommendation_id(events.seq, version, place)
        shown = listed_object(answer, subject, version)
        shown = with_attributes(shown, recommender) if params.attributes else shown
        response = list_response(answer, shown, events.degraded)
        if user_id is not None:
            log.add(user_id, subject["recommendation_id"], answer.items, request.offset)
        return response

    @routes.get("/recommend/<id:user_id>")
    def recommend(user_id: str) -> Response:
        return respond(user_id, query(RecommendQuery))

    @routes.post("/recommend")
    def recommend_to() -> Response:
        query(NoQuery)
        params = body(RecommendBody)
        return respond(params.user, params)

    return routes
