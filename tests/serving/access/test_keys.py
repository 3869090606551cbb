"""Promise 27: only the right key with the right scope gets in."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.access import key_file, keys
from serving.access.key_file import Scope
from serving.app import create_app
from serving.openapi import operations
from serving.settings import Settings
from serving.web import PAGE_SCOPES
from tests.support.faults.safe import CLOSED, SCOPES, Safe, get

OPEN = ("/livez", "/readyz", "/openapi.json", "/docs")


def nearly(key: str) -> Iterator[str]:
    """Two thousand keys that are almost the right one."""
    for at, old in enumerate(key):
        for new in "0123456789abcdefABCDEF_-. \u00e9\u0661":
            if new != old:
                yield key[:at] + new + key[at + 1 :]
    yield from (key[:length] for length in range(len(key)))
    yield from (key + more for more in ("0", "\x00", "é", key, ",", ", " + key, ";", "=", "%20"))
    yield from (key.upper(), key.swapcase(), f"'{key}'", f'"{key}"', f"{key},", key[3:], "", " ", "null", "*")
    yield key_file.digest(key)


def refused(app: Flask, tries: Iterator[str]) -> tuple[int, int]:
    """How many keys were tried, and how many of them were let in."""
    statuses = [get(app, one.encode().decode("latin-1")).status_code for one in tries]
    assert set(statuses) <= {200, 401}
    return len(statuses), statuses.count(200)


DIGEST = key_file.digest


def test_only_the_right_key_gets_in(safe: Safe) -> None:
    keys_ = [safe.add(name, "read") for name in ("first", "second", "third")]
    app = safe.service()
    assert [get(app, key).status_code for key in keys_] == [200] * 3
    tried, accepted = refused(app, nearly(keys_[1]))
    assert tried > 1500
    assert accepted == 0


@pytest.mark.parametrize("wrong", ["a hash is compared by its first byte", "a key is hashed by its beginning"])
def test_control_a_comparison_that_stops_early_lets_others_in(
    wrong: str, safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, app = safe.add("shop", "read"), safe.service()
    if wrong.startswith("a hash"):
        monkeypatch.setattr("serving.access.keys.hmac.compare_digest", lambda one, other: one[0] == other[0])
    else:
        safe.change(lambda known: known.append(known.pop().model_copy(update={"sha256": key_file.digest(key[:40])})))
        monkeypatch.setattr("serving.access.keys.key_file.digest", lambda given: DIGEST(given[:40]))
    assert get(app, key).status_code == 200
    assert refused(app, nearly(key))[1] > 0


def compared(app: Flask, key: str, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Which hashes a given key is compared with."""
    seen: list[bytes] = []

    def compare(known: bytes, given: bytes) -> bool:
        seen.append(known)
        return known == given

    with monkeypatch.context() as patch:
        patch.setattr("serving.access.keys.hmac.compare_digest", compare)
        get(app, key)
    return seen


def test_a_key_is_compared_with_all_keys_wherever_it_stands(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("first", "second", "third")
    all_of_them = [key_file.digest(safe.add(name, "read")) for name in names]
    app = safe.service()
    for key in (*safe.keys.values(), "nonsense", ""):
        assert compared(app, key, monkeypatch) == all_of_them


def test_control_a_search_that_ends_at_the_right_key_is_seen(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = safe.add("first", "read"), safe.add("second", "read")
    app = safe.service()

    def find(self: keys.Keys, given: str) -> key_file.KeyRecord | None:
        digest = key_file.digest(given)
        return next((key for key in self._keys if keys.hmac.compare_digest(key.sha256, digest)), None)

    monkeypatch.setattr(keys.Keys, "find", find)
    assert len(compared(app, first, monkeypatch)) == 1


def bearer(app: Flask, authorization: str, **others: str) -> TestResponse:
    return app.test_client().get(CLOSED, headers={"Authorization": authorization, **others})


def test_a_key_comes_in_either_header(safe: Safe) -> None:
    key, other = safe.add("shop", "read"), safe.add("other", "read")
    app = safe.service()
    for authorization in (f"Bearer {key}", f"bearer {key}", f"BEARER  {key} "):
        assert bearer(app, authorization).status_code == 200
        assert bearer(app, authorization, **{"X-API-Key": key}).status_code == 200
        for different in (other, "", key + "0", "nonsense"):
            refusal = bearer(app, authorization, **{"X-API-Key": different})
            assert refusal.status_code == 401
            assert "two different keys" in refusal.get_json()["detail"]
    basic = "Basic " + base64.b64encode(b"user:" + key.encode()).decode()
    for authorization in (basic, key, f"Token {key}", "Bearer", "Bearer ", "", f"Bearer{key}", f"Bearer {key} {key}"):
        assert bearer(app, authorization).status_code == 401
    assert bearer(app, basic, **{"X-API-Key": key}).status_code == 200


def test_a_refusal_is_a_problem_that_names_what_to_send(safe: Safe) -> None:
    safe.add("shop", "read")
    app = safe.service()
    without, wrong = get(app), get(app, "nonsense")
    for response in (without, wrong):
        assert response.status_code == 401
        assert response.mimetype == "application/problem+json"
        assert response.get_json()["request_id"] == response.headers["X-Request-ID"]
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="recsys"'
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="recsys", error="invalid_token"'
    assert "X-API-Key" in without.get_json()["detail"]


@pytest.mark.parametrize("path", OPEN)
def test_health_and_documentation_need_no_key(path: str, safe: Safe) -> None:
    safe.add("shop", "read")
    app = safe.service()
    for key in (None, "nonsense"):
        assert get(app, key, path).status_code == 200


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        (("read",), {"read"}),
        (("write",), {"write"}),
        (("admin",), {"read", "write", "admin"}),
        (("read", "write"), {"read", "write"}),
    ],
)
def test_a_key_does_what_its_scopes_say(held: tuple[Scope, ...], allowed: set[str], safe: Safe) -> None:
    key = safe.add("some", *held)
    app = Flask("scopes")
    keys.require_keys(app, safe.settings(), {**dict(zip(SCOPES, SCOPES, strict=True)), "static": "none"})
    for endpoint in (*SCOPES, "unstated"):
        app.add_url_rule(f"/{endpoint}", endpoint, lambda: "in")
    for endpoint in (*SCOPES, "unstated"):
        scope = "admin" if endpoint == "unstated" else endpoint
        response = get(app, key, f"/{endpoint}")
        assert response.status_code == (200 if scope in allowed else 403), endpoint
        if scope not in allowed:
            assert response.get_json()["detail"] == f"the API key 'some' has no scope '{scope}'"
            assert f'error="insufficient_scope", scope="{scope}"' in response.headers["WWW-Authenticate"]
            assert key not in response.text


def test_every_route_has_a_scope_and_every_scope_a_route(safe: Safe) -> None:
    safe.add("shop", "read")
    endpoints = {rule.endpoint for rule in safe.service().url_map.iter_rules()}
    assert endpoints == {*operations.SCOPES, *PAGE_SCOPES}
    assert set(PAGE_SCOPES.values()) == {"none"}
    assert set(OPEN) == {one.path for one in operations.OPERATIONS if one.scope == "none"}
    assert set(operations.SCOPES.values()) <= {"none", *SCOPES}


def test_no_route_lets_anybody_in_but_the_open_ones(safe: Safe) -> None:
    """Each method of each route, asked without a key, with a wrong one, and with keys of every other scope."""
    app = safe.service_with_all()
    for one in operations.OPERATIONS:
        path = one.path.replace("{user_id}", "u1").replace("{item_id}", "i1")
        if one.scope == "none":
            continue
        for key in (None, "nonsense"):
            assert get(app, key, path, one.method).status_code == 401, one
        for scope in SCOPES:
            expected = scope in (one.scope, "admin")
            assert (get(app, safe.keys[scope], path, one.method).status_code not in (401, 403)) is expected, one


def test_what_does_not_exist_is_told_to_holders_of_a_key_alone(safe: Safe) -> None:
    app = safe.service_with_all()
    for path, method, status in (("/nix", "GET", 404), ("/recommend/u1", "PATCH", 405), ("/", "PATCH", 405)):
        assert get(app, None, path, method).status_code == 401
        assert get(app, "nonsense", path, method).status_code == 401
        assert [get(app, safe.keys[one], path, method).status_code for one in SCOPES] == [status] * 3


def test_without_a_file_of_keys_nothing_is_asked_for(model: Model, tmp_path: Path) -> None:
    app = create_app(Settings(tmp_path, ""), Recommender(model, "v1"))
    assert get(app).status_code == get(app, "whatever").status_code == 200
