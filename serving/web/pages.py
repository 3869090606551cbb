"""GET / and /ui/...: the page, one HTML document a view; its scripts ask the operations of the service.

The documents hold no data of the model, so they need no key. The scripts send the key that a person enters with each request
and keep it until the tab is closed; there are no cookies, so no other page can write in the person's name.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

from serving.openapi.operations import Scope
from serving.web.assets import assets

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOREVER = "public, max-age=31536000, immutable"
CORE = ("core/api.js", "core/hooks.js", "core/url_state.js", "core/format.js", "parts/layout.js", "vendor/preact.js")


class View(NamedTuple):
    """A view: its title, its entry in the navigation, and whether an id can follow in its address."""

    title: str
    takes_id: bool = False


VIEWS = {
    "users": View("Users", takes_id=True),
    "items": View("Items", takes_id=True),
    "search": View("Search"),
    "map": View("Map"),
    "groups": View("Groups"),
    "anomalies": View("Anomalies"),
    "models": View("Models"),
    "service": View("Service"),
}
HOME = "users"
PAGE_SCOPES: dict[str, Scope] = dict.fromkeys(("page.home", "page.view", "page.one", "page.asset"), "none")


def blueprint(picture_column: str = "") -> Blueprint:
    """Return the routes; `picture_column` is the attribute of items that have a picture, empty if none has."""
    routes = Blueprint("page", __name__, template_folder="templates")

    def respond(name: str, thing: str = "") -> Response:
        if name not in VIEWS or (thing and not VIEWS[name].takes_id):
            raise NotFound(f"no such view; the page has {', '.join(VIEWS)}")
        files = assets()
        text = render_template(
            "page.html",
            digest=files.digest,
            views=VIEWS,
            name=name,
            thing=thing,
            pictures=picture_column,
            scripts=[*CORE, f"views/{name}.js"],
        )
        response = Response(text, mimetype="text/html")
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @routes.get("/")
    @routes.get("/ui", strict_slashes=False)
    def home() -> Response:
        return respond(HOME)

    @routes.get("/ui/<view>", strict_slashes=False)
    def view(view: str) -> Response:
        return respond(view)

    @routes.get("/ui/<view>/<id:thing>")
    def one(view: str, thing: str) -> Response:
        return respond(view, thing)

    @routes.get("/ui/static/<digest>/<path:name>")
    def asset(digest: str, name: str) -> Response:
        files = assets()
        found = files.files.get(name)
        if found is None or digest != files.digest:
            raise NotFound("no such file of the page; reload the page")
        compress = bool(request.accept_encodings["gzip"])
        response = Response(
            found.compressed if compress else found.content, content_type=f"{found.media_type}; charset=utf-8"
        )
        if compress:
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        response.headers["Cache-Control"] = FOREVER
        return response

    return routes
