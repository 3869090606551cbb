"""GET /models, /models/<version> and its lists and report; POST /models/<version>/rollback."""

from __future__ import annotations

import gzip
import logging
import threading

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from recsys.bundle.records import REPORT, details_object, find_folder, models_object
from recsys.bundle.store import Store
from recsys.errors import BundleError, StoreError
from recsys.recommend.json import listed_object
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.errors import ConflictError
from serving.http.responses import list_response
from serving.live.event_view import EventView
from serving.live.lru import LRUCache
from serving.live.serving_model import ServingModel
from serving.schemas.models import VersionListQuery
from serving.schemas.queries import NoQuery, query

LOG = logging.getLogger(__name__)
MOST_OPEN = 2  # models of a worker besides the one that serves
SEE_LOG = "the log of the server has the reason"
POLICY = (  # a report holds the hash of its style
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def blueprint(model: ServingModel, view: EventView, store: Store, *, fixed: bool = False) -> Blueprint:
    """Return the routes; `view` is one of their own, because another model counts other events.

    `fixed`: the model that serves does not follow the store.
    """
    routes = Blueprint("models", __name__)
    opened = _OtherModels(store)

    @routes.get("/models")
    def models() -> Response:
        query(NoQuery)
        return jsonify(models_object(store, model.version))

    @routes.get("/models/<version>")
    def details(version: str) -> Response:
        query(NoQuery)
        try:
            return jsonify(details_object(store, version))
        except BundleError as error:
            raise ConflictError(f"model {version} is damaged: {error}") from error

    @routes.get("/models/<version>/recommend/<id:user_id>")
    def recommend(version: str, user_id: str) -> Response:
        k = query(VersionListQuery).k
        serving = model.get()
        recommender = serving if version == serving.model_version else opened.open(version)
        events = view.read(user_id, recommender)
        answer = recommender.recommend(user_id, ListRequest(k=k), events)
        return list_response(answer, listed_object(answer, {"user_id": user_id}, version), events.degraded)

    @routes.get("/models/<version>/report")
    def report(version: str) -> Response:
        query(NoQuery)
        try:
            text = (find_folder(store, version) / REPORT).read_bytes()
        except OSError as error:
            raise NotFound(f"model {version} has no report") from error
        response = Response(text, mimetype="text/html")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "private, no-store"
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"]:
            response.data = gzip.compress(text, mtime=0)
            response.headers["Content-Encoding"] = "gzip"
        return response

    @routes.post("/models/<version>/rollback")
    def rollback(version: str) -> Response:
        query(NoQuery)
        if fixed:
            raise ConflictError("this service holds one model and follows no store; start it with `recsys serve`")
        return jsonify({"model_version": _roll_back(store, version)})

    return routes


def _roll_back(store: Store, version: str) -> str:
    find_folder(store, version)
    try:
        return store.rollback(version)
    except (BundleError, StoreError) as error:
        LOG.error("rollback to %s: %s", version, error)
        raise ConflictError(f"the store does not switch to {version}, and the old model serves; {SEE_LOG}") from error


class _OtherModels:
    """Models of the store besides the one that serves, opened when they are asked for; the last MOST_OPEN stay open."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._models = LRUCache[str, Recommender](MOST_OPEN)

    def open(self, version: str) -> Recommender:
        """Return a model; raises NotFoundError, and ConflictError for a damaged one."""
        find_folder(self._store, version)
        with self._lock:  # the others wait: opening takes milliseconds, and memory
            found = self._models.get(version)
            if found is None:
                try:
                    found = self._store.recommender(version, read=False)
                except BundleError as error:
                    LOG.error("model %s: %s", version, error)
                    raise ConflictError(f"model {version} is damaged; {SEE_LOG}") from error
                self._models.put(version, found)
        return found
