"""Bodies of requests: JSON, read strictly and never further than its limit."""

from __future__ import annotations

import json
import sys
from typing import Any, Final, NoReturn, TypeVar

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
    """The checked body of the current request.

    Parameters
    ----------
    kind : pydantic model
        The body of several shapes is a model with a root.

    Raises
    ------
    UnsupportedMediaType
        When it is not said to be JSON.
    RequestEntityTooLarge
        When it is longer than ``MAX_CONTENT_LENGTH``, which is told before it is read where its length is given.
    BadRequest
        When it is not JSON in UTF-8; NaN, infinities, a key that stands twice and a lone surrogate are not JSON.
    BodyError
        When it is JSON of another shape; names the place and the value.
    """
    _check_type()
    with arriving():
        raw = read()
    given = loads(raw)
    g.body_was_read = True
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        _refuse(given, error)


def read() -> bytes:
    """The bytes of the body; one more than the limit is read where the length is not given, to see whether there is more."""
    limit = request.max_content_length
    if limit is None:
        limit = sys.maxsize - 1
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
    """Parse strict JSON.

    Raises
    ------
    BadRequest
        Saying where it stops being JSON.
    """
    try:
        given = orjson.loads(raw)
        if b"{" in raw:
            LOOKS_AT_KEYS.decode(raw.decode())
    except _RepeatedKeyError as error:
        raise BadRequest(f"the body has the key {shown(error.key)} twice in one object; give it once") from error
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise BadRequest("the body is not JSON: it is nested too deeply") from error
    return given


class _RepeatedKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) > 1:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKeyError(key)
            seen.add(key)


LOOKS_AT_KEYS: Final = json.JSONDecoder(object_pairs_hook=_unique)


def _check_type() -> None:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(
            f"the body is {shown(request.mimetype)}; send JSON with Content-Type: application/json"
            if request.mimetype
            else "the body has no type; send JSON with Content-Type: application/json"
        )
    if request.mimetype_params.get("charset", "utf-8").lower() not in UTF8:
        raise UnsupportedMediaType("the body is not in UTF-8; JSON is sent in UTF-8")
    check_plain()


def check_plain() -> None:
    """Raise UnsupportedMediaType when the body of the current request is compressed."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("the body is compressed; send it as it is")


def _refuse(given: Any, error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False)[0]
    raise BodyError(_message(given, first)) from error


def _message(given: Any, problem: ErrorDetails) -> str:
    where = _place(given, problem["loc"])
    if problem["type"] == "key":
        return f"{where}: {problem['msg']}"
    if problem["type"] == "missing":
        return f"{where} is missing"
    if problem["type"] == "model_type":
        return f"{where} is {shown(problem['input'])}: it must be an object"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where} is {shown(problem['input'])}: {message[:1].lower()}{message[1:]}"


def _place(given: Any, loc: tuple[int | str, ...]) -> str:
    """The path of a value such as ``history[3].item_id``, without the names that pydantic gives to the shapes it tried."""
    path = "the body"
    for step in loc:
        if isinstance(given, list) and isinstance(step, int):
            path += f"[{step}]"
            given = given[step] if step < len(given) else None
        elif isinstance(given, dict) and isinstance(step, str) and (step in given or step == loc[-1]):
            path = f"{path}.{step[:SHOWN]}" if path != "the body" else step[:SHOWN] or "''"
            given = given.get(step)
    return path


def shown(value: object) -> str:
    """A value that was sent, for a message, cut where it is long."""
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
