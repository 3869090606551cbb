"""The OpenAPI document as what a reader sees: rows of text for the docs page."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

Schema = dict[str, Any]
LIMITS = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "pattern": "of the form {}",
}
COUNTED_ONE = {"at least 1 characters": "not empty", "at least 1": "not empty"}
ELSEWHERE = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Row:
    """A parameter or a field: `kind` is its type, with links, and `limits` what else holds for its values."""

    name: str
    kind: Markup
    limits: str
    required: bool
    description: Markup
    place: str = ""
    default: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    repeated: bool = False


@dataclass(frozen=True)
class Outcome:
    """A status that an operation answers with."""

    status: int
    description: Markup
    kind: Markup


@dataclass(frozen=True)
class Entry:
    """An operation."""

    anchor: str
    method: str
    path: str
    summary: str
    description: Markup
    scope: str
    rows: tuple[Row, ...]
    body: Markup
    example: str
    curl: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Shape:
    """A schema."""

    name: str
    description: Markup
    rows: tuple[Row, ...]


class Reference:
    """What there is to read in a document.

    Parameters
    ----------
    document : dict
        An OpenAPI document of :mod:`serving.openapi.document`.
    """

    def __init__(self, document: Schema) -> None:
        self._document = document

    def groups(self) -> dict[str, list[Entry]]:
        """The operations by their heading."""
        found: dict[str, list[Entry]] = {tag["name"]: [] for tag in self._document["tags"]}
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                found[operation["tags"][0]].append(self._entry(path, method.upper(), operation))
        return found

    def shapes(self) -> list[Shape]:
        """The schemas of bodies and answers."""
        components: dict[str, Schema] = self._document["components"]["schemas"]
        return [Shape(name, marked(one.get("description", "")), fields(one)) for name, one in components.items()]

    def _entry(self, path: str, method: str, operation: Schema) -> Entry:
        rows = tuple(row for row in map(self._parameter, operation["parameters"]) if row.place != "header")
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        example = json.dumps(content["example"], ensure_ascii=False, indent=2) if "example" in content else ""
        roles = [role for scheme in operation["security"] for names in scheme.values() for role in names]
        return Entry(
            operation["operationId"],
            method,
            path,
            operation["summary"],
            marked(operation.get("description", "")),
            roles[0] if roles else "",
            rows,
            kind_of(content["schema"]) if content else Markup(),
            example,
            _curl(method, path, rows, content.get("example")),
            tuple(self._outcome(int(status), one) for status, one in operation["responses"].items()),
        )

    def _parameter(self, given: Schema) -> Row:
        one = self._resolved(given)
        schema = one["schema"]
        return Row(
            one["name"],
            kind_of(schema),
            limits_of(schema),
            one.get("required", False),
            marked(one["description"]),
            one["in"],
            json.dumps(schema["default"]) if schema.get("default") not in (None, []) else "",
            str(one.get("example", "")),
            ("false", "true") if schema.get("type") == "boolean" else (),
            one.get("explode", False),
        )

    def _outcome(self, status: int, given: Schema) -> Outcome:
        one = self._resolved(given)
        contents: Schema = one.get("content", {})
        media = next(iter(contents), "")
        content: Schema = contents.get(media, {})
        kind = kind_of(content["schema"]) if "$ref" in content.get("schema", {}) else escape(media)
        return Outcome(status, marked(one["description"]), kind)

    def _resolved(self, given: Schema) -> Schema:
        found: Schema = self._document
        if "$ref" not in given:
            return given
        for step in given["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found


def fields(schema: Schema) -> tuple[Row, ...]:
    """The keys of an object."""
    required = schema.get("required", ())
    return tuple(
        Row(
            name,
            kind_of(one),
            limits_of(one),
            name in required,
            marked(one.get("description", "")),
            default=json.dumps(one["default"]) if one.get("default") not in (None, [], "") else "",
        )
        for name, one in schema.get("properties", {}).items()
    )


def kind_of(schema: Schema) -> Markup:
    """The type of a value in a few words, with links to the schemas that it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(json.dumps(one)) for one in values)
    several = schema.get("anyOf") or schema.get("oneOf")
    if several and "type" not in schema:
        return Markup(" or ").join(dict.fromkeys(kind_of(one) for one in several))
    if schema.get("type") == "array":
        return Markup("list of {}").format(kind_of(schema.get("items", {})))
    if schema.get("type") == "object" and "additionalProperties" in schema and "properties" not in schema:
        return Markup("object of {}").format(kind_of(schema["additionalProperties"]))
    return escape(schema.get("type", "anything"))


def limits_of(schema: Schema) -> str:
    """What holds for a value besides its type."""
    said = [text.format(schema[key]) for key, text in LIMITS.items() if key in schema]
    return ", ".join(COUNTED_ONE.get(one, one) for one in said)


def marked(text: str) -> Markup:
    """Plain text, in which ``code`` stands between backticks."""
    return Markup(re.sub(r"`+([^`]+)`+", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _curl(method: str, path: str, rows: tuple[Row, ...], example: object) -> str:
    for row in rows:
        path = path.replace(f"{{{row.name}}}", quote(row.example, safe=""))
    words = ["curl"] if method == "GET" else ["curl", "-X", method]
    words.append(ELSEWHERE + path)
    if example is not None:
        words += ["--json", json.dumps(example, ensure_ascii=False)]
    return shlex.join(words)
