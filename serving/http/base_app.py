"""Flask application without routes: strict JSON, and ids as the last part of a path."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask, Response
from flask.json.provider import JSONProvider
from werkzeug.routing import BaseConverter


class StrictJson(JSONProvider):
    """JSON by orjson: UTF-8 without lone surrogates; it refuses numbers of numpy, which may be infinite."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(orjson.dumps(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


class IdConverter(BaseConverter):
    """Any id at the end of a path, slashes and line ends included."""

    regex = "(?s:.+)"
    part_isolating = False


def base_app() -> Flask:
    app = Flask("serving", static_folder=None)
    app.json = StrictJson(app)
    app.url_map.merge_slashes = False  # an id may hold two slashes in a row
    app.url_map.converters["id"] = IdConverter
    return app
