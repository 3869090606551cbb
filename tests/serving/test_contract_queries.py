"""Query strings: what they mean, and that a slip is never a silent default."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import Condition
from recsys.errors import QueryError
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.schemas.queries import NoQuery, PopularQuery, RecommendQuery, SimilarQuery, parse, query
from serving.settings import Settings

BAD_WHOLE_NUMBERS = [
    "1_0",
    "\uff11\uff10",
    "+5",
    "5.0",
    "-1",
    "1000000000",
    "",
    "abc",
    "1e1",
    " 5",
    "5 ",
    "0x5",
    "٣",
    "05",
    "NaN",
]
BAD_NUMBERS = ["0_1", ".2", "0.", "+0.2", "\uff10.2", "nan", "inf", "-0.1", "1.1", "", "0,2", "1e400", "0x1", "0.2 "]


@pytest.mark.parametrize("name", ["k", "offset"])
@pytest.mark.parametrize("text", BAD_WHOLE_NUMBERS)
def test_a_whole_number_is_in_plain_digits(name: str, text: str) -> None:
    with pytest.raises(QueryError, match=re.escape(f"parameter {name!r} is {text!r}")):
        parse(RecommendQuery, f"{name}={encoded(text)}")


@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_a_number_is_as_in_json(text: str) -> None:
    with pytest.raises(QueryError, match=re.escape(f"parameter 'diversity' is {text!r}")):
        parse(RecommendQuery, f"diversity={encoded(text)}")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("1", 1), ("0.2", 0.2), ("1.0", 1), ("2.5e-1", 0.25)])
def test_a_number_is_taken_exactly(text: str, number: float) -> None:
    assert parse(SimilarQuery, f"diversity={text}").diversity == number


@pytest.mark.parametrize("name", ["explain", "include_seen"])
@pytest.mark.parametrize("text", ["1", "True", "TRUE", "yes", "", "on"])
def test_a_flag_is_true_or_false(name: str, text: str) -> None:
    with pytest.raises(QueryError, match="must be true or false"):
        parse(RecommendQuery, f"{name}={text}")


def test_everything_together() -> None:
    raw = (
        "k=5&offset=10&exclude=a,%C3%BC,&filter=genre:sci-fi&filter=year>=1990&diversity=0.2&explain=true&include_seen=true"
        f"&recommendation_id={'0f' * 16}"
    )
    found = parse(RecommendQuery, raw)
    assert found.recommendation_id == "0f" * 16
    assert found.request == ListRequest(
        k=5,
        offset=10,
        exclude=("a", "ü"),
        filters=(Condition("genre", "in", ("sci-fi",)), Condition("year", ">=", (1990.0,))),
        diversity=0.2,
        explain=True,
        include_seen=True,
    )


@pytest.mark.parametrize("kind", [RecommendQuery, SimilarQuery, PopularQuery])
def test_what_is_not_given_is_the_default(kind: type[RecommendQuery]) -> None:
    assert parse(kind, "").request == ListRequest()


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("kk=3", "unknown parameter 'kk'; did you mean 'k'?"),
        ("include_sen=true", "unknown parameter 'include_sen'; did you mean 'include_seen'?"),
        ("K=3", "unknown parameter 'K'"),
        ("k=3&k=3", "parameter 'k' is given more than once; give it once"),
        ("k=3&%6B=4", "parameter 'k' is given more than once"),
        ("exclude=a&exclude=b", "parameter 'exclude' is given more than once"),
        ("recommendation_id=abc", "parameter 'recommendation_id' is 'abc'"),
        ("filter=genre", "filter 'genre' is not understood"),
        ("filter=year>=%EF%BC%91", "which is not a number in plain digits"),
        ("exclude=%FF", "the query string is not UTF-8"),
        ("exclude=%ED%A0%80", "the query string is not UTF-8"),  # half of a surrogate pair
        ("%FF=1", "the query string is not UTF-8"),
        ("&".join(["filter=a:b"] * 101), "the query string has more than 100 parameters"),
    ],
)
def test_what_is_refused(raw: str, message: str) -> None:
    with pytest.raises(QueryError, match=re.escape(message)):
        parse(RecommendQuery, raw)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(QueryError, match="parameter 'k'") as caught:
        parse(RecommendQuery, "k=" + "9" * 5000)
    assert len(str(caught.value)) < 300


def test_other_bytes_of_the_request_line_are_utf8_as_well() -> None:
    raw = "exclude=ü☃".encode().decode("latin-1")  # as WSGI hands them over
    assert parse(RecommendQuery, raw).exclude == ("ü☃",)


@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused_by_name(raw: str) -> None:
    wire = raw.encode().decode("latin-1")
    for kind in (RecommendQuery, PopularQuery, NoQuery):
        with suppress(QueryError):
            assert isinstance(parse(kind, wire), kind)


@given(st.lists(st.text(min_size=1).filter(lambda one: "," not in one), min_size=1, max_size=5))
def test_ids_pass_through_the_address(ids: list[str]) -> None:
    assert parse(RecommendQuery, "exclude=" + ",".join(map(encoded, ids))).exclude == tuple(ids)


def test_a_query_string_is_read_once() -> None:
    app = Flask("test")
    with app.test_request_context("/?k=7"):
        first = query(RecommendQuery)
        assert first is query(RecommendQuery)
        assert query(SimilarQuery) == parse(SimilarQuery, "k=7")  # not the other kind's
        assert first.request is first.request
    with app.test_request_context("/?k=8"):
        assert query(RecommendQuery).k == 8


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/items/i1"),
        ("GET", "/users/u1"),
        ("DELETE", "/users/u1"),
        ("PUT", "/items/i1/hidden"),
        ("DELETE", "/items/i1/hidden"),
        ("POST", "/events"),
        ("POST", "/recommend"),
        ("POST", "/rank"),
    ],
)
def test_a_resource_without_parameters_takes_none(client: FlaskClient, method: str, path: str) -> None:
    response = client.open(f"{path}?k=1", method=method, json={})
    assert response.status_code == 400
    assert response.json["detail"] == "unknown parameter 'k'; this resource takes none"


def test_filters_that_name_no_attribute_are_400_and_422_in_a_body(client: FlaskClient) -> None:
    response = client.get("/recommend/u1?filter=yeer>=1990")
    assert response.status_code == 400
    assert "'yeer'" in response.json["detail"]
    response = client.post("/recommend", json={"user_id": "u1", "filters": [{"attribute": "yeer", "min": 1990}]})
    assert response.status_code == 422
    assert "'yeer'" in response.json["detail"]


def test_an_address_that_is_too_long_is_414(tmp_path: Path) -> None:
    client = create_app(Settings(tmp_path)).test_client()
    assert client.get("/livez?" + "a" * (8192 - len("/livez?"))).status_code == 400  # read, and refused by name
    response = client.get("/livez?" + "a" * (8193 - len("/livez?")))
    assert response.status_code == 414
    assert response.json["detail"].startswith("the address is longer than 8192 bytes")
    assert client.get("/nowhere/" + "%C3%BC" * 1500).status_code == 414  # as long as it was sent
    assert client.get("/nowhere/" + "%C3%BC" * 1300).status_code == 404


def encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())
