"""GET /clusters, /segments, /map and /directions: what the vectors of a model say of all its items and users."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from recsys.explore.json import (
    cluster_object,
    clusters_object,
    directions_object,
    map_object,
    segment_object,
    segments_object,
)
from serving.http.responses import PRIVATE
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.explore import MapQuery, MembersQuery
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("explore", __name__)

    @routes.get("/clusters")
    def clusters() -> Response:
        query(NoQuery)
        recommender = model.get()
        return jsonify(clusters_object(recommender, view.hidden(recommender)))

    @routes.get("/clusters/<cluster_id>")
    def cluster(cluster_id: str) -> Response:
        page = query(MembersQuery).page
        recommender = model.get()
        return jsonify(cluster_object(recommender, cluster_id, page, view.hidden(recommender)))

    @routes.get("/segments")
    def segments() -> Response:
        query(NoQuery)
        recommender = model.get()
        return jsonify(segments_object(recommender, view.hidden(recommender)))

    @routes.get("/segments/<segment_id>")
    def segment(segment_id: str) -> Response:
        page = query(MembersQuery).page
        recommender = model.get()

        def gone(user_id: str) -> bool:
            return view.read(user_id, recommender).forgotten

        hidden = view.hidden(recommender)
        response = jsonify(segment_object(recommender, segment_id, page, hidden, gone))
        response.headers["Cache-Control"] = PRIVATE
        return response

    @routes.get("/map")
    def item_map() -> Response:
        params = query(MapQuery)
        recommender = model.get()
        return jsonify(map_object(recommender, params.page, params.request, view.hidden(recommender)))

    @routes.get("/directions")
    def directions() -> Response:
        query(NoQuery)
        recommender = model.get()
        return jsonify(directions_object(recommender, view.hidden(recommender)))

    return routes
