"""Counts and logs every request, outside everything else, so that no refusal and no failure is missed."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, g, request

from serving.http.requests import request_id
from serving.live.serving_model import ServingModel
from serving.telemetry import logs
from serving.telemetry.metrics import METHODS, Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
ROUTE = "recsys.route"  # in the WSGI environment: the template of the route
KEY = "recsys.key"  # in the WSGI environment: the name of the API key, not the key
CONVERTER = re.compile(r"<\w+:(\w+)>")
FAILED = "500 Internal Server Error"


def observe_requests(app: Flask, metrics: Metrics, model: ServingModel, access_log: bool) -> None:
    """Wrap the whole application; call it after everything else that wraps."""
    app.wsgi_app = Observed(app.wsgi_app, metrics, model, access_log)  # type: ignore[method-assign]

    @app.after_request
    def note(response: Response) -> Response:
        if request.url_rule is not None:
            request.environ[ROUTE] = _template(request.url_rule.rule)
        if "strategy" in g:
            metrics.answer(g.strategy, g.fallback)
        elif "added" in g:
            metrics.events("accepted", g.added.accepted)
            metrics.events("duplicate", g.added.duplicates)
        return response


@cache
def _template(rule: str) -> str:
    return CONVERTER.sub(r"<\1>", rule)


class Observed:
    """An application whose requests are counted and logged by the template of their route, never by their path.

    Each answer of `app` must come whole. `access_log` says whether each request is a line of the log.
    """

    def __init__(self, app: WSGIApplication, metrics: Metrics, model: ServingModel, access_log: bool) -> None:
        self._app, self._metrics, self._model, self._access_log = app, metrics, model, access_log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status = FAILED

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = line
            return start_response(line, headers, exc_info)

        started = time.perf_counter()
        in_flight = self._metrics.in_flight
        in_flight.inc()
        try:
            return self._app(environ, start)
        except Exception as error:
            LOG.error("a request failed", exc_info=error, extra={"request_id": request_id(environ)})
            status = FAILED
            return _failed(environ, start_response)
        finally:
            seconds = time.perf_counter() - started
            in_flight.dec()
            method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else "other"
            route = environ.get(ROUTE, "unmatched")
            self._metrics.request(method, route, status[:3], seconds)
            if self._access_log:
                self._log(environ, method, route, int(status[:3]), seconds)

    def _log(self, environ: WSGIEnvironment, method: str, route: str, status: int, seconds: float) -> None:
        line = {"request_id": request_id(environ), "method": method, "route": route, "status": status}
        line["duration_ms"] = round(1000 * seconds, 3)
        if version := self._model.used():
            line["model_version"] = version
        if key := environ.get(KEY):
            line["key"] = key
        logs.access(line)


def _failed(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer where nothing else can."""
    problem = {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the server failed; its log has the reason under this request_id",
        "request_id": request_id(environ),
    }
    body = orjson.dumps(problem)
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("X-Request-ID", request_id(environ)),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
    start_response(FAILED, headers)
    return [body]
