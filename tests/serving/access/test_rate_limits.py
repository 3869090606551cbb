"""Rate limits over HTTP: who is counted, what is told, and what is exempt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from recsys.config import ServeConfig
from recsys.errors import ConfigError
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.access import key_file, rate_limits
from serving.app import create_app
from serving.settings import Settings
from tests.support.factories import NOON
from tests.support.redis_server import RedisServer

BEGIN = 2.0**20
PATH = "/recommend/u1?k=2"
HEADERS = ("RateLimit", "RateLimit-Policy", "Retry-After")


class Hand:
    now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Hand:
    hand = Hand()
    monkeypatch.setattr("throttled.utils.now_mono_f", hand)
    return hand


@pytest.fixture
def service(model: Model, tmp_path: Path) -> Callable[..., Flask]:
    def start(run: Path | None = None, **chosen: Any) -> Flask:
        settings = Settings(tmp_path / "store", "", ServeConfig(**chosen), run)
        return create_app(settings, Recommender(model, "v1"))

    return start


def get(app: Flask, path: str = PATH, peer: str = "10.0.0.1", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().get(path, headers=named, environ_base={"REMOTE_ADDR": peer})


def statuses(app: Flask, n: int, **how: str) -> list[int]:
    return [get(app, **how).status_code for _ in range(n)]


def test_a_burst_passes_and_then_one_request_for_each_interval(clock: Hand, service: Callable[..., Flask]) -> None:
    app = service(rate_limit=2.0, rate_burst=3)
    assert statuses(app, 5) == [200, 200, 200, 429, 429]
    clock.now += 0.25
    assert statuses(app, 1) == [429]
    clock.now += 0.25
    assert statuses(app, 2) == [200, 429]
    clock.now += 60
    assert statuses(app, 4) == [200, 200, 200, 429]


def test_headers_tell_the_limit_what_is_left_and_when_to_come_again(clock: Hand, service: Callable[..., Flask]) -> None:
    app = service(rate_limit=0.1, rate_burst=2)
    first, second, refused = (get(app) for _ in range(3))
    assert [one.headers["RateLimit-Policy"] for one in (first, second, refused)] == ['"requests";q=2;w=20'] * 3
    assert first.headers["RateLimit"] == '"requests";r=1;t=10'
    assert second.headers["RateLimit"] == refused.headers["RateLimit"] == '"requests";r=0;t=20'
    assert "Retry-After" not in first.headers
    assert refused.headers["Retry-After"] == "10"
    assert refused.mimetype == "application/problem+json"
    body = refused.get_json()
    assert (body["status"], body["title"]) == (429, "Too Many Requests")
    assert body["detail"] == "too many requests; try again in 10 s"
    assert body["request_id"] == refused.headers["X-Request-ID"]
    clock.now += 10
    assert get(app).status_code == 200


@pytest.mark.parametrize("rate", [0.3, 1.0, 7.0, 1000.0])
def test_who_waits_as_long_as_told_gets_through(rate: float, clock: Hand, service: Callable[..., Flask]) -> None:
    app = service(rate_limit=rate, rate_burst=1)
    assert get(app).status_code == 200
    for _ in range(5):
        refused = get(app)
        assert refused.status_code == 429
        clock.now += int(refused.headers["Retry-After"])
        assert get(app).status_code == 200


@pytest.mark.usefixtures("clock")
def test_each_address_has_its_own_bucket_and_may_not_pretend_another(service: Callable[..., Flask]) -> None:
    app = service(rate_limit=1.0, rate_burst=1)
    assert statuses(app, 2) == [200, 429]
    assert statuses(app, 2, peer="10.0.0.2") == [200, 429]
    assert statuses(app, 2, peer="2001:db8::1") == [200, 429]
    assert statuses(app, 1, peer="2001:db8::2") == [429]
    for header in ("X_Forwarded_For", "Forwarded", "X_Real_IP", "X_API_Key", "Authorization"):
        assert statuses(app, 1, **{header: "10.9.9.9"}) == [429]


@pytest.mark.usefixtures("clock")
def test_with_keys_each_key_has_its_own_bucket_wherever_it_comes_from(
    service: Callable[..., Flask], tmp_path: Path
) -> None:
    first, second = with_keys(tmp_path)
    app = service(rate_limit=1.0, rate_burst=2, keys=str(tmp_path / "keys.json"))
    assert statuses(app, 1, X_API_Key=first) == [200]
    assert statuses(app, 2, X_API_Key=first, peer="10.0.0.2") == [200, 429]
    assert statuses(app, 3, Authorization=f"Bearer {second}") == [200, 200, 429]


@pytest.mark.usefixtures("clock")
def test_who_is_refused_for_a_wrong_key_takes_no_token(service: Callable[..., Flask], tmp_path: Path) -> None:
    first, _ = with_keys(tmp_path)
    app = service(rate_limit=1.0, rate_burst=1, keys=str(tmp_path / "keys.json"))
    assert statuses(app, 5, X_API_Key="nonsense") == [401] * 5
    assert statuses(app, 5) == [401] * 5
    assert statuses(app, 2, X_API_Key=first) == [200, 429]


def with_keys(folder: Path) -> tuple[str, str]:
    with key_file.changing(folder / "keys.json") as known:
        (first, one), (second, two) = (key_file.generate(name, ["read"], NOON) for name in ("one", "two"))
        known.extend((one, two))
    return first, second


@pytest.mark.usefixtures("clock")
def test_health_is_exempt_and_what_does_not_exist_is_not(service: Callable[..., Flask]) -> None:
    app = service(rate_limit=1.0, rate_burst=3)
    for path in ("/livez", "/readyz"):
        for _ in range(10):
            response = get(app, path)
            assert response.status_code == 200
            assert not [name for name in HEADERS if name in response.headers]
    assert [get(app, path).status_code for path in ("/nix", "/docs", PATH, "/nix")] == [404, 200, 200, 429]
    assert get(app, "/livez").status_code == 200
    assert {"health.livez", "health.readyz"} <= rate_limits.EXEMPT <= {one.endpoint for one in app.url_map.iter_rules()}


@pytest.mark.usefixtures("clock")
def test_each_of_two_workers_allows_its_share(service: Callable[..., Flask], tmp_path: Path) -> None:
    two = [service(tmp_path, rate_limit=1.0, rate_burst=8, workers=2) for _ in range(2)]
    found = [get(two[number % 2]) for number in range(20)]
    assert [one.status_code for one in found] == [200] * 8 + [429] * 12
    assert found[0].headers["RateLimit-Policy"] == '"requests";q=4;w=8'


@pytest.mark.usefixtures("clock")
def test_a_worker_that_is_alone_allows_all(service: Callable[..., Flask]) -> None:
    assert statuses(service(rate_limit=1.0, rate_burst=7, workers=2), 9) == [200] * 7 + [429] * 2


def test_workers_that_count_in_redis_share_their_buckets(
    service: Callable[..., Flask], tmp_path: Path, redis: RedisServer
) -> None:
    chosen: dict[str, Any] = {"rate_limit": 0.0001, "rate_burst": 7, "workers": 2, "rate_limit_storage": redis.url}
    two = [service(tmp_path, **chosen) for _ in range(2)]
    found = [get(two[number % 2]) for number in range(20)]
    assert [one.status_code for one in found] == [200] * 7 + [429] * 13
    assert found[0].headers["RateLimit-Policy"] == '"requests";q=7;w=70000'
    assert [one.headers["RateLimit"].partition(";t=")[0] for one in found[:2]] == ['"requests";r=6', '"requests";r=5']


def test_without_a_limit_there_is_no_cost(service: Callable[..., Flask], tmp_path: Path) -> None:
    app, limited = service(tmp_path), service(rate_limit=1.0)
    assert not [name for name in HEADERS if name in get(app).headers]
    for hooks in ("before_request_funcs", "after_request_funcs"):
        assert len(getattr(limited, hooks)[None]) == len(getattr(app, hooks)[None]) + 1


def test_a_limit_that_cannot_be_kept_is_told_at_the_start(service: Callable[..., Flask]) -> None:
    with pytest.raises(ConfigError, match=r"serve\.rate_limit = 1e-12"):
        service(rate_limit=1e-12)
