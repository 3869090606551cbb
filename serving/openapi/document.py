"""The OpenAPI 3.1 document, made from the table of operations and the schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

import recsys
from recsys.config import ServeConfig
from recsys.events.records import LONGEST_ID
from serving.http.problems import problem_object
from serving.openapi.operations import OPERATIONS, Operation
from serving.schemas.answers import Problem
from serving.schemas.base import without_null
from serving.schemas.events import EventsBody
from serving.schemas.pictures import MEDIA, PictureBody

JSON = "application/json"
DESCRIPTION = """\
Recommendations for users and guests, similar items, and popular items, from the newest model.

* Parameters and bodies are checked strictly: an unknown, repeated or malformed one is refused by name.
* Ids are opaque strings and come back byte for byte. In a path they are percent-encoded; a slash may stay as it is.
* Every answer has the header `X-Request-ID`: that of the request if it has up to 64 letters, digits, `.`, `_` or `-`.
* If requests are limited, answers have the headers `RateLimit` and `RateLimit-Policy`.
* Errors are `application/problem+json`.
"""
PROBLEMS = {
    400: "A parameter is unknown, repeated or has a bad value, or the body is not JSON",
    401: "The API key is missing or unknown",
    403: "The API key lacks the scope",
    404: "Not found",
    409: "Conflicts with the current state: the list of another model, no event store, a model without texts or baskets",
    413: "The body is too long",
    414: "The address is too long",
    415: "The type of the body is not accepted; send `application/json` for example",
    422: "The body is JSON of another shape, and the message names the place and the value; or a picture that cannot be read",
    429: "Too many requests; `Retry-After` is the number of seconds to wait",
    503: "No model is loaded, or the service is overloaded or shuts down; `Retry-After` is the number of seconds to wait",
}
RETRY = {429, 503}
STRING, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
STORED = {"maxLength": LONGEST_ID, "pattern": "^[^\\u0000]*$"}
ID_EXAMPLES = {"user_id": "u17", "item_id": "i4"}
REQUEST_ID = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}

References = dict[type[BaseModel], dict[str, str]]


def document(serve: ServeConfig) -> dict[str, Any]:
    """Return the document of a service: `serve` says whether keys are needed, and how many events a body may have."""
    schemas, references = _schemas()
    for shape in schemas[EventsBody.__name__]["oneOf"]:
        if shape.get("type") == "array":
            shape["maxItems"] = serve.max_batch
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        described = _operation(operation, references, keys=bool(serve.keys))
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendation engine",
            "version": recsys.__version__,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(operation.tag for operation in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {
                "RequestId": {
                    "name": "X-Request-ID",
                    "in": "header",
                    "description": "An id for this request, which the answer and the log repeat",
                    "schema": STRING,
                }
            },
            "headers": {
                "RequestId": _header("The id of this request", STRING),
                "Challenge": _header("How to send a key", STRING),
                "RetryAfter": _header("Seconds to wait", WHOLE),
            },
            "responses": {str(status): _problem(status, references) for status in PROBLEMS},
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(operation: Operation, references: References, keys: bool) -> dict[str, Any]:
    request_id = {"$ref": "#/components/parameters/RequestId"}
    problems = {str(status): {"$ref": f"#/components/responses/{status}"} for status in _statuses(operation)}
    described: dict[str, Any] = {
        "operationId": operation.endpoint.replace(".", "_"),
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), request_id],
        "responses": {str(status): _answer(operation, status, references) for status in _successes(operation)}
        | problems,
        "security": _security(operation, keys),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        content: dict[str, Any] = {JSON: {"schema": references[operation.body], "example": operation.example}}
        if operation.body is PictureBody:
            content |= {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _statuses(operation: Operation) -> list[int]:
    """Return the statuses of the problems that an operation may answer with."""
    statuses = {400, 414, *operation.errors}
    if operation.scope != "none":
        statuses |= {401, 403}
    if not operation.always:
        statuses |= RETRY
    if operation.body is not None:
        statuses |= {413, 415, 422}
    return sorted(statuses)


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", operation.path):
        parameter = {"name": name, "in": "path", "required": True}
        if name in ID_EXAMPLES:
            schema = {"type": "string", "minLength": 1} | (STORED if operation.stored_id else {})
            about = "Any id, percent-encoded"
            yield {**parameter, "description": about, "schema": schema, "example": ID_EXAMPLES[name]}
        else:
            yield {**parameter, "description": "Number of the group", "schema": WHOLE, "example": 0}


def _query_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    shape = operation.query.model_json_schema(schema_generator=Untitled)
    for name, field in shape.get("properties", {}).items():
        schema = without_null(field)
        parameter = {"name": name, "in": "query", "description": schema.pop("description"), "schema": schema}
        if name in shape.get("required", ()):
            parameter["required"] = True
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": name in operation.query.repeatable}
        yield parameter


def _header(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": schema}


def _successes(operation: Operation) -> list[int]:
    return [operation.status, HTTPStatus.CREATED.value] if operation.created else [operation.status]


def _answer(operation: Operation, status: int, references: References) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": dict(REQUEST_ID)}
    if isinstance(operation.answer, str):
        shape = "object" if operation.answer == JSON else "string"
        answer["content"] = {operation.answer: {"schema": {"type": shape}}}
    elif operation.answer is not None:
        answer["content"] = {JSON: {"schema": references[operation.answer]}}
    return answer


def _problem(status: int, references: References) -> dict[str, Any]:
    headers = dict(REQUEST_ID)
    if status in RETRY:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
    example = problem_object(HTTPStatus(status), PROBLEMS[status], "5f0c7a1e9b2d4c6f8a3e1b7d9c5f2a4e")
    return {
        "description": PROBLEMS[status],
        "headers": headers,
        "content": {"application/problem+json": {"schema": references[Problem], "example": example}},
    }


def _security(operation: Operation, keys: bool) -> list[dict[str, list[str]]]:
    if operation.scope == "none":
        return []
    schemes: list[dict[str, list[str]]] = [{"ApiKey": [operation.scope]}, {"Bearer": [operation.scope]}]
    return schemes if keys else [{}, *schemes]


class Untitled(GenerateJsonSchema):
    """Schemas whose fields have no titles, which would only repeat their names."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


def _schemas() -> tuple[dict[str, Any], References]:
    """Return the schemas of all models by name, and the reference to each model."""
    modes: dict[type[BaseModel], JsonSchemaMode] = {Problem: "serialization"}
    for operation in OPERATIONS:
        if operation.body is not None:
            modes[operation.body] = "validation"
        if isinstance(operation.answer, type):
            modes[operation.answer] = "serialization"
    references, definitions = models_json_schema(
        [*modes.items()], ref_template="#/components/schemas/{model}", schema_generator=Untitled
    )
    return dict(sorted(definitions["$defs"].items())), {model: ref for (model, _), ref in references.items()}  # type: ignore[misc]
