"""GET /users: ids of users. GET /users/<user_id>: data on a user. DELETE: forget the user at once and in later models.

PUT and PATCH /users/<user_id>: attributes of a user, on disk before the answer.

POST /users/<user_id>/merge: the events of a guest become those of the user.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from flask import Blueprint, Response
from werkzeug.exceptions import MethodNotAllowed

from recsys.errors import NotFoundError
from recsys.events.changes import watermark
from recsys.events.user_values import UserChange
from recsys.explore.json import segment_of
from recsys.recommend.user_profile import Consumed
from recsys.score_order import displayed
from recsys.search.json import users_object
from recsys.search.names import find_users
from serving.errors import ConflictError
from serving.http.read_body import body
from serving.http.responses import private
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.events import MergeBody
from serving.schemas.names import UsersQuery
from serving.schemas.queries import NoQuery, query
from serving.schemas.users import UserBody

MOST_EVENTS = 1000
MERGE = "/merge"


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("users", __name__)

    @routes.get("/users")
    def users() -> Response:
        params = query(UsersQuery)
        recommender = model.get()
        nums = find_users(recommender, params.q, params.k, lambda user_id: view.read(user_id, recommender).forgotten)
        return private(users_object(recommender, nums))

    @routes.get("/users/<id:user_id>")
    def user(user_id: str) -> Response:
        query(NoQuery)
        recommender = model.get()
        recent = view.with_attributes(user_id, view.read(user_id, recommender))
        attributes = recommender.user_attributes(user_id, recent)
        profile = recommender.profile(user_id, recent)
        events = view.store().history(user_id, MOST_EVENTS) if view.configured and not recent.degraded else ()
        through = watermark(view.store(), recommender.events)[0] if events else 0
        if not (profile.in_model or events or attributes or profile.n_liked or profile.n_disliked):
            raise NotFoundError(f"nothing is known of this user{view.near_users(recommender, user_id)}")
        return private(
            {
                "user_id": user_id,
                "model_version": recommender.model_version,
                "in_model": profile.in_model,
                "attributes": attributes,
                "segment": segment_of(recommender, user_id) if profile.in_model else None,
                "n_liked": profile.n_liked,
                "n_disliked": profile.n_disliked,
                "history": [_item(item) for item in profile.liked],
                "disliked": [_item(item) for item in profile.disliked],
                "preferences": [preference._asdict() for preference in profile.preferences],
                "events": [
                    {"event_id": record.event_id, **asdict(record.event), "since_training": record.seq > through}
                    for record in events
                ],
            }
        )

    @routes.put("/users/<id:user_id>")
    def put(user_id: str) -> Response:
        return _changed(view, user_id, "put")

    @routes.patch("/users/<id:user_id>")
    def patch(user_id: str) -> Response:
        return _changed(view, user_id, "patch")

    @routes.post("/users/<id:user_id>/merge")
    def merge(user_id: str) -> Response:
        query(NoQuery)
        guest_id = body(MergeBody).guest
        return private({"user_id": user_id, "events": view.configured_store().merge(user_id, guest_id)})

    @routes.delete("/users/<id:user_id>")
    def forget(user_id: str) -> Response:
        query(NoQuery)
        if not view.configured:
            raise ConflictError("no event store is configured, so nothing can be remembered; set store.events")
        view.store().forget(user_id)
        return Response(status=204)

    return routes


def _changed(view: EventView, user_id: str, kind: Literal["put", "patch"]) -> Response:
    """Store the attributes of the body and return the answer."""
    query(NoQuery)
    if user_id.endswith(MERGE):
        raise MethodNotAllowed(["OPTIONS", "POST"])
    held = view.configured_store().users.apply(UserChange(user_id, kind, body(UserBody).attributes))
    return private({"user_id": user_id, "revision": held.revision})


def _item(item: Consumed) -> dict[str, object]:
    return {**item._asdict(), "weight": displayed(item.weight)}
