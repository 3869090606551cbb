"""GET /clusters, /segments, /map, /directions and /attributes: groups, a map, directions and facets of a model."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from recsys.explore import json as explore_json
from recsys.explore.facets import Names, facets_object, frequent_values
from serving.http.responses import private
from serving.live.event_view import EventView
from serving.live.lru import LRUCache
from serving.live.serving_model import ServingModel
from serving.schemas.explore import FacetsQuery, MapQuery, MembersQuery
from serving.schemas.queries import NoQuery, query


def blueprint(model: ServingModel, view: EventView) -> Blueprint:
    routes = Blueprint("explore", __name__)

    objects = {
        "/clusters": explore_json.clusters_object,
        "/segments": explore_json.segments_object,
        "/directions": explore_json.directions_object,
    }

    def whole() -> Response:
        query(NoQuery)
        recommender = model.get()
        return jsonify(objects[request.path](recommender, view.hidden(recommender)))

    for path in objects:
        routes.add_url_rule(path, path[1:], whole)

    @routes.get("/clusters/<cluster_id>")
    def cluster(cluster_id: str) -> Response:
        page = query(MembersQuery).page
        recommender = model.get()
        return jsonify(explore_json.cluster_object(recommender, cluster_id, page, view.hidden(recommender)))

    @routes.get("/segments/<segment_id>")
    def segment(segment_id: str) -> Response:
        page = query(MembersQuery).page
        recommender = model.get()

        def deleted(user_id: str) -> bool:
            return view.read(user_id, recommender).forgotten

        return private(explore_json.segment_object(recommender, segment_id, page, view.hidden(recommender), deleted))

    @routes.get("/map")
    def item_map() -> Response:
        params = query(MapQuery)
        recommender = model.get()
        hidden = view.hidden(recommender)
        columns = params.attribute, params.fields
        return jsonify(explore_json.map_object(recommender, params.page, params.request, hidden, *columns))

    names = LRUCache[tuple[str, int], Names](1)  # of the values, by model and changes

    @routes.get("/attributes")
    def attributes() -> Response:
        params = query(FacetsQuery)
        recommender = model.get()
        found = names.get((recommender.model_version, recommender.revision))
        if found is None:
            found = frequent_values(recommender)
            names.put((recommender.model_version, recommender.revision), found)
        return jsonify(facets_object(recommender, params.request, found, view.hidden(recommender)))

    return routes
