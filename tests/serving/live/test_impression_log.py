"""Served lists are stored as impressions in the background."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from recsys.config import ServeConfig
from recsys.errors import ConfigError, EventStoreError
from recsys.events.impressions import Impressions, ShownList
from recsys.events.store import EventStore
from recsys.model.model import Model
from recsys.recommend.answer import Recommendation
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.live import impression_log
from serving.live.event_view import EventView
from serving.live.impression_log import ImpressionLog
from serving.live.recommendation_id import recommendation_id
from serving.settings import Settings
from tests.serving.conftest import VERSION
from tests.support.running import wait_until


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(impression_log, "FLUSH_SECONDS", 1e6)  # only when a test says so
    return str(tmp_path / "events.sqlite")


@pytest.fixture
def app(where: str, model: Model) -> Flask:
    serve = ServeConfig(log_impressions=1.0)
    return create_app(Settings(Path(where).parent / "store", where, serve), Recommender(model, VERSION))


def flush(app: Flask) -> bool:
    log: ImpressionLog = app.extensions["impressions"]
    return log.flush()


def asked(app: Flask, path: str) -> dict[str, Any]:
    answer: Any = app.test_client().get(path).json
    assert isinstance(answer, dict)
    return answer


def shown(where: str, user_id: str = "u1") -> list[ShownList]:
    with EventStore.open(where) as store:
        return store.impressions.of_user(user_id)


def counted(app: Flask) -> dict[str, float]:
    text = app.test_client().get("/metrics").text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {one.labels["outcome"]: one.value for one in samples if one.name == "recsys_impressions_total"}


def test_a_list_and_its_pages_are_stored(app: Flask, where: str) -> None:
    first = asked(app, "/recommend/u1?k=3")
    name = first["recommendation_id"]
    second = asked(app, f"/recommend/u1?k=2&offset={first['next_offset']}&recommendation_id={name}&explain=true")
    client = app.test_client()
    client.post("/recommend", json={"user_id": "nobody", "k": 2, "attributes": True})
    client.post("/recommend", json={"history": ["i1"]})
    client.get("/recommend/u1?k=0")
    client.get("/recommend/u1%00?k=1")
    client.get("/similar/i1?k=2")
    assert flush(app)
    found = [(one.recommendation_id, one.position, [*one.item_ids]) for one in reversed(shown(where))]
    of = [(page["recommendation_id"], [item["item_id"] for item in page["items"]]) for page in (first, second)]
    assert found == [(of[0][0], 1, of[0][1]), (of[1][0], 4, of[1][1])]
    assert len(shown(where, "nobody")) == 1
    assert counted(app) == {"stored": 7.0, "dropped": 0.0}
    assert asked(app, "/recommend/u1?k=3&rotation=1")["items"] != first["items"]


def test_the_id_of_a_list_decides_so_every_worker_decides_alike(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impression_log, "MOST_WAITING", 10**6)
    item = Recommendation("i", "", 1.0, "content")
    names = [recommendation_id(number % 7, VERSION) for number in range(20_000)]
    taken = []
    for share in (0.1, 0.1, 0.3, 0.0):
        log = ImpressionLog(share, EventView(where), lambda *_: None)
        monkeypatch.setattr(log, "_start", lambda: None)
        for name in names:
            log.add("u", name, [item], 0)
        taken.append({one.recommendation_id for one in log._waiting})
    assert taken[0] == taken[1] < taken[2]
    assert [len(one) / len(names) for one in taken] == pytest.approx([0.1, 0.1, 0.3, 0.0], abs=0.015)


def test_a_full_queue_drops_and_says_so(
    app: Flask, where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(impression_log, "MOST_WAITING", 2)
    for _ in range(5):
        assert len(asked(app, "/recommend/u1?k=4")["items"]) == 4
    with caplog.at_level(logging.WARNING):
        app.extensions["impressions"].close()
    assert "impressions: 12 were dropped" in caplog.text
    assert counted(app) == {"stored": 8.0, "dropped": 12.0}
    assert len(shown(where)) == 2


def test_a_failing_store_gets_them_later(app: Flask, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EventStoreError("the disk is full")

    names = [asked(app, "/recommend/u1?k=1")["recommendation_id"] for _ in range(3)]
    with monkeypatch.context() as patched:
        patched.setattr(Impressions, "log", fail)
        assert not flush(app)
    assert flush(app)
    assert [one.recommendation_id for one in reversed(shown(where))] == names


def test_what_a_store_does_not_take_until_the_end_is_counted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EventStoreError("the disk is full")

    asked(app, "/recommend/u1?k=3")
    monkeypatch.setattr(Impressions, "log", fail)
    app.extensions["impressions"].close()
    assert counted(app) == {"stored": 0.0, "dropped": 3.0}


def test_a_list_of_a_user_who_is_deleted_before_it_is_stored_is_not(app: Flask, where: str) -> None:
    asked(app, "/recommend/u2?k=1")
    flush(app)
    for user_id in ("u1", "u2"):
        asked(app, f"/recommend/{user_id}?k=2")
    app.test_client().delete("/users/u1")
    assert flush(app)
    assert shown(where) == []
    assert len(shown(where, "u2")) == 2


def test_a_thread_stores_them_soon(where: str, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impression_log, "FLUSH_SECONDS", 0.01)
    serve = ServeConfig(log_impressions=1.0)
    app = create_app(Settings(Path(where).parent / "store", where, serve), Recommender(model, VERSION))
    asked(app, "/recommend/u1?k=2")
    log = app.extensions["impressions"]
    wait_until(lambda: len(shown(where)) == 1, "the list is stored")
    log.close()


def test_long_lists_are_stored_up_to_a_hundred_items(app: Flask, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impression_log, "MOST_ITEMS", 5)
    asked(app, "/recommend/u1?k=30")
    flush(app)
    assert [len(one.item_ids) for one in shown(where)] == [5]


def test_nothing_is_stored_by_default(where: str, model: Model) -> None:
    app = create_app(Settings(Path(where).parent / "store", where), Recommender(model, VERSION))
    asked(app, "/recommend/u1?k=2")
    assert flush(app)
    assert shown(where) == []
    assert app.extensions["impressions"]._thread is None


def test_a_share_needs_an_event_store(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"serve\.log_impressions needs an event store; set store\.events"):
        create_app(Settings(tmp_path, "", ServeConfig(log_impressions=0.1)), Recommender(model, VERSION))
