"""Readiness and lists agree with each other where the event store cannot be opened, and where it fails later."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from recsys.errors import EventStoreError
from recsys.events.database import Database
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.live import event_view
from serving.settings import Settings
from tests.support import factories

VERSION = "20261123T120000Z-0000"
LISTS = (
    "/recommend/u1",
    "/recommend/nobody",
    "/similar/i1",
    "/popular",
    "/why?user_id=u1&item_id=i1",
    "/search?q=i1&mode=keyword",
)
EVENT = {"user_id": "u1", "item_id": "i2"}

Cure = Callable[[], object]


def service(where: object) -> FlaskClient:
    settings = Settings(Path("no store"), str(where))
    return create_app(settings, Recommender(factories.model(), VERSION)).test_client()


def blocked_folder(tmp_path: Path) -> tuple[Path, Cure]:
    (tmp_path / "blocker").touch()
    return tmp_path / "blocker" / "events.sqlite", (tmp_path / "blocker").unlink


def no_database(tmp_path: Path) -> tuple[Path, Cure]:
    (tmp_path / "events.sqlite").write_text("no database" * 100)
    return tmp_path / "events.sqlite", (tmp_path / "events.sqlite").unlink


def a_folder(tmp_path: Path) -> tuple[Path, Cure]:
    (tmp_path / "events.sqlite").mkdir()
    return tmp_path / "events.sqlite", (tmp_path / "events.sqlite").rmdir


def check_agreement(client: FlaskClient, reason: str) -> None:
    """Not ready, and every list says why; what needs no events answers."""
    ready: Any = client.get("/readyz")
    assert (ready.status_code, ready.mimetype) == (503, "application/problem+json")
    assert ready.json["detail"] == (
        "the event store cannot be opened, and no list is made without it; the log of the server has the reason"
    )
    for answer in (*(client.get(path) for path in LISTS), client.post("/events", json=EVENT)):
        body: Any = answer.json
        assert (answer.request.path, answer.status_code) == (answer.request.path, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert body["detail"].startswith("event store ")
        assert reason in body["detail"]
        assert body["detail"].endswith('or set store.events = "" to serve without events')
    assert client.get("/items/i1").status_code == client.get("/livez").status_code == 200
    assert client.get("/items/i1").json["hidden"] is None  # type: ignore[index]


def check_cured(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readiness is the first to ask again, as a load balancer sends no list before."""
    monkeypatch.setattr(event_view, "RETRY_SECONDS", 0.0)
    assert client.get("/readyz").status_code == 200
    for path in LISTS:
        answer = client.get(path)
        assert (path, answer.status_code, "degraded" in answer.text) == (path, 200, False)
    assert client.post("/events", json=EVENT).status_code == 202


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [(blocked_folder, "File exists"), (no_database, "file is not a database"), (a_folder, "it is a folder")],
)
def test_a_store_that_cannot_be_opened_is_not_ready_until_it_can(
    tmp_path: Path,
    obstacle: Callable[[Path], tuple[Path, Cure]],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    where, cure = obstacle(tmp_path)
    client = service(where)
    check_agreement(client, reason)
    assert [reason in message for message in caplog.messages] == [True]  # not with each request
    cure()
    check_cured(client, monkeypatch)


@pytest.mark.parametrize("there", [True, False], ids=["file", "no file"])
def test_a_read_only_disk_is_not_ready(disk: Path, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    where = disk / "events.sqlite"
    if there:
        with EventStore.open(str(where)) as store:
            store.add([ReceivedEvent("u1", "i1")])
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    client = service(where)
    check_agreement(client, "unable to open database file")
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    check_cured(client, monkeypatch)


def test_a_full_disk_on_which_no_store_can_be_made_is_not_ready(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize))
    client = service(disk / "events.sqlite")
    check_agreement(client, "disk")
    (disk / "filler").unlink()
    check_cured(client, monkeypatch)


def test_a_store_that_fails_later_degrades_lists_which_stay_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EventStoreError("the event store cannot be read: disk I/O error")

    client = service(tmp_path / "events.sqlite")
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(Database, "rows", fail)
    for path in LISTS:
        answer = client.get(path)
        body: Any = answer.json
        assert (path, answer.status_code, body["degraded"]) == (path, 200, ["events"])
    assert client.get("/items/i1").json["hidden"] is None  # type: ignore[index]
    assert client.get("/readyz").status_code == 200


def test_without_an_event_store_lists_are_whole_and_ready() -> None:
    client = service("")
    assert client.get("/readyz").status_code == 200
    assert all("degraded" not in client.get(path).text for path in LISTS)
    assert client.post("/events", json=EVENT).status_code == 409


def test_requests_that_wait_for_a_failing_store_do_not_each_try_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt may take as long as the pause until the next, so the pause begins when the attempt has failed."""
    now, tried = 100.0, list[str]()

    def slow(where: str, **_: float) -> EventStore:
        nonlocal now
        tried.append(where)
        now += event_view.RETRY_SECONDS
        raise EventStoreError("no answer")

    monkeypatch.setattr(event_view.time, "monotonic", lambda: now)
    monkeypatch.setattr(EventStore, "open", slow)
    view = event_view.EventView("somewhere")
    for _ in range(3):
        with pytest.raises(EventStoreError, match="no answer; no list is made without it"):
            view.store()
    assert tried == ["somewhere"]
    now += event_view.RETRY_SECONDS
    with pytest.raises(EventStoreError, match="no answer"):
        view.store()
    assert len(tried) == 2
