"""Promise 24: no input yields a 5xx or breaks the contract, which is the OpenAPI document that the service serves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.events.records import EventsInfo
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.access import key_file
from serving.app import create_app
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings
from tests.support import factories
from tests.support.faults.contract import Found, search
from tests.support.running import running

CASES = 10_000
RATINGS = EventsInfo(threshold=3.0)  # a value may be anything then; counts are not negative
CHECKS = {
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "negative_data_rejection",
    "not_a_server_error",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}

Break = Callable[[Flask], None]


def service(folder: Path, model: Model, keys: str = "") -> Flask:
    folder.mkdir(parents=True, exist_ok=True)
    serve = ServeConfig(access_log=False, keys=keys)
    return create_app(Settings(folder, str(folder / "events.sqlite"), serve), Recommender(model, "v1", RATINGS))


def add_key(path: Path) -> str:
    """A key that may do everything."""
    key, record = key_file.generate("all", ["admin"], factories.NOON)
    with key_file.changing(path) as known:
        known.append(record)
    return key


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """The address of a server in this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def assert_kept(found: Found) -> None:
    assert not found.failures, f"{len(found.failures)} of {found.n_cases}:\n" + "\n".join(found.failures[:5])
    assert max(found.statuses) < 500
    assert set(found.checks) >= CHECKS


@pytest.mark.slow
def test_no_case_breaks_the_contract(tmp_path: Path, model: Model) -> None:
    found = search(service(tmp_path, model), max_examples=4)
    assert_kept(found)
    assert found.n_cases >= 400
    assert {200, 202, 204, 400, 404, 405, 409, 415, 422} <= set(found.statuses)


@pytest.mark.soak
def test_no_case_breaks_the_contract_of_a_server_with_keys(tmp_path: Path, model: Model) -> None:
    store = Store(tmp_path / "store")
    store.publish(model, factories.header(model).model_copy(update={"events": RATINGS}), factories.NOON)
    key = add_key(tmp_path / "keys.json")
    with running(
        store.path, f"serve.keys={tmp_path / 'keys.json'}", f"store.events={tmp_path / 'events.sqlite'}"
    ) as server:
        found = search("http://{}:{}".format(*server.address), max_examples=3, seed=2, key=key)
    assert_kept(found)
    assert found.statuses[200] > 20


@pytest.mark.soak
def test_ten_thousand_cases(tmp_path: Path, model: Model, record_property: Callable[[str, object], None]) -> None:
    cases, seed = 0, 100
    while cases < CASES:
        found = search(service(tmp_path / str(seed), model), max_examples=300, seed=seed)
        assert_kept(found)
        cases, seed = cases + found.n_cases, seed + 1
    record_property("cases", cases)
    print(f"{cases} cases, 0 failures")  # noqa: T201


# negative controls: the same search over a service that is broken on purpose


def replaced(endpoint: str, view: Callable[..., object]) -> Break:
    def breaking(app: Flask) -> None:
        app.view_functions[endpoint] = view  # type: ignore[assignment]

    return breaking


def changed(endpoint: str, change: Callable[[Response], object]) -> Break:
    """The view as it was, whose answer is changed."""

    def breaking(app: Flask) -> None:
        inner = app.view_functions[endpoint]

        def view(**arguments: str) -> object:
            return change(inner(**arguments))  # type: ignore[arg-type]

        app.view_functions[endpoint] = view  # type: ignore[assignment]

    return breaking


def fails_on_large_numbers(app: Flask) -> None:
    inner = app.view_functions["popular.popular"]

    def view() -> object:
        if int(request.args.get("k", "10")) == 1000:
            raise ZeroDivisionError
        return inner()

    app.view_functions["popular.popular"] = view  # type: ignore[assignment]


def refuses_what_is_valid(app: Flask) -> None:
    inner = app.view_functions["popular.popular"]

    def view() -> object:
        return Response("{}", 400) if request.args.get("trending") == "true" else inner()

    app.view_functions["popular.popular"] = view  # type: ignore[assignment]


def lenient() -> object:
    """The default in place of an error."""
    found = {"model_version": "v1", "strategy": "popular", "fallback": False, "items": [], "next_offset": None}
    return jsonify(found)


def misses_a_key(response: Response) -> object:
    return jsonify({key: value for key, value in response.json.items() if key != "strategy"})  # type: ignore[union-attr]


def of_another_type(response: Response) -> object:
    return Response(response.data, mimetype="text/plain")


def of_another_status(response: Response) -> object:
    response.status_code = 207
    return response


def without_request_ids(app: Flask) -> None:
    inner = app.wsgi_app

    def wsgi_app(environ: dict[str, object], start_response: Callable[..., object]) -> object:
        written, status, headers = run_wsgi_app(inner, environ)
        start_response(status, [(name, value) for name, value in headers if name != "X-Request-ID"])
        return written

    app.wsgi_app = wsgi_app  # type: ignore[assignment, method-assign]


def takes_any_method(app: Flask) -> None:
    def all_methods() -> Response | None:
        return jsonify({}) if request.method == "TRACE" else None

    app.before_request_funcs.setdefault(None, []).insert(0, all_methods)


BROKEN: dict[str, Break] = {
    "Server error": fails_on_large_numbers,
    "Schema-valid request rejected": refuses_what_is_valid,
    "Schema-violating request accepted": replaced("popular.popular", lenient),
    "Response violates schema": changed("popular.popular", misses_a_key),
    "Undocumented Content-Type": changed("popular.popular", of_another_type),
    "Undocumented status code": changed("popular.popular", of_another_status),
    "Missing required response headers": without_request_ids,
    "Wrong response to undeclared method": takes_any_method,
}
TRIED = ("Server error", "Response violates schema", "Schema-violating request accepted")  # the others by `make soak`


@pytest.mark.slow
@pytest.mark.parametrize(
    "title", [title if title in TRIED else pytest.param(title, marks=pytest.mark.soak) for title in BROKEN]
)
def test_control_a_broken_service_is_found(title: str, tmp_path: Path, model: Model) -> None:
    app = service(tmp_path, model)
    BROKEN[title](app)
    found = search(app, max_examples=30, only="/popular")
    titles = {failure.partition(":")[0] for failure in found.failures}
    assert title in titles


@pytest.mark.slow
def test_control_a_service_that_forgets_to_ask_for_a_key_is_found(tmp_path: Path, model: Model) -> None:
    key = add_key(tmp_path / "keys.json")
    app = service(tmp_path, model, str(tmp_path / "keys.json"))
    checks = app.before_request_funcs[None]
    app.before_request_funcs[None] = [one for one in checks if one.__module__ != "serving.access.keys"]
    with listening(app) as address:
        found = search(address, max_examples=5, key=key, only="/popular")
    assert any("auth" in failure.lower() for failure in found.failures)


def test_every_operation_is_in_the_document_that_is_searched(tmp_path: Path, model: Model) -> None:
    paths = service(tmp_path, model).test_client().get("/openapi.json").json["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == {
        (one.method, one.path) for one in OPERATIONS
    }
