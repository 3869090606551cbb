"""Bad requests, errors and headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.schemas.queries import RecommendQuery
from serving.settings import Settings
from tests.serving.conftest import VERSION, strict_json
from tests.support import factories

BAD_NUMBERS = [
    "1_0",
    "\uff11\uff10",
    "+5",
    "5.0",
    "-1",
    "1000000000",
    "99999999999999",
    "0",
    "",
    "abc",
    "1e1",
    " 5",
    "0x5",
    "1001",
    "٣",
]


@pytest.mark.parametrize("k", BAD_NUMBERS)
@pytest.mark.parametrize("path", ["/recommend/u1", "/similar/i1"])
def test_a_number_that_is_not_plain_is_400(client: FlaskClient, path: str, k: str) -> None:
    response = client.get(path, query_string={"k": k})
    assert response.status_code == 400
    assert "'k'" in response.json["detail"]


@pytest.mark.parametrize("k", ["1", "10", "1000"])
def test_a_plain_number_is_taken(client: FlaskClient, k: str) -> None:
    assert client.get(f"/recommend/u1?k={k}").status_code == 200


def test_a_repeated_parameter_is_400(client: FlaskClient) -> None:
    response = client.get("/recommend/u1?k=3&k=3")
    assert response.status_code == 400
    assert response.json["detail"] == "parameter 'k' is given more than once; give it once"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("kk=3", "unknown parameter 'kk'; did you mean 'k'?"),
        ("exlude=a", "unknown parameter 'exlude'; did you mean 'exclude'?"),
        ("zzz=1", f"unknown parameter 'zzz'; known are {', '.join(sorted(RecommendQuery.model_fields))}"),
    ],
)
def test_an_unknown_parameter_is_400_and_names_the_nearest(client: FlaskClient, query: str, detail: str) -> None:
    response = client.get(f"/recommend/u1?{query}")
    assert response.status_code == 400
    assert response.json["detail"] == detail


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/items/i1"])
def test_a_resource_without_parameters_takes_none(client: FlaskClient, path: str) -> None:
    response = client.get(f"{path}?x=1")
    assert response.status_code == 400
    assert "takes none" in response.json["detail"]


@pytest.mark.parametrize("flag", ["1", "True", "yes", ""])
def test_a_flag_is_true_or_false(client: FlaskClient, flag: str) -> None:
    response = client.get(f"/recommend/u1?include_seen={flag}")
    assert response.status_code == 400
    assert "must be true or false" in response.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nix", 404),
        ("GET", "/recommend", 405),
        ("GET", "/recommend/", 404),
        ("POST", "/similar/i1", 405),
        ("PUT", "/livez", 405),
    ],
)
def test_every_error_is_a_problem_document(client: FlaskClient, method: str, path: str, status: int) -> None:
    response = client.open(path, method=method)
    body = strict_json(response.text)
    assert response.status_code == body["status"] == status
    assert response.mimetype == "application/problem+json"
    assert sorted(body) == ["detail", "request_id", "status", "title", "type"]
    assert body["request_id"] == response.headers["X-Request-ID"]


def test_a_wrong_method_tells_the_right_ones(client: FlaskClient) -> None:
    assert "GET" in client.post("/similar/i1").headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/recommend/%00",
        "/recommend/%FF%FE",
        "/similar/%0D%0AX:1",
        "/items/" + "a" * 5000,
        "/recommend/u1?exclude=%FF",
        "/%2e%2e",
    ],
)
def test_odd_bytes_are_no_server_error(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code in (200, 400, 404)


def test_every_answer_has_a_request_id(client: FlaskClient) -> None:
    first, second = (client.get("/livez").headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "ü", ""])
def test_a_request_id_that_is_not_plain_is_replaced(client: FlaskClient, given: str) -> None:
    answered = client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert len(answered) == 32
    assert answered != given


def test_without_a_model_the_service_is_alive_and_not_ready(empty: FlaskClient) -> None:
    assert empty.get("/livez").json == {"status": "alive"}
    for path in ("/readyz", "/recommend/u1", "/similar/i1", "/items/i1"):
        response = empty.get(path)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
        assert response.json["detail"] == "no model answers yet; the log of the server has the reason"


@pytest.mark.parametrize("damage", ["model.safetensors", "gone"])
def test_a_damaged_model_is_not_ready_and_only_the_log_says_why(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store, version = factories.publish(tmp_path / "store")
    if damage == "gone":
        (store.path / version).rename(store.path / "elsewhere")
    else:
        (store.path / version / damage).write_bytes(b"")
    response = create_app(Settings(tmp_path / "store")).test_client().get("/recommend/u1")
    assert response.status_code == 503
    assert str(tmp_path) not in response.text
    assert str(store.path) in caplog.text


def test_an_unexpected_failure_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    class Broken(Recommender):
        def recommend(self, *_: object, **__: object) -> object:  # type: ignore[override]
            raise RuntimeError("secret")

    app = create_app(Settings(tmp_path), Broken(factories.model(), VERSION))
    response = app.test_client().get("/recommend/u1")
    assert response.status_code == 500
    assert response.mimetype == "application/problem+json"
    assert "secret" not in response.text
