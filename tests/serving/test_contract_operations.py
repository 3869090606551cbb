"""The table of operations, the OpenAPI document that is made from it, and the page that shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from recsys.cli.main import cli
from recsys.config import ServeConfig
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.openapi.document import document
from serving.openapi.operations import BY_ENDPOINT, OPERATIONS, SCOPES, TEXTS
from serving.schemas.lists import RECOMMENDATION_ID
from serving.settings import Settings
from serving.web import PAGE_SCOPES
from tests.serving.conftest import VERSION
from tests.support import factories

DOCUMENT = document(ServeConfig())


@pytest.fixture
def full(model: Model, tmp_path: Path) -> FlaskClient:
    """A service with an event store."""
    settings = Settings(tmp_path, str(tmp_path / "events.sqlite"), ServeConfig(access_log=False))
    return create_app(settings, Recommender(model, VERSION)).test_client()


def template(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def test_the_table_is_the_routes(client: FlaskClient) -> None:
    routes = {
        (rule.endpoint, method, template(rule.rule))
        for rule in client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PAGE_SCOPES
    }
    assert routes == {(one.endpoint, one.method, one.path) for one in OPERATIONS}


def test_control_a_route_that_is_not_in_the_table_is_noticed(tmp_path: Path) -> None:
    app = create_app(Settings(tmp_path))
    app.add_url_rule("/more/<id:item_id>", "more", lambda item_id: item_id)
    with pytest.raises(AssertionError, match="more"):
        test_the_table_is_the_routes(app.test_client())


def test_each_operation_stands_once() -> None:
    assert len(BY_ENDPOINT) == len(SCOPES) == len(OPERATIONS)
    assert TEXTS.keys() == BY_ENDPOINT.keys()
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def test_who_may_do_what() -> None:
    by_scope: dict[str, set[str]] = {}
    for one in OPERATIONS:
        by_scope.setdefault(one.scope, set()).add(f"{one.method} {one.path}")
    assert by_scope["none"] == {"GET /livez", "GET /readyz", "GET /openapi.json", "GET /docs"}
    users = {"PUT /users/{user_id}", "PATCH /users/{user_id}", "POST /users/{user_id}/merge"}
    assert by_scope["write"] == {"POST /events", "DELETE /events/{event_id}", *users}
    assert by_scope["admin"] == {
        "GET /anomalies",
        "GET /events",
        "GET /models/{version}/report",
        "POST /models/{version}/rollback",
        "GET /users",
        "DELETE /users/{user_id}",
        "GET /segments/{segment_id}",
        "PUT /items/{item_id}/hidden",
        "DELETE /items/{item_id}/hidden",
        "POST /items",
        "PUT /items/{item_id}",
        "PATCH /items/{item_id}",
        "DELETE /items/{item_id}",
    }
    assert not [one for one in by_scope["read"] if one.split()[0] in ("PUT", "DELETE")]


def test_what_is_answered_when_busy() -> None:
    assert {one.path for one in OPERATIONS if one.always} == {"/livez", "/readyz", "/metrics"}


# the document


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from nodes(one)
    elif isinstance(value, list):
        for one in value:
            yield from nodes(one)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = {node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node}
    for reference in references:
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    named = {f"#/components/{kind}/{name}" for kind in ("schemas", "parameters", "headers", "responses")
             for name in DOCUMENT["components"][kind]}  # fmt: skip
    assert references == named


def test_every_schema_is_json_schema_2020_12() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        whole = {**schema, "components": DOCUMENT["components"]}
        jsonschema_rs.meta.validate(whole)
        assert jsonschema_rs.validator_for(whole) is not None, name


def test_the_document_has_what_openapi_31_asks_for() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    names = []
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            names.append(operation["operationId"])
            parameters = [one for one in operation["parameters"] if one.get("in") == "path"]
            assert [one["name"] for one in parameters] == re.findall(r"{(\w+)}", path)
            assert all(one["required"] for one in parameters)
            assert {"400", "414"} <= set(operation["responses"])
            assert all(one.get("description") for one in operation["responses"].values() if "$ref" not in one)
    assert len(set(names)) == len(names) == len(OPERATIONS)


def test_bodies_can_be_refused_for_all_reasons() -> None:
    for one in OPERATIONS:
        operation = DOCUMENT["paths"][one.path][one.method.lower()]
        assert ("requestBody" in operation) == (one.body is not None)
        assert ({"413", "415", "422"} <= set(operation["responses"])) == (one.body is not None)
        assert ({"401", "403"} <= set(operation["responses"])) == (one.scope != "none")
        assert ({"429", "503"} <= set(operation["responses"])) == (not one.always)


def test_where_keys_are_asked_for_the_document_says_so() -> None:
    asked = document(ServeConfig(keys="keys.json"))["paths"]
    free = document(ServeConfig())["paths"]
    assert asked["/events"]["post"]["security"] == [{"ApiKey": ["write"]}, {"Bearer": ["write"]}]
    assert free["/events"]["post"]["security"] == [{}, {"ApiKey": ["write"]}, {"Bearer": ["write"]}]
    assert asked["/livez"]["get"]["security"] == []


def test_the_document_knows_the_largest_batch() -> None:
    (batch,) = (
        one
        for one in document(ServeConfig(max_batch=7))["components"]["schemas"]["EventsBody"]["oneOf"]
        if "items" in one
    )
    assert batch["maxItems"] == 7


def test_query_parameters_are_those_of_the_models() -> None:
    parameters = {
        one["name"]: one for one in DOCUMENT["paths"]["/recommend/{user_id}"]["get"]["parameters"] if "name" in one
    }
    assert parameters["k"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10}
    assert (parameters["exclude"]["style"], parameters["exclude"]["explode"]) == ("form", False)
    assert (parameters["filter"]["style"], parameters["filter"]["explode"]) == ("form", True)
    assert parameters["recommendation_id"]["schema"] == {"type": "string", "pattern": RECOMMENDATION_ID}
    assert parameters["diversity"]["schema"]["maximum"] == 1


def test_the_examples_are_accepted(full: FlaskClient) -> None:
    for one in OPERATIONS:
        if one.example is not None:
            path = one.path.replace("{item_id}", "i4").replace("{user_id}", "u4")
            status = full.open(path, method=one.method, json=one.example).status_code
            encodes = one.path in ("/query", "/tags", "/search", "/caption")  # and the model has no encoder
            assert status == (409 if encodes else one.status)


def test_it_is_served_as_it_is_printed(full: FlaskClient) -> None:
    response = full.get("/openapi.json")
    assert response.mimetype == "application/json"
    assert response.json == DOCUMENT


def test_the_command_prints_the_document_and_docs_have_it() -> None:
    printed = CliRunner().invoke(cli, ["openapi", "--set", "serve.max_batch=1000"])
    assert printed.exit_code == 0
    assert json.loads(printed.output) == DOCUMENT
    kept = (factories.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert kept == printed.output, "run `recsys openapi > docs/openapi.json`"


# real answers against the schemas


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/recommend/u1?k=3", "Recommendations"),
        ("GET", "/recommend/u1?k=3&explain=true&diversity=0.5", "Recommendations"),
        ("GET", "/recommend/nobody?k=3&explain=true", "Recommendations"),
        ("GET", "/recommend/u1?k=1000", "Recommendations"),
        ("GET", "/why?user_id=u1&item_id=i30", "WhyAnswer"),
        ("GET", "/why?user_id=u1&item_id=i1&cluster=0&filter=year>=2030&filter=year!:1991", "WhyAnswer"),
        ("GET", "/why?user_id=u1&item_id=i1&exclude=i1&diversity=0.9&popularity_penalty=1&k=1", "WhyAnswer"),
        ("GET", "/why?user_id=nobody&item_id=i3&filter=year>=3000", "WhyAnswer"),
        ("GET", "/similar/i1?k=3&explain=true", "Similar"),
        ("GET", "/popular?trending=true", "Popular"),
        ("GET", "/items/i1", "ItemRecord"),
        ("GET", "/users/u1", "User"),
        ("GET", "/livez", "Alive"),
        ("GET", "/readyz", "Ready"),
        ("GET", "/nowhere", "Problem"),
        ("POST", "/recommend", "Problem"),
    ],
)
def test_answers_are_of_their_shape(full: FlaskClient, method: str, path: str, name: str) -> None:
    conforms(full.open(path, method=method).json, name)


def test_answers_to_bodies_are_of_their_shape(full: FlaskClient) -> None:
    events = [{"user_id": "u1", "item_id": "i40", "value": 2}, {"user_id": "u1", "item_id": "new"}]
    conforms(full.post("/events", json=events).json, "EventsAnswer")
    conforms(full.get("/users/u1").json, "User")
    conforms(full.get("/recommend/u1?explain=true").json, "Recommendations")
    conforms(full.post("/recommend", json={"history": ["i1", "i2"], "explain": True}).json, "Recommendations")
    conforms(full.post("/rank", json={"user_id": "u1", "item_ids": ["i1", "new"], "explain": True}).json, "RankAnswer")
    conforms(full.post("/rank", json={"history": [], "item_ids": ["i1"]}).json, "RankAnswer")


def conforms(answer: Any, name: str) -> None:
    schema = {**DOCUMENT["components"]["schemas"][name], "components": DOCUMENT["components"]}
    jsonschema_rs.validate(schema, answer)


def test_control_an_answer_of_another_shape_is_noticed(full: FlaskClient) -> None:
    answer = full.get("/recommend/u1?k=1").json
    more, bare = {**answer, "more": 1}, {**answer, "items": [{"rank": 1}]}
    for wrong, message in (
        (more, "'more' was unexpected"),
        (bare, "is a required"),
        ({"items": answer["items"]}, "is a required"),
    ):
        with pytest.raises(jsonschema_rs.ValidationError, match=message):
            conforms(wrong, "Recommendations")
