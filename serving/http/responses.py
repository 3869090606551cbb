"""Answers as responses."""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import Response, g, jsonify

from recsys.recommend.answer import Answer


def private(shown: dict[str, Any]) -> Response:
    """Return an answer with data on users, which no cache may keep."""
    response = jsonify(shown)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def list_response(answer: Answer, shown: dict[str, Any], degraded: bool, personal: bool = True) -> Response:
    """Return a list, for one user if it is personal; `degraded`: without the event store."""
    if not isfinite(sum(item.score for item in answer.items)):  # JSON has no such number, and orjson would write null
        raise ArithmeticError("a score is not finite")
    g.strategy, g.fallback = answer.strategy, answer.fallback  # for the metrics
    if degraded:
        shown = {**shown, "degraded": ["events", *shown.get("degraded", ())]}
    return private(shown) if personal else jsonify(shown)
