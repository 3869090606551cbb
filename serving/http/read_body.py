"""Bodies of requests: JSON, parsed strictly and never read beyond the limit."""

from __future__ import annotations

import json
import sys
from typing import Any, Final, TypeVar

import orjson
from flask import g, request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from serving.errors import BodyError
from serving.http.admission import arriving

JSON: Final = "application/json"
UTF8: Final = frozenset({"utf-8", "utf8"})
SHOWN = 100

AnyBody = TypeVar("AnyBody", bound=BaseModel)


def body(kind: type[AnyBody]) -> AnyBody:
    """Return the checked body of the current request; a body of several shapes is a model with a root.

    Raises
    ------
    UnsupportedMediaType
        When its type is not JSON.
    RequestEntityTooLarge
        When it is longer than ``MAX_CONTENT_LENGTH``; raised before it is read if the request has its length.
    BadRequest
        When it is not JSON in UTF-8; NaN, infinities, repeated keys and lone surrogates are not JSON.
    BodyError
        When it is JSON of another shape; names the place and the value.
    """
    _check_type()
    with arriving():
        raw = read()
    value = loads(raw)
    g.body_was_read = True
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise BodyError(problem_text(value, error)) from error


def problem_text(value: Any, error: ValidationError) -> str:
    """Return the first problem of a value, with the place and the value."""
    return _message(value, error.errors(include_url=False)[0])


def read_lines() -> list[bytes]:
    """Return the lines of the body that are not blank, unparsed; raises as :func:`body`."""
    check_plain()
    with arriving():
        raw = read()
    g.body_was_read = True
    return [line for line in raw.splitlines() if line.strip()]


def read() -> bytes:
    """Return the bytes of the body; without its length in the request, at most one byte beyond the limit is read."""
    limit = sys.maxsize - 1 if request.max_content_length is None else request.max_content_length
    if (request.content_length or 0) > limit:
        raise _too_long(limit)
    request.max_content_length = limit + 1
    try:
        raw = request.get_data(cache=False)
    except ClientDisconnected as error:
        raise BadRequest("the body ended early") from error
    if len(raw) > limit:
        raise _too_long(limit)
    return raw


def _too_long(limit: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"the body is longer than {limit} bytes; send less")


def loads(raw: bytes) -> Any:
    """Parse strict JSON; raise BadRequest, which names the place of the error."""
    try:
        value = orjson.loads(raw)
        if b"{" in raw:
            CHECKS_KEYS.decode(raw.decode())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise BadRequest("the body is not JSON: it is nested too deeply") from error
    return value


def _check_unique(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadRequest(f"the body has the key {shown(key)} twice in one object; give it once")
            seen.add(key)


CHECKS_KEYS: Final = json.JSONDecoder(object_pairs_hook=_check_unique)


def _check_type() -> None:
    if request.mimetype != JSON:
        raise wrong_type(f"send JSON with Content-Type: {JSON}")
    if request.mimetype_params.get("charset", "utf-8").lower() not in UTF8:
        raise UnsupportedMediaType("the body is not in UTF-8; JSON is sent in UTF-8")
    check_plain()


def wrong_type(remedy: str) -> UnsupportedMediaType:
    """Return the error for a body of another type."""
    sent = f"is {shown(request.mimetype)}" if request.mimetype else "has no type"
    return UnsupportedMediaType(f"the body {sent}; {remedy}")


def check_plain() -> None:
    """Raise UnsupportedMediaType when the body of the current request is compressed."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("the body is compressed; send it as it is")


def _message(value: Any, problem: ErrorDetails) -> str:
    where = _place(value, problem["loc"])
    if problem["type"] == "key":
        return f"{where}: {problem['msg']}"
    if problem["type"] == "missing":
        return f"{where} is missing"
    if problem["type"] == "model_type":
        return f"{where} is {shown(problem['input'])}: it must be an object"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where} is {shown(problem['input'])}: {message[:1].lower()}{message[1:]}"


def _place(value: Any, loc: tuple[int | str, ...]) -> str:
    """Return the path of a value such as ``history[3].item_id``, without the names of shapes that pydantic adds."""
    path = "the body"
    for step in loc:
        if isinstance(value, list) and isinstance(step, int):
            path += f"[{step}]"
            value = value[step] if step < len(value) else None
        elif isinstance(value, dict) and isinstance(step, str) and (step in value or step == loc[-1]):
            path = f"{path}.{step[:SHOWN]}" if path != "the body" else step[:SHOWN] or "''"
            value = value.get(step)
    return path


def shown(value: object) -> str:
    """Return a value of a body for a message, cut if it is long."""
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
