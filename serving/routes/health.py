"""GET /livez and /readyz: whether the process is alive, and whether it answers with lists."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, jsonify

from serving.errors import NotReadyError
from serving.live.event_view import EventView
from serving.live.serving_model import ServingModel
from serving.schemas.queries import NoQuery, query
from serving.settings import DRAINING


def blueprint(model: ServingModel, view: EventView, run: Path | None = None) -> Blueprint:
    """Return the routes; the server is not ready while the file ``draining`` is in the folder `run`."""
    routes = Blueprint("health", __name__)
    draining = None if run is None else run / DRAINING

    @routes.get("/livez")
    def livez() -> Response:
        query(NoQuery)
        return jsonify({"status": "alive"})

    @routes.get("/readyz")
    def readyz() -> Response:
        query(NoQuery)
        if draining is not None and draining.exists():
            raise NotReadyError("the server is ending; send requests to another one")
        serving = model.state()
        view.check()
        since = serving.since.isoformat(timespec="seconds").replace("+00:00", "Z")
        return jsonify({"status": "ready", "model_version": serving.version, "since": since})

    return routes
