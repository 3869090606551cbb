"""Errors as application/problem+json (RFC 9457), by one table."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, jsonify
from werkzeug.exceptions import HTTPException

from recsys import errors
from recsys.errors import RecsysError
from serving.errors import BodyError, ConflictError, NotReadyError

RETRY_AFTER_SECONDS = 5
LONGEST_DETAIL = 500  # it repeats values of the request

STATUS: dict[type[RecsysError], HTTPStatus] = {
    errors.QueryError: HTTPStatus.BAD_REQUEST,
    BodyError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PictureError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    NotReadyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.EventStoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.EncoderBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConflictError: HTTPStatus.CONFLICT,
    errors.UnansweredError: HTTPStatus.CONFLICT,
}


def problem_object(status: HTTPStatus, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail if len(detail) <= LONGEST_DETAIL else detail[:LONGEST_DETAIL] + "…",
        "request_id": request_id,
    }


def problem(status: HTTPStatus, detail: str) -> Response:
    """Return a problem document; 503 has the seconds to wait."""
    response = jsonify(problem_object(status, detail, g.get("request_id", "")))
    response.status_code = status.value
    response.mimetype = "application/problem+json"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def answer_errors(app: Flask) -> None:
    """Answer every exception with a problem document."""
    app.register_error_handler(RecsysError, _own)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _own(error: RecsysError) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), None)
    if status is HTTPStatus.BAD_REQUEST and "body_was_read" in g:  # the bad value is in the body
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _unexpected(error) if status is None else problem(status, str(error))


def _http(error: HTTPException) -> Response:
    response = problem(HTTPStatus(error.code or 500), error.description or "")
    response.headers.extend((name, value) for name, value in error.get_headers() if name in ("Allow", "Location"))
    return response


def _unexpected(error: Exception) -> Response:
    current_app.logger.error("a request failed", exc_info=error, extra={"request_id": g.get("request_id", "")})
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed; its log has the reason under this request_id")
