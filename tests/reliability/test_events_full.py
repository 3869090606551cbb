"""A full or locked event store takes nothing and says so with 503; lists go on."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recsys.errors import EventStoreError
from recsys.events import backends
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from tests.support.postgresql import Server

PAGE = os.sysconf("SC_PAGE_SIZE")
VERSION = "20261123T120000Z-0000"


def service(where: str, folder: Path) -> FlaskClient:
    return create_app(Settings(folder / "store", where), Recommender(factories.model(), VERSION)).test_client()


def post(client: FlaskClient, user: str = "u1", n: int = 1) -> TestResponse:
    return client.post("/events", json=[{"user_id": user, "item_id": f"i{k}"} for k in range(n)])


def check_unavailable(answer: TestResponse, reason: str) -> None:
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    body: Any = answer.json
    assert body["detail"].startswith("the event store takes nothing now: ")
    assert reason in body["detail"]


def check_lists(client: FlaskClient, user: str = "u1") -> None:
    """Lists are those that the acknowledged events give, by every way."""
    for path in (f"/recommend/{user}", "/recommend/nobody", "/similar/i1", "/popular", f"/users/{user}"):
        answer = client.get(path)
        body: Any = answer.json
        assert (path, answer.status_code) == (path, 200)
        assert "degraded" not in body
    counted: Any = client.get(f"/recommend/{user}?k=50").json
    assert counted["strategy"] == "fold_in"


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """A disk without room."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(PAGE))
        except OSError:
            pass
    yield
    (disk / "filler").unlink()


def test_a_full_disk_takes_no_events_and_lists_go_on(disk: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    where = str(disk / "events.sqlite")
    client = service(where, tmp_path_factory.mktemp("elsewhere"))
    assert post(client).status_code == 202
    for _ in range(3):
        with filled(disk):
            for n in (1, 200):
                check_unavailable(post(client, n=n), "disk")
                check_unavailable(client.put("/items/i1/hidden"), "disk")
                check_unavailable(client.delete("/users/u1"), "disk")
            check_lists(client)
        assert post(client).status_code == 202
    check_lists(client)
    with EventStore.open(where) as store:
        assert len(store.read_user("u1").events) == 4
        assert store.hidden() == store.forgotten_hashes() == frozenset()


def test_a_worker_that_starts_on_a_full_disk_answers_from_what_is_there(
    disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    where = str(disk / "events.sqlite")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    first = service(where, elsewhere)
    post(first)
    with filled(disk):
        check_lists(service(where, elsewhere))


def test_a_store_that_a_file_limit_stops_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    where = str(tmp_path / "events.sqlite")
    client = service(where, tmp_path)
    post(client)
    limit = sqlite3.connect(where)
    pages = limit.execute("PRAGMA page_count").fetchone()[0]
    limit.close()
    with EventStore.open(where) as store:
        with store._database.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(EventStoreError, match="takes nothing now: database or disk is full"):
            store.add([ReceivedEvent("u1", f"i{n}") for n in range(5000)])
        assert len(store.read_user("u1").events) == 1
    assert post(client).status_code == 202


@contextmanager
def locked_file(where: str) -> Iterator[None]:
    other = sqlite3.connect(where, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def test_a_locked_file_takes_no_events_and_lists_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.1)
    where = str(tmp_path / "events.sqlite")
    client = service(where, tmp_path)
    assert post(client).status_code == 202
    with locked_file(where):
        check_unavailable(post(client), "database is locked")
        check_lists(client)
    assert post(client).status_code == 202


@pytest.fixture
def on_server(postgresql_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventStore]:
    """What every service opens during a test."""
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.2)
    with EventStore.open(postgresql_server.new_schema()) as store:
        monkeypatch.setattr(EventStore, "open", lambda _, **_options: store)
        yield store


def test_a_locked_server_takes_no_events_and_lists_go_on(on_server: EventStore, tmp_path: Path) -> None:
    where = on_server._database.engine.url.render_as_string(hide_password=False)
    client = service(where, tmp_path)
    assert post(client).status_code == 202
    other = EventStore.existing(where)
    assert other is not None
    with other, other._database.writing():
        check_unavailable(post(client), "canceling statement due to")
        check_lists(client)
    assert post(client).status_code == 202


def test_a_writer_that_never_rests_leaves_room_for_another(events_url: str) -> None:
    stop, greedy_added = threading.Event(), 0
    with EventStore.open(events_url) as greedy, EventStore.open(events_url) as modest:

        def write() -> None:
            nonlocal greedy_added
            while not stop.is_set():
                greedy_added += greedy.add([ReceivedEvent("greedy", "i")]).accepted

        thread = threading.Thread(target=write)
        thread.start()
        try:
            added = sum(modest.add([ReceivedEvent("modest", "i")]).accepted for _ in range(100))
        finally:
            stop.set()
            thread.join()
        assert added == len(modest.read_user("modest").events) == 100
        assert greedy_added == len(modest.read_user("greedy").events) > 0
