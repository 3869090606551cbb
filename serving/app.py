"""The Flask application."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from flask.json.provider import JSONProvider
from werkzeug.routing import BaseConverter

from recsys.recommender import Recommender
from recsys.store import Store
from serving import problems, requests
from serving.routes import health, items, recommend, similar
from serving.serving_model import ServingModel
from serving.settings import Settings


class StrictJson(JSONProvider):
    """JSON without NaN and infinities, in UTF-8."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return json.dumps(obj, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return json.loads(s, parse_constant=_refuse)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


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
    model = ServingModel(Store(settings.store), recommender)
    model.open()  # so that the first request does not wait for it
    requests.register(app)
    problems.register(app)
    for resource in (health, items, recommend, similar):
        app.register_blueprint(resource.blueprint(model))
    return app
