"""Headers of every answer, methods, and pages of other origins."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from recsys.config import ServeConfig
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import VERSION

SHOP = "https://shop.example"
REQUESTS = [
    ("GET", "/recommend/u1", 200),
    ("GET", "/similar/i1", 200),
    ("GET", "/livez", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("HEAD", "/popular", 200),
    ("OPTIONS", "/rank", 204),
    ("GET", "/nowhere", 404),
    ("GET", "/recommend/u1?x=1", 400),
    ("POST", "/recommend", 415),
    ("PATCH", "/similar/i1", 405),
    ("FOO", "/livez", 405),
]


def service(folder: Path, model: Model, *origins: str) -> Flask:
    serve = ServeConfig(cors_origins=origins, access_log=False)
    return create_app(Settings(folder, serve=serve), Recommender(model, VERSION))


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
def test_every_answer_has_them(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Request-ID"]
    for name in set(headers.keys()):
        assert len(headers.getlist(name)) == 1, name
    assert "Access-Control-Allow-Origin" not in headers
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/recommend/u1", "/users/u1"])
def test_what_is_about_a_person_is_private(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "private, no-store"


def test_an_answer_to_a_body_about_a_person_is_private(client: FlaskClient) -> None:
    assert client.post("/recommend", json={"history": []}).headers["Cache-Control"] == "private, no-store"
    assert (
        client.post("/rank", json={"user_id": "u1", "item_ids": ["i1"]}).headers["Cache-Control"] == "private, no-store"
    )


def test_a_failure_has_the_headers_and_its_id_in_both_places(tmp_path: Path, model: Model) -> None:
    app = service(tmp_path, model)

    def broken() -> str:
        raise RuntimeError("secret")

    app.add_url_rule("/broken", view_func=broken)
    response = app.test_client().get("/broken", headers={"X-Request-ID": "abc-1"})
    assert response.status_code == 500
    assert response.headers["X-Request-ID"] == response.json["request_id"] == "abc-1"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/recommend/u1?k=3", "/livez", "/docs", "/openapi.json", "/metrics", "/nowhere"])
def test_head_is_get_without_a_body(client: FlaskClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.data == b""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    if path != "/metrics":  # which counts these requests
        assert head.headers["Content-Length"] == str(len(got.data))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/recommend/u1", "GET, HEAD, OPTIONS"),
        ("/recommend", "OPTIONS, POST"),
        ("/events", "GET, HEAD, OPTIONS, POST"),
        ("/users/u1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/items/i1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/items/i1/hidden", "DELETE, OPTIONS, PUT"),
        ("/livez", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_says_what_can_be_asked(client: FlaskClient, path: str, methods: str) -> None:
    response = client.options(path)
    assert response.status_code == 204
    assert response.headers["Allow"] == methods
    assert response.data == b""
    assert "Content-Type" not in response.headers


def test_options_of_nothing_is_404(client: FlaskClient) -> None:
    assert client.options("/nowhere").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"])
def test_a_wrong_method_is_405_with_the_right_ones(client: FlaskClient, method: str) -> None:
    response = client.open("/similar/i1", method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.mimetype == "application/problem+json"


# pages of other origins


def test_no_page_of_another_origin_may_read_unless_configured(client: FlaskClient) -> None:
    for response in (
        client.get("/popular", headers={"Origin": SHOP}),
        client.options("/popular", headers={"Origin": SHOP, "Access-Control-Request-Method": "GET"}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
        assert "Vary" not in response.headers


def test_a_page_of_a_configured_origin_may_read(tmp_path: Path, model: Model) -> None:
    client = service(tmp_path, model, SHOP, "http://localhost:3000").test_client()
    for path in ("/popular", "/nowhere", "/recommend/u1?k=0"):  # its errors as well
        headers = client.get(path, headers={"Origin": SHOP}).headers
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert "X-Request-ID" in headers["Access-Control-Expose-Headers"]
        assert headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    ["https://shop.example.evil.example", "https://evil-shop.example", "http://shop.example", "https://shop.example:443",
     "https://SHOP.example", "null", "", "https://shop.example, https://evil.example"],
)  # fmt: skip
def test_a_page_of_an_origin_that_is_only_alike_may_not(tmp_path: Path, model: Model, origin: str) -> None:
    client = service(tmp_path, model, SHOP).test_client()
    for response in (
        client.get("/popular", headers={"Origin": origin}),
        client.options("/popular", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
        assert response.headers["Vary"] == "Origin"  # no cache may give the answer of one origin to another


def test_a_star_is_an_origin_like_any_other(tmp_path: Path, model: Model) -> None:
    client = service(tmp_path, model, "*").test_client()
    assert "Access-Control-Allow-Origin" not in client.get("/popular", headers={"Origin": SHOP}).headers


def test_a_preflight_is_answered(tmp_path: Path, model: Model) -> None:
    client = service(tmp_path, model, SHOP).test_client()
    asked = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }
    response = client.options("/events", headers=asked)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert "POST" in response.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"content-type", "x-api-key", "authorization"} <= set(allowed)
    assert response.headers["Access-Control-Max-Age"] == "600"
    assert response.headers["Vary"] == "Origin"


def test_options_without_a_preflight_allows_no_methods_to_pages(tmp_path: Path, model: Model) -> None:
    client = service(tmp_path, model, SHOP).test_client()
    assert "Access-Control-Allow-Methods" not in client.options("/events", headers={"Origin": SHOP}).headers


def test_a_request_that_is_shed_has_the_headers(tmp_path: Path, model: Model) -> None:
    app = service(tmp_path, model, SHOP)
    inner = {"calls": 0}

    def refusing(environ: object, start_response: object) -> list[bytes]:
        inner["calls"] += 1
        start_response("503 Service Unavailable", [("Content-Type", "application/problem+json")])  # type: ignore[operator]
        return [b"{}"]

    from serving.http import headers

    app.wsgi_app = headers.with_headers(refusing, frozenset([SHOP]))  # type: ignore[method-assign, arg-type, assignment]
    response = app.test_client().get("/popular", headers={"Origin": SHOP, "X-Request-ID": "shed-1"})
    assert inner["calls"] == 1
    assert response.headers["X-Request-ID"] == "shed-1"
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert response.headers["Cache-Control"] == "no-store"
