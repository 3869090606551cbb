"""GET /openapi.json and /docs: what the service answers, for programs and for people."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import orjson
from flask import Blueprint, Response, current_app, render_template
from markupsafe import Markup

from recsys.config import ServeConfig
from serving.openapi.docs_page import Reference, marked
from serving.openapi.document import document
from serving.schemas.queries import NoQuery, query

TEMPLATES = Path(__file__).parent.parent / "templates"


def blueprint(serve: ServeConfig) -> Blueprint:
    routes = Blueprint("docs", __name__)

    @cache
    def openapi() -> bytes:
        return orjson.dumps(document(serve))

    @cache
    def html() -> tuple[str, str]:
        return page(openapi())

    @routes.get("/openapi.json", endpoint="document")
    def openapi_json() -> Response:
        query(NoQuery)
        return Response(openapi(), mimetype="application/json")

    @routes.get("/docs", endpoint="page")
    def docs() -> Response:
        query(NoQuery)
        text, policy = html()
        response = Response(text, mimetype="text/html")
        response.headers["Content-Security-Policy"] = policy
        return response

    return routes


def page(raw: bytes) -> tuple[str, str]:
    """The page for a document, and the content security policy that lets just its own style and script in."""
    openapi = orjson.loads(raw)
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("docs.css", "docs.js"))
    current_app.jinja_env.filters["marked"] = marked
    reference = Reference(openapi)
    text = render_template(
        "docs.html",
        info=openapi["info"],
        paragraphs=paragraphs(openapi["info"]["description"]),
        groups=reference.groups(),
        shapes=reference.shapes(),
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704
    )
    return text, (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def paragraphs(text: str) -> list[str | list[str]]:
    """Paragraphs of plain text, and lists, whose lines begin with a star."""
    found: list[str | list[str]] = []
    for block in text.strip().split("\n\n"):
        if block.startswith("* "):
            found.append([line.removeprefix("* ") for line in block.splitlines()])
        else:
            found.append(block)
    return found


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
