"""Answers as responses."""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import Response, g, jsonify

from recsys.recommend.answer import Answer

PRIVATE = "private, no-store"


def plain(answer: Answer, shown: dict[str, Any], degraded: bool) -> Response:
    """A list for anybody; where the event store could not be read, it says so."""
    if not isfinite(sum(item.score for item in answer.items)):  # which JSON cannot say, and orjson would call null
        raise ArithmeticError("a score is not finite")
    g.strategy = answer.strategy  # for the metrics
    g.fallback = answer.fallback
    if degraded:
        shown = {**shown, "degraded": ["events", *shown.get("degraded", ())]}
    return jsonify(shown)


def personal(answer: Answer, shown: dict[str, Any], degraded: bool) -> Response:
    """A list for one person, which no cache may keep."""
    response = plain(answer, shown, degraded)
    response.headers["Cache-Control"] = PRIVATE
    return response
