"""Headers of every answer, refusals included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask

from serving.http.cors import cors_headers
from serving.http.requests import REQUEST_ID, request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CACHE = ("Cache-Control", "no-store")
POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


def add_headers(app: Flask, origins: Sequence[str] = ()) -> None:
    """Add the headers to every answer of `app`, also to those given before Flask; call it after all other wrappers.

    Below Flask it costs a microsecond. Pages of `origins` may read the answers.
    """
    app.wsgi_app = with_headers(app.wsgi_app, frozenset(origins))  # type: ignore[assignment,method-assign]


def with_headers(inner: WSGIApplication, origins: frozenset[str] = frozenset()) -> WSGIApplication:
    """Return an application that adds the headers to the answers of `inner`."""

    def wsgi_app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        identifier = request_id(environ)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            names = [name for name, _ in headers]
            headers += ALWAYS
            headers.append((REQUEST_ID, identifier))
            if origins:
                headers += cors_headers(environ.get("HTTP_ORIGIN"), origins)
            if "Cache-Control" not in names:
                headers.append(CACHE)
            if "Content-Security-Policy" not in names:
                headers.append(POLICY)
            return start_response(status, headers, exc_info)

        return inner(environ, start)

    return wsgi_app
