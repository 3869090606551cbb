"""GET /openapi.json and /docs: the OpenAPI document, and a page that shows it.

The page is Swagger UI from an installed package, inlined, so its policy allows only these texts, by their hashes. It is sent
compressed or not at all, because anyone may request it, and the server buffers it for a slow client.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from recsys.config import ServeConfig
from serving.openapi.document import document
from serving.schemas.queries import NoQuery, query

START = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#reference", deepLinking: true, validatorUrl: null})'
BARE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:"


def blueprint(serve: ServeConfig) -> Blueprint:
    routes = Blueprint("docs", __name__)

    @cache
    def openapi() -> bytes:
        return orjson.dumps(document(serve))

    page = cache(_page)

    @routes.get("/openapi.json", endpoint="document")
    def openapi_json() -> Response:
        query(NoQuery)
        return Response(openapi(), mimetype="application/json")

    @routes.get("/docs", endpoint="page")
    def docs() -> Response:
        query(NoQuery)
        if request.accept_encodings["gzip"]:
            text, policy = page(openapi())
            response = Response(text, mimetype="text/html")
            response.headers["Content-Encoding"] = "gzip"
        else:
            info = orjson.loads(openapi())["info"]
            response, policy = Response(render_template("docs.html", info=info), mimetype="text/html"), BARE_POLICY
        response.headers["Content-Security-Policy"] = policy
        response.vary.add("Accept-Encoding")
        return response

    return routes


def _page(openapi: bytes) -> tuple[bytes, str]:
    """Return the page with its viewer, by gzip, and the content security policy that allows only its style and scripts."""
    style, scripts = _asset("css/swagger-ui.css"), (_asset("js/swagger-ui-bundle.js"), START)
    text = render_template(
        "docs.html",
        info=orjson.loads(openapi)["info"],
        style=Markup(style),  # noqa: S704 - a file of an installed package
        scripts=[Markup(script) for script in scripts],  # noqa: S704
    )
    return gzip.compress(text.encode(), mtime=0), (
        f"default-src 'none'; style-src {_hash(style)}; script-src {' '.join(map(_hash, scripts))}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _asset(name: str) -> str:
    """Return a file of the viewer, without an import of its package."""
    spec = find_spec("flask_openapi3_swagger")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "templates" / "swagger" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
