"""The OpenAPI 3.1 document, made from the table of operations and the schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

import recsys
from recsys.config import ServeConfig
from recsys.events.records import LONGEST_ID
from serving.openapi.operation import Operation
from serving.openapi.operations import OPERATIONS
from serving.schemas.answers import Problem
from serving.schemas.events import EventsBody

REF = "#/components/schemas/{model}"
JSON = "application/json"
DESCRIPTION = """\
Recommendations for users and guests, items like an item, and what is popular, from the newest model.

* Parameters and bodies are read strictly: what is unknown, given twice or of a wrong form is refused by name.
* Ids are opaque strings and come back byte for byte. In a path they are percent-encoded; a slash may stand as it is.
* Every answer carries `X-Request-ID`, the caller's own where that is up to 64 letters, digits, `.`, `_` or `-`.
* Where requests are limited, answers carry `RateLimit` and `RateLimit-Policy`.
* Errors are `application/problem+json`.
"""
WHAT_HAPPENED = {
    400: "A parameter is unknown, repeated or has a bad value, or the body is not JSON",
    401: "No API key, or one that is not known",
    403: "The API key lacks the scope",
    404: "Not known",
    409: "It does not go with the present state: the list of another model, no event store, a model without texts or pictures",
    413: "The body is too long",
    414: "The address is too long",
    415: "The body is not of a type that is taken, such as `application/json`",
    422: "The body is JSON of another shape, and the message names the place and the value; or a picture that cannot be read",
    429: "Too many requests; `Retry-After` says in how many seconds to try again",
    503: "No model answers, or the service is overloaded or shuts down; `Retry-After` says in how many seconds to try again",
}
RETRY = (429, 503)
STORED = {"maxLength": LONGEST_ID, "pattern": "^[^\\u0000]*$"}
ID_EXAMPLES = {"user_id": "u17", "item_id": "i4"}
GROUP = {"type": "integer", "minimum": 0}
REQUEST_ID_HEADER = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "A name for this request, which the answer and the log repeat",
    "schema": {"type": "string"},
}


def document(serve: ServeConfig) -> dict[str, Any]:
    """The document of a service with these settings, which say whether it asks for keys and how long a batch may be."""
    keys = bool(serve.keys)
    schemas = Schemas.of(OPERATIONS)
    for shape in schemas.components[EventsBody.__name__]["oneOf"]:
        if shape.get("type") == "array":
            shape["maxItems"] = serve.max_batch
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas, keys)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendation engine",
            "version": recsys.__version__,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "parameters": {"RequestId": REQUEST_ID_HEADER},
            "headers": {
                "RequestId": {
                    "description": "The name of this request",
                    "required": True,
                    "schema": {"type": "string"},
                },
                "Challenge": {
                    "description": "How to send a key",
                    "required": True,
                    "schema": {"type": "string"},
                },
                "RetryAfter": {
                    "description": "Seconds to wait",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0},
                },
            },
            "responses": {str(status): _problem(status, schemas) for status in WHAT_HAPPENED},
            "securitySchemes": {
                "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "Bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(one: Operation, schemas: Schemas, keys: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": one.endpoint.replace(".", "_"),
        "tags": [one.tag],
        "summary": one.summary,
        "parameters": [*_path_parameters(one), *_query_parameters(one), {"$ref": "#/components/parameters/RequestId"}],
        "responses": {str(one.status): _answer(one, schemas)}
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses(one)},
        "security": _security(one, keys),
    }
    if one.description:
        made["description"] = one.description
    if one.body is not None:
        content: dict[str, Any] = {"schema": schemas.references[one.body]}
        if one.example is not None:
            content["example"] = one.example
        files = {media: {"schema": {"type": "string", "format": "binary"}} for media in one.media}
        made["requestBody"] = {"required": True, "content": {JSON: content, **files}}
    return made


def statuses(one: Operation) -> list[int]:
    """The statuses of the problems that an operation may answer with."""
    found = {400, 414, *one.errors}
    if one.scope != "none":
        found |= {401, 403}
    if not one.always:
        found |= {*RETRY}
    if one.body is not None:
        found |= {413, 415, 422}
    return sorted(found)


def _path_parameters(one: Operation) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", one.path):
        if name not in ID_EXAMPLES:
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": "Its number",
                "schema": GROUP,
                "example": 0,
            }
            continue
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": "Any id, percent-encoded",
            "schema": {"type": "string", "minLength": 1} | (STORED if one.stored_id else {}),
            "example": ID_EXAMPLES[name],
        }


def _query_parameters(one: Operation) -> Iterable[dict[str, Any]]:
    repeatable, whole = one.query.repeatable(), one.query.model_json_schema(schema_generator=Untitled)
    for name, schema in whole.get("properties", {}).items():
        plain = _without_null(schema)
        made = {"name": name, "in": "query", "description": plain.pop("description"), "schema": plain}
        if name in whole.get("required", ()):
            made["required"] = True
        if plain.get("type") == "array":
            made |= {"style": "form", "explode": name in repeatable}
        yield made


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is not given has no value at all."""
    kept = {key: value for key, value in schema.items() if key != "default" or value is not None}
    for one in kept.pop("anyOf", []):
        kept |= {} if one == {"type": "null"} else one
    return kept


def _answer(one: Operation, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": HTTPStatus(one.status).phrase,
        "headers": {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}},
    }
    if isinstance(one.answer, str):
        made["content"] = {one.answer: {"schema": {"type": "object" if one.answer == JSON else "string"}}}
    elif one.answer is not None:
        made["content"] = {JSON: {"schema": schemas.references[one.answer]}}
    return made


def _problem(status: int, schemas: Schemas) -> dict[str, Any]:
    headers = {"X-Request-ID": {"$ref": "#/components/headers/RequestId"}}
    if status in RETRY:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": WHAT_HAPPENED[status],
        "request_id": "5f0c7a1e9b2d4c6f8a3e1b7d9c5f2a4e",
    }
    return {
        "description": WHAT_HAPPENED[status],
        "headers": headers,
        "content": {"application/problem+json": {"schema": schemas.references[Problem], "example": example}},
    }


def _security(one: Operation, keys: bool) -> list[dict[str, list[str]]]:
    if one.scope == "none":
        return []
    asked: list[dict[str, list[str]]] = [{"ApiKey": [one.scope]}, {"Bearer": [one.scope]}]
    return asked if keys else [{}, *asked]


class Untitled(GenerateJsonSchema):
    """Fields have names already; what pydantic makes of them as titles says no more."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True)
class Schemas:
    """The schemas of all models by name, and the reference to each model."""

    components: dict[str, Any]
    references: dict[type[BaseModel], dict[str, str]]

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Schemas:
        modes: dict[type[BaseModel], JsonSchemaMode] = {Problem: "serialization"}
        for one in operations:
            if one.body is not None:
                modes[one.body] = "validation"
            if isinstance(one.answer, type):
                modes[one.answer] = "serialization"
        found, definitions = models_json_schema([*modes.items()], ref_template=REF, schema_generator=Untitled)
        return cls(dict(sorted(definitions["$defs"].items())), {model: ref for (model, _), ref in found.items()})  # type: ignore[misc]
