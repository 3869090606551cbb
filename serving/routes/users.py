"""GET /users/<user_id>: what is known of a user. DELETE: forgotten at once and in later models."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.errors import NotFoundError
from recsys.explore.json import membership
from recsys.recommend import user_state
from recsys.recommend.user_profile import Consumed, profile
from serving.errors import ConflictError
from serving.http.responses import PRIVATE
from serving.live.event_view import Knowledge
from serving.live.serving_model import ServingModel
from serving.schemas.queries import NoQuery, query

MOST_EVENTS = 1000


def blueprint(model: ServingModel, knowledge: Knowledge) -> Blueprint:
    routes = Blueprint("users", __name__)

    @routes.get("/users/<id:user_id>")
    def user(user_id: str) -> Response:
        query(NoQuery)
        recommender = model.get()
        known = knowledge.look(user_id, recommender)
        found = user_state.of_user(recommender.model, recommender.rules, user_id, known.look.activity)
        events = knowledge.store().history(user_id, MOST_EVENTS) if knowledge.configured and not known.degraded else ()
        if found.user_num is None and not events and not len(found.seen):
            raise NotFoundError("nothing is known of this user")
        shown, num = profile(found), found.user_num
        response = jsonify(
            {
                "user_id": user_id,
                "model_version": recommender.model_version,
                "in_model": num is not None,
                "segment": None if num is None else membership(recommender.model.segments, "segment", num),
                "n_liked": shown.n_liked,
                "n_disliked": shown.n_disliked,
                "history": [_item(one) for one in shown.liked],
                "disliked": [_item(one) for one in shown.disliked],
                "preferences": [one._asdict() for one in shown.preferences],
                "events": [
                    {
                        "item_id": one.event.item_id,
                        "event": one.event.event,
                        "value": one.event.value,
                        "timestamp": one.event.timestamp,
                    }
                    for one in events
                ],
            }
        )
        response.headers["Cache-Control"] = PRIVATE
        return response

    @routes.delete("/users/<id:user_id>")
    def forget(user_id: str) -> Response:
        query(NoQuery)
        if not knowledge.configured:
            raise ConflictError("no event store is configured, so nothing can be remembered; set store.events")
        knowledge.store().forget(user_id)
        return Response(status=204)

    return routes


def _item(one: Consumed) -> dict[str, object]:
    return {"item_id": one.item_id, "title": one.title, "weight": round(one.weight, 6)}
