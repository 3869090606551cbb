"""What one process counts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.live.reload import OUTCOMES
from serving.settings import Settings
from serving.telemetry.metrics import EVENT_OUTCOMES
from serving.telemetry.observe import CONVERTER
from tests.serving.conftest import VERSION
from tests.support.faults.live import parse, total

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def samples(client: FlaskClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parse(response.text)


def requests(client: FlaskClient) -> dict[tuple[str, str, str], float]:
    """Requests by method, route and status."""
    return {
        (has["method"], has["route"], has["status"]): value
        for (name, labels), value in samples(client).items()
        if name == "recsys_requests_total" and (has := dict(labels))
    }


def test_every_request_is_counted_by_method_route_and_status(client: FlaskClient) -> None:
    for method, path in (
        ("GET", "/recommend/u1"),
        ("GET", "/recommend/u2?k=3"),
        ("GET", "/recommend/u1?k=x"),
        ("GET", "/similar/nix"),
        ("GET", "/nix"),
        ("HEAD", "/livez"),
        ("POST", "/similar/i1"),
        ("BREW", "/livez"),
        ("brew", "/recommend/u1"),
    ):
        client.open(path, method=method)
    assert requests(client) == {
        ("GET", "/recommend/<user_id>", "200"): 2,
        ("GET", "/recommend/<user_id>", "400"): 1,
        ("GET", "/similar/<item_id>", "404"): 1,
        ("GET", "unmatched", "404"): 1,
        ("HEAD", "/livez", "200"): 1,
        ("POST", "unmatched", "405"): 1,
        ("other", "unmatched", "405"): 2,
    }
    assert requests(client)["GET", "/metrics", "200"] == 1


def test_durations_are_counted_by_route(client: FlaskClient) -> None:
    for number in range(7):
        client.get(f"/recommend/u{number}")
    client.get("/nix")
    found = samples(client)
    for route, count in (("/recommend/<user_id>", 7), ("unmatched", 1)):
        assert total(found, "recsys_request_duration_seconds_count", route=route) == count
        assert total(found, "recsys_request_duration_seconds_bucket", route=route, le="+Inf") == count
        assert total(found, "recsys_request_duration_seconds_sum", route=route) > 0


def test_a_failure_is_counted(model: Model, tmp_path: Path) -> None:
    class Broken(Recommender):
        def recommend(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise RuntimeError("secret")

    client = create_app(Settings(tmp_path, ""), Broken(model, VERSION)).test_client()
    client.get("/recommend/u1")
    assert requests(client) == {("GET", "/recommend/<user_id>", "500"): 1}


def test_a_failure_outside_flask_is_counted_and_answered(model: Model, tmp_path: Path) -> None:
    app = create_app(Settings(tmp_path, ""), Recommender(model, VERSION))

    def fails(*_: object) -> object:
        raise RuntimeError("secret")

    app.wsgi_app._app, inner = fails, app.wsgi_app._app  # type: ignore[attr-defined]
    response = app.test_client().get("/recommend/u1", headers={"X-Request-ID": "mine"})
    assert (response.status_code, response.mimetype) == (500, "application/problem+json")
    assert response.json["request_id"] == response.headers["X-Request-ID"] == "mine"
    assert "secret" not in response.text
    app.wsgi_app._app = inner  # type: ignore[attr-defined]
    assert requests(app.test_client()) == {("GET", "unmatched", "500"): 1}


def test_labels_are_bounded_whatever_is_asked(client: FlaskClient) -> None:
    """1,000 random paths and methods: no series but those of routes, known methods and statuses."""
    chance = random.Random(0)
    signs = "abcxyz019/%._~-üß☃ "
    for _ in range(1000):
        path = "/x" + "".join(chance.choices(signs, k=chance.randrange(1, 30)))  # after // the client expects a host
        path = chance.choice(["", "/recommend", "/similar", "/items"]) + path
        method = chance.choice([*METHODS, "".join(chance.choices("ABC", k=5))])
        client.open(path, method=method, query_string={"k": chance.choice(["1", "x"])})
    found = requests(client)
    assert sum(found.values()) == 1000
    routes = {CONVERTER.sub(r"<\1>", rule.rule) for rule in client.application.url_map.iter_rules()}
    assert {route for _, route, _ in found} <= {*routes, "unmatched"}
    assert {method for method, _, _ in found} <= {*METHODS, "other"}
    assert {status for _, _, status in found} <= {"200", "204", "400", "404", "405", "409", "415", "422"}
    text = client.get("/metrics").text
    assert len(text.splitlines()) < 600
    again = client.application.wsgi_app._metrics._cached  # type: ignore[attr-defined]
    assert len(again) <= len(found) + 2


def test_requests_in_flight_go_back_to_those_that_are(client: FlaskClient) -> None:
    for path in ("/livez", "/nix", "/recommend/u1?k=x"):
        client.get(path)
    assert total(samples(client), "recsys_requests_in_flight") == 1


def test_answers_are_counted_by_strategy_and_fallback(client: FlaskClient) -> None:
    for path in ("/recommend/u1", "/recommend/u2", "/recommend/nobody", "/similar/i1", "/popular", "/items/i1"):
        assert client.get(path).status_code == 200
    found = samples(client)
    counted = {dict(labels)["strategy"]: n for (name, labels), n in found.items() if name == "recsys_answers_total"}
    assert {one: n for one, n in counted.items() if n} == {"personalized": 2, "popular": 2, "similar": 1}
    assert total(found, "recsys_fallbacks_total") == total(found, "recsys_fallbacks_total", strategy="popular") == 1


def test_the_model_is_shown(client: FlaskClient) -> None:
    found = samples(client)
    assert found["recsys_model_info", frozenset({("model_version", VERSION)})] == 1
    assert total(found, "recsys_model_loaded_timestamp_seconds", model_version=VERSION) > 1.7e9


def test_counters_are_there_before_they_count(client: FlaskClient) -> None:
    found = samples(client)
    assert found["recsys_sheds_total", frozenset()] == 0
    for name, label, known in (("reloads", "outcome", OUTCOMES), ("events", "outcome", EVENT_OUTCOMES)):
        for one in known:
            assert found[f"recsys_{name}_total", frozenset({(label, one)})] == 0


def test_events_are_counted_once_and_again_as_duplicates(model: Model, tmp_path: Path) -> None:
    settings = Settings(tmp_path, str(tmp_path / "events.sqlite"))
    client = create_app(settings, Recommender(model, VERSION)).test_client()
    event = {"event_id": "e1", "user_id": "u1", "item_id": "i1"}
    for body in (event, [event, {**event, "event_id": "e2"}], {"user_id": "u1"}):
        client.post("/events", json=body)
    found = samples(client)
    assert total(found, "recsys_events_total", outcome="accepted") == 2
    assert total(found, "recsys_events_total", outcome="duplicate") == 1


def test_a_shed_is_counted(client: FlaskClient) -> None:
    metrics = client.application.extensions["metrics"]
    metrics.sheds.inc()
    assert total(samples(client), "recsys_sheds_total") == 1


def test_two_applications_of_one_process_count_apart(model: Model, tmp_path: Path) -> None:
    one, other = (create_app(Settings(tmp_path, ""), Recommender(model, VERSION)).test_client() for _ in range(2))
    one.get("/livez")
    assert sum(requests(one).values()) == 1
    assert requests(other) == {}


@pytest.mark.parametrize("query", ["?x=1", "?name[]=recsys_requests_total"])
def test_it_takes_no_parameters(client: FlaskClient, query: str) -> None:
    assert client.get(f"/metrics{query}").status_code == 400
