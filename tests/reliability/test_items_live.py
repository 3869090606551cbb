"""Promises 32 to 34: an acknowledged change of an item holds on every worker within a second, also after kill -9, and later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from recsys.bundle.store import Store
from recsys.events.item_values import ItemChange
from recsys.events.store import EventStore
from tests.support import searchable
from tests.support.commands import run_command
from tests.support.files import table
from tests.support.running import Running, running

WITHIN_SECONDS = 1.0
ASKED = 24  # connections, of which all workers get some


def ask(served: Running, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    """The answer, asked again where a killed worker had the connection."""
    while True:
        try:
            return served.ask(path, method, body)
        except OSError:
            time.sleep(0.02)


def all_answers(servers: Sequence[Running], path: str) -> list[tuple[int, Any]]:
    return [ask(server, path) for server in servers for _ in range(ASKED // len(servers))]


def wait_for(item: str, served: Running, *, searchable: bool) -> None:
    """Wait until the text of a new item is encoded, which a busy machine does not do within the request."""
    deadline = time.monotonic() + 30
    while not searchable:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        searchable = ask(served, item, "PATCH", {})[1]["searchable"]


@pytest.mark.slow
def test_an_acknowledged_change_holds_on_every_worker_while_workers_are_killed(tmp_path: Path, events_url: str) -> None:
    """New items have their vectors in the store, so that a worker which starts anew encodes nothing.

    On a database there are two servers, which share nothing else.
    """
    model, encoder = searchable.searchable(tmp_path / "encoder")
    searchable.publish(Store(tmp_path / "store"), model, encoder)
    options = (tmp_path / "store", f"store.events={events_url}", "serve.workers=2")
    with running(*options) as served, running(*options) if "://" in events_url else nullcontext() as another:
        servers = [served] if another is None else [served, another]
        for number in range(3):
            item, record = (
                f"/items/i{number}",
                {"title": f"Zebra {number}", "description": "robots", "color": f"{number}"},
            )
            assert ask(served, item, "PATCH", {"price": number, "title": f"Now {number}"})[0] == 200
            status, answer = ask(served, f"/items/z{number}", "PUT", record)
            assert status == 201
            wait_for(f"/items/z{number}", served, searchable=answer["searchable"])
            if number:
                served.kill(served.workers()[0])
            time.sleep(WITHIN_SECONDS)
            for status, found in all_answers(servers, item):
                assert (status, found["title"], found["attributes"]["price"]) == (200, f"Now {number}", number)
            for path in (
                f"/search?q=zebra+{number}",
                "/search?q=robots&mode=semantic&k=15",
                "/similar/i3?k=15",
                f"/recommend/u1?filter=color:{number}",
                f"/items?q=zebra+{number}",
            ):
                for status, found in all_answers(servers, path):
                    assert status == 200
                    assert f"z{number}" in {item["item_id"] for item in found["items"]}, path
        assert ask(served, "/items/i3", "DELETE")[0] == 204
        assert ask(served, "/items/z0", "DELETE")[0] == 204
        ask(served, "/events", "POST", {"user_id": "u1", "item_id": "z1", "event": ""})
        served.kill(served.workers()[0])
        time.sleep(WITHIN_SECONDS)
        for _, answer in all_answers(servers, "/popular?k=50"):
            assert {"i3", "z0"}.isdisjoint(item["item_id"] for item in answer["items"])
            assert {"Now 0", "Now 2", "Zebra 1"} <= {item["title"] for item in answer["items"]}
        for _, answer in all_answers(servers, "/recommend/u1?k=50"):
            ids = {item["item_id"] for item in answer["items"]}
            assert "z2" in ids
            assert {"z0", "z1", "i3"}.isdisjoint(ids)
    with EventStore.open(events_url) as store:
        changed = {f"i{number}" for number in (0, 1, 2, 3)} | {f"z{number}" for number in range(3)}
        assert {change.item_id for change in store.items.since()} == changed


@pytest.mark.slow
def test_the_next_training_takes_changes_along_and_they_do_not_count_twice(tmp_path: Path) -> None:
    pairs = [(f"u{user}", f"i{(user + step) % 9}") for user in range(30) for step in range(4)]
    table(tmp_path / "pairs.csv", pairs, ("user_id", "item_id"))
    rows = [(f"i{num}", f"Title {num}", "red wine" if num % 2 else "old castle") for num in range(9)]
    table(tmp_path / "items.csv", rows, ("item_id", "title", "description"))
    settings = {
        "data.interactions": "pairs.csv",
        "data.items": "items.csv",
        "content.encoder": "lsa",
        "content.cache": "",
        "als.factors": 4,
        "evaluate.gate": False,
        "store.path": "store",
        "store.events": "events.sqlite",
    }
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={str(value).lower()}")]
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        changes = store.items
        changes.apply(
            [
                ItemChange("new", "put", {"title": "New", "description": "red wine"}),
                ItemChange("i1", "patch", {"price": 3}),
                ItemChange("i2", "delete", {}),
            ]
        )
    run_command("train", *options, cwd=tmp_path)
    recommender = Store(tmp_path / "store").recommender()
    assert recommender.item("i1").attributes["price"] == 3
    assert "i2" not in recommender.items
    assert {item.item_id for item in recommender.similar_items("new").items} & {"i1", "i3", "i5", "i7"}
    shown = run_command("similar", "new", "-k", "3", *options, cwd=tmp_path).stdout
    assert "Title" in shown
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        assert recommender.events.items_through == store.items.revision()
