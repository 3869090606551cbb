"""The Flask application."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response
from flask.json.provider import JSONProvider
from werkzeug.routing import BaseConverter

from recsys.bundle.store import Store
from recsys.recommend.recommender import Recommender
from serving.access import keys, rate_limits
from serving.encoding import service
from serving.http import admission, cors, headers, problems, requests
from serving.live.event_view import EventView
from serving.live.reload import Reloader
from serving.live.serving_model import ServingModel
from serving.live.verdicts import Verdicts
from serving.routes import (
    anomalies,
    chat,
    docs,
    events,
    explore,
    health,
    hidden,
    items,
    metrics,
    pictures,
    popular,
    query,
    rank,
    recommend,
    search,
    similar,
    tags,
    users,
)
from serving.settings import Settings
from serving.telemetry import observe
from serving.telemetry.metrics import Metrics

VERDICTS = "verdicts"


class StrictJson(JSONProvider):
    """JSON by orjson: UTF-8, without lone surrogates; numbers of numpy are refused, so none that is not finite gets in."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


class IdConverter(BaseConverter):
    """Any id at the end of a path: slashes and line ends belong to it."""

    regex = "(?s:.+)"
    part_isolating = False


def create_app(settings: Settings, recommender: Recommender | None = None) -> Flask:
    """The service.

    Parameters
    ----------
    settings : Settings
    recommender : Recommender or None
        What answers; None: the current model of the store. Without a sound one the service is alive, not ready.
    """
    app = Flask("serving", static_folder=None)
    app.json = StrictJson(app)
    app.url_map.merge_slashes = False  # an id may hold two slashes in a row
    app.url_map.converters["id"] = IdConverter
    model, counted = _register_model(app, settings, recommender)
    requests.register(app, settings.serve.max_body)
    cors.register(app, settings.serve.cors_origins)
    keys.register(app, settings)
    rate_limits.register(app, settings)
    problems.register(app)
    view = EventView(settings.events)
    app.register_blueprint(docs.blueprint(settings.serve))
    app.register_blueprint(health.blueprint(model, settings.run))
    app.register_blueprint(metrics.blueprint(counted))
    app.register_blueprint(items.blueprint(model))
    for resource in (anomalies, explore, popular, rank, similar, users):
        app.register_blueprint(resource.blueprint(model, view))
    app.register_blueprint(recommend.blueprint(model, view, settings.serve.popularity_penalty))
    encoded = service.register(app, settings, model)
    for resource in (search, query, tags):
        app.register_blueprint(resource.blueprint(model, view, encoded))
    app.register_blueprint(chat.blueprint(model, view, encoded, settings.chat))
    app.register_blueprint(pictures.blueprint(model, view, encoded, settings.serve.max_picture))
    app.register_blueprint(events.blueprint(model, view, settings.serve.max_batch))
    app.register_blueprint(hidden.blueprint(view))
    admission.register(app, settings.serve.in_flight, counted.shed)
    headers.register(app, settings.serve.cors_origins)  # outside the rest, so that refusals have them as well
    observe.register(app, counted, model, settings.serve.access_log)  # outermost: nothing is answered uncounted
    return app


def _register_model(app: Flask, settings: Settings, recommender: Recommender | None) -> tuple[ServingModel, Metrics]:
    """The model of an application and its metrics.

    The model is `recommender` for good, or else what the store names as current, opened before this returns.

    ``app.extensions`` gets ``model``, ``metrics`` and, where the store is followed, ``reloader``.
    """
    model, metrics = ServingModel(recommender), Metrics()
    model.on_swap(metrics.model)
    app.extensions.update(model=model, metrics=metrics)
    if recommender is None:
        verdicts = Verdicts(None if settings.run is None else settings.run / VERDICTS)
        reloader = Reloader(Store(settings.store), model, verdicts, metrics.reload)
        reloader.start(settings.serve.reload_seconds)
        app.extensions["reloader"] = reloader
    return model, metrics
