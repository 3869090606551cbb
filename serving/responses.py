"""Answers as responses."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify

from recsys.answers import Answer

PRIVATE = "private, no-store"


def plain(answer: Answer, shown: dict[str, Any], degraded: bool) -> Response:
    """A list for anybody; where the event store could not be read, it says so."""
    g.strategy = answer.strategy  # for the metrics
    g.fallback = answer.fallback
    if degraded:
        shown["degraded"] = ["events"]
    return jsonify(shown)


def personal(answer: Answer, shown: dict[str, Any], degraded: bool) -> Response:
    """A list for one person, which no cache may keep."""
    response = plain(answer, shown, degraded)
    response.headers["Cache-Control"] = PRIVATE
    return response
