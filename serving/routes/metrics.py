"""GET /metrics: what was counted, for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response

from serving.schemas.queries import NoQuery, query
from serving.telemetry.metrics import Metrics

PLAIN = "text/plain; version=0.0.4; charset=utf-8"


def blueprint(metrics: Metrics) -> Blueprint:
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def read() -> Response:
        query(NoQuery)
        return Response(metrics.exposition(), content_type=PLAIN)

    return routes
