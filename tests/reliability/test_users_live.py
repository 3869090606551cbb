"""Acknowledged attributes of a user hold on every worker within a second, also after kill -9, and in the next model."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from recsys.bundle.store import Store
from recsys.events.store import EventStore
from recsys.events.user_values import UserChange
from tests.reliability.test_items_live import WITHIN_SECONDS, all_answers, ask
from tests.support import factories
from tests.support.commands import run_command
from tests.support.files import table
from tests.support.running import running


@pytest.mark.slow
def test_acknowledged_attributes_hold_on_every_worker_while_workers_are_killed(tmp_path: Path, events_url: str) -> None:
    factories.publish(tmp_path / "store", factories.attributed())
    with running(tmp_path / "store", f"store.events={events_url}", "serve.workers=2") as served:
        for number in range(3):
            status, _ = ask(served, f"/users/new{number}", "PUT", {"attributes": {"country": "CH", "age": number}})
            assert status == 200
            served.kill(served.workers()[0])
            time.sleep(WITHIN_SECONDS)
            for known in range(number + 1):
                for status, user in all_answers([served], f"/users/new{known}"):
                    assert (status, user["attributes"]) == (200, {"country": "CH", "age": known})
            for _, answer in all_answers([served], f"/recommend/new{number}"):
                assert (answer["strategy"], answer["fallback"]) == ("attributes", False)
        assert ask(served, "/users/new0", "DELETE")[0] == 204
        served.kill(served.workers()[0])
        time.sleep(WITHIN_SECONDS)
        for status, _ in all_answers([served], "/users/new0"):
            assert status == 404
    with EventStore.open(events_url) as store:
        assert {change.user_id for change in store.users.since()} == {"new1", "new2"}


@pytest.mark.slow
def test_the_next_training_takes_them_along_and_new_users_get_lists_by_them(tmp_path: Path) -> None:
    pairs = [(f"u{user}", f"i{(user % 2) + 2 * ((user // 2 + step) % 8)}") for user in range(80) for step in range(4)]
    table(tmp_path / "pairs.csv", pairs, ("user_id", "item_id"))
    rows = [(f"u{user}", "CH" if user % 2 else "DE") for user in range(80)]
    table(tmp_path / "users.csv", rows, ("user_id", "country"))
    settings = {
        "data.interactions": "pairs.csv",
        "data.users": "users.csv",
        "content.encoder": "none",
        "als.factors": 4,
        "evaluate.gate": False,
        "store.path": "store",
        "store.events": "events.sqlite",
    }
    options = [word for name, value in settings.items() for word in ("--set", f"{name}={str(value).lower()}")]
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        store.users.apply(UserChange("trained", "put", {"country": "CH"}))
        store.users.apply(UserChange("gone", "put", {"country": "CH"}))
        store.forget("gone")
    printed = run_command("train", *options, cwd=tmp_path).stderr
    assert "attributes of users: ndcg@10" in printed
    recommender = Store(tmp_path / "store").recommender()
    assert recommender.user_attributes("trained") == {"country": "CH"}
    assert recommender.user_attributes("gone") == {}
    with EventStore.open(str(tmp_path / "events.sqlite")) as store:
        store.users.apply(UserChange("later", "put", {"country": "de"}))
    for user_id, half in (("trained", 1), ("later", 0)):
        shown = json.loads(run_command("recommend", user_id, "-k", "5", "--json", *options, cwd=tmp_path).stdout)
        assert (shown["strategy"], shown["fallback"]) == ("attributes", False)
        assert {int(item["item_id"][1:]) % 2 for item in shown["items"]} == {half}
    (tmp_path / "ids.txt").write_text("later\nunknown\n", encoding="utf-8")
    run_command("recommend", "--users", "ids.txt", "--output", "lists.csv", "-k", "2", *options, cwd=tmp_path)
    lists = (tmp_path / "lists.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[0] for line in lists] == ["later", "later", "unknown", "unknown"]
    assert {int(line.split(",")[2][1:]) % 2 for line in lists[:2]} == {0}
