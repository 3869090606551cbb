"""GET /metrics: the metrics in the format of Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response

from serving.schemas.queries import NoQuery, query
from serving.telemetry.metrics import Metrics


def blueprint(metrics: Metrics) -> Blueprint:
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def read() -> Response:
        query(NoQuery)
        return Response(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
