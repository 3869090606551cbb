"""GET /livez and /readyz: is the process alive, and does a model answer."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from serving.schemas import NoQuery, parse
from serving.serving_model import ServingModel


def blueprint(model: ServingModel) -> Blueprint:
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        parse(NoQuery, request.args)
        return jsonify({"status": "alive"})

    @routes.get("/readyz")
    def readyz() -> Response:
        parse(NoQuery, request.args)
        return jsonify({"status": "ready", "model_version": model.get().model_version})

    return routes
