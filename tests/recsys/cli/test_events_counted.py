"""Commands count the configured event store as the service does: events, deleted users and hidden items since training."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from recsys.bundle.store import Store
from recsys.cli.main import cli
from recsys.errors import EventStoreError
from recsys.events.changes import REMEDY
from recsys.events.item_values import ItemChange
from recsys.events.records import EventsInfo, ReceivedEvent
from recsys.events.store import EventStore
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories

HIDDEN = ("i7", "i9")
DELETED = "i42"
EVENTS = [("new", "i3"), ("u5", "i20"), ("u5", "i21"), ("back", "i4"), ("later", "not-in-the-catalog")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of models and an event store."""
    folder = tmp_path_factory.mktemp("counted")
    factories.publish(folder / "store")
    with EventStore.open(str(folder / "events.sqlite")) as store:
        store.forget("u3")
        store.forget("u4")
        store.add([ReceivedEvent("u4", "i30"), *(ReceivedEvent(user, item) for user, item in EVENTS)])
        store.add([ReceivedEvent(who, f"i{n}", "impression") for who in ("u1", "nobody") for n in range(25)] * 3)
        for item_id in HIDDEN:
            store.hide(item_id)
        store.items.apply(
            [
                ItemChange("i2", "patch", {"title": "Renamed", "price": 5}),
                ItemChange("i40", "patch", {"year": 2020}),
                ItemChange(DELETED, "delete", {}),
                ItemChange("i41", "patch", {"available": False}),
            ]
        )
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> FlaskClient:
    return create_app(Settings(folder / "store", str(folder / "events.sqlite"))).test_client()


def run(folder: Path, *words: object, events: str = "events.sqlite") -> Result:
    where = str(folder / events) if events and "://" not in events else events
    settings = ("--set", f"store.path={folder / 'store'}", "--set", f"store.events={where}")
    return CliRunner().invoke(cli, [*map(str, words), *settings])


def shown(folder: Path, *words: object) -> Any:
    done = run(folder, *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@pytest.mark.parametrize("user_id", ["u1", "u3", "u4", "u5", "new", "later", "nobody"])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_recommend_is_as_over_http(folder: Path, client: FlaskClient, user_id: str, penalty: float) -> None:
    ours = shown(folder, "recommend", user_id, "-k", 50, "--popularity-penalty", penalty)
    theirs: Any = client.get(f"/recommend/{user_id}?k=50&popularity_penalty={penalty}").json
    assert ours == {name: value for name, value in theirs.items() if name != "recommendation_id"}
    assert not {item["item_id"] for item in ours["items"]} & {*HIDDEN, DELETED, "i41"}
    assert {"Renamed", "Title 2"} & {item["title"] for item in ours["items"]} <= {"Renamed"}
    assert ours["fallback"] == (user_id in ("u3", "later", "nobody"))


@pytest.mark.parametrize("user_id", ["u1", "nobody"])
def test_rotation_is_as_over_http(folder: Path, client: FlaskClient, tmp_path: Path, user_id: str) -> None:
    ours = [item["item_id"] for item in shown(folder, "recommend", user_id, "-k", 50, "--rotation", 1)["items"]]
    theirs: Any = client.get(f"/recommend/{user_id}?k=50&rotation=1").json
    assert ours == [item["item_id"] for item in theirs["items"]]
    assert ours != [item["item_id"] for item in shown(folder, "recommend", user_id, "-k", 50)["items"]]
    why = shown(folder, "why", user_id, ours[-1], "-k", 5, "--rotation", 1)
    assert why["rank"] == len(ours)
    (tmp_path / "users.txt").write_text(f"{user_id}\n")
    many = run(
        folder,
        "recommend",
        "--users",
        tmp_path / "users.txt",
        "-k",
        50,
        "--rotation",
        1,
        "--output",
        tmp_path / "l.csv",
    )
    assert many.exit_code == 0, many.exception
    with (tmp_path / "l.csv").open(encoding="utf-8", newline="") as file:
        assert [row["item_id"] for row in csv.DictReader(file)] == ours


def test_rotation_needs_an_event_store(folder: Path) -> None:
    for words in (("recommend", "u1"), ("why", "u1", "i1")):
        done = run(folder, *words, "--rotation", 0.5, events="")
        assert done.exit_code == 1
        assert "--rotation needs what was shown to users" in str(done.exception)


@pytest.mark.parametrize("user_id", ["u1", "u3", "u4", "u5", "new", "later", "nobody"])
@pytest.mark.parametrize("item_id", ["i2", "i3", "i7", "i20", "i40"])
def test_why_is_as_over_http(folder: Path, client: FlaskClient, user_id: str, item_id: str) -> None:
    options = ("-k", 5, "--diversity", 0.5, "--cluster", 1, "--exclude", "i40", "--filter", "year>=1995")
    asked = "k=5&diversity=0.5&cluster=1&exclude=i40&filter=year>=1995"
    for given, query in (((), ""), (options, asked), (("--include-seen",), "include_seen=true")):
        theirs = client.get(f"/why?user_id={user_id}&item_id={item_id}&{query}").json
        assert shown(folder, "why", user_id, item_id, *given) == theirs


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("similar", "i8", "-k", 48), "/similar/i8?k=48", None),
        (
            ("search", "Title", "--mode", "keyword", "--user", "u5", "-k", 48),
            "/search?mode=keyword&q=Title&user_id=u5&k=48",
            None,
        ),
        (("clusters",), "/clusters", None),
        (("clusters", 0, "-k", 40), "/clusters/0?k=40", None),
        (("segments", 1, "-k", 40), "/segments/1?k=40", None),
        (("directions",), "/directions", None),
        (
            ("query", "--like", "i1", "--like-user", "u5", "-k", 48),
            "/query",
            {"positive": [{"item_id": "i1"}, {"user_id": "u5"}], "k": 48},
        ),
        (
            ("chat", "something like Title 8", "--user", "u5", "-k", 40),
            "/chat",
            {"messages": [{"role": "user", "content": "something like Title 8"}], "user_id": "u5", "k": 40},
        ),
    ],
)
def test_other_commands_are_as_over_http(
    folder: Path, client: FlaskClient, words: tuple[object, ...], path: str, body: dict[str, object] | None
) -> None:
    theirs = client.get(path) if body is None else client.post(path, json=body)
    assert theirs.status_code == 200, theirs.json
    assert shown(folder, *words) == theirs.json


def test_a_deleted_user_is_no_example(folder: Path) -> None:
    assert "nothing is known of user 'u3'" in str(run(folder, "query", "--like-user", "u3").exception)


@pytest.mark.parametrize("options", [(), ("--exact",), ("--popularity-penalty", 0.4)])
def test_lists_of_all_users_are_those_of_each(folder: Path, tmp_path: Path, options: tuple[object, ...]) -> None:
    done = run(folder, "recommend", "--users", "all", "-k", 50, "--output", tmp_path / "all.csv", *options)
    assert done.exit_code == 0, done.exception
    assert f"32 users in {tmp_path}/all.csv (model " in done.stderr
    assert f", events of {folder}/events.sqlite)" in done.stderr
    lists: dict[str, list[str]] = {}
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lists.setdefault(row["user_id"], []).append(row["item_id"])
    trained = [f"u{num}" for num in range(30) if num != 3]
    assert [*lists] == [*trained, "new", "back", "later"]
    for user_id in ("u1", "u4", "u5", "u29", "new", "later"):
        alone = shown(folder, "recommend", user_id, "-k", 50, *options)
        assert lists[user_id] == [item["item_id"] for item in alone["items"]], user_id


def test_of_a_file_of_users_the_deleted_are_unknown(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("u3\nu4\nnew\nnobody\n")
    words = ("--users", tmp_path / "users.txt", "--output", tmp_path / "some.csv")
    done = run(folder, "recommend", *words)
    assert "2 unknown users (first 'u3') got the popular items" in done.stderr


def test_rank_counts_events_and_scores_neither_deleted_users_nor_hidden_items(
    folder: Path, client: FlaskClient, tmp_path: Path
) -> None:
    pairs = [("u3", "i1"), ("u5", "i7"), ("u5", "i30"), ("u1", "i30"), ("new", "i30"), ("later", "i30")]
    (tmp_path / "pairs.csv").write_text("user_id,item_id\n" + "".join(f"{user},{item}\n" for user, item in pairs))
    done = run(folder, "rank", "--input", tmp_path / "pairs.csv", "--output", tmp_path / "scored.csv")
    assert "2 with an unknown user (the first is 'u3'), 1 with an unknown item (the first is 'i7')" in done.stderr
    scores = [line.split(",")[2] for line in (tmp_path / "scored.csv").read_text().splitlines()[1:]]
    assert scores[0] == scores[1] == scores[5] == ""
    for (user, _), score in list(zip(pairs, scores, strict=True))[2:5]:
        theirs: Any = client.post("/rank", json={"user_id": user, "item_ids": ["i30"]}).json
        assert float(score) == pytest.approx(theirs["items"][0]["score"], abs=1e-5)


@pytest.mark.parametrize("suffix", ["csv", "svg", "html"])
def test_a_map_has_no_hidden_item(folder: Path, tmp_path: Path, suffix: str) -> None:
    drawn = []
    for events in ("events.sqlite", ""):
        done = run(folder, "map", "--output", tmp_path / f"map.{suffix}", events=events)
        assert done.exit_code == 0, done.exception
        drawn.append((tmp_path / f"map.{suffix}").read_text())
    with_events, alone = drawn
    if suffix == "svg":
        assert "Map of 49 items" in alone
        assert "Map of 45 items" in with_events
    else:
        assert "Title 9" in alone
        assert "Title 9" not in with_events


@pytest.mark.parametrize("events", ["", "missing.sqlite"])
def test_without_a_store_the_model_answers_alone(folder: Path, events: str) -> None:
    done = run(folder, "recommend", "u3", events=events)
    assert "u3: personalized (model 20261123T120000Z-" in done.stdout
    assert "events of" not in done.stdout
    assert done.stderr == ""
    assert not (folder / "missing.sqlite").exists()


def test_the_answer_names_the_store(folder: Path) -> None:
    assert f", events of {folder}/events.sqlite)" in run(folder, "similar", "i8").stdout


@pytest.mark.parametrize("events", ["text", "folder", "postgresql://me:secret@127.0.0.1:1/db"])
def test_a_store_that_cannot_be_read_is_an_error_with_the_way_out(folder: Path, events: str) -> None:
    (folder / "text").write_text("this is no database, and long enough to see that")
    (folder / "folder").mkdir(exist_ok=True)
    done = run(folder, "recommend", "u3", events=events)
    assert isinstance(done.exception, EventStoreError)
    assert str(done.exception).endswith(REMEDY)
    assert "secret" not in str(done.exception)
    assert done.output == ""


def test_a_missing_store_of_the_training_is_a_warning(tmp_path: Path) -> None:
    made = factories.model()
    header = factories.header(made).model_copy(update={"events": EventsInfo(store_id="one")})
    Store(tmp_path / "store").publish(made, header, factories.NOON)
    done = run(tmp_path, "similar", "i8", "--json")
    assert done.stderr.startswith(f"warning: there is no event store {tmp_path}/events.sqlite, with which")
    assert len(done.stderr.splitlines()) == 1
    assert json.loads(done.stdout)["items"]


def test_unknown_ids_name_near_ones_but_no_deleted_user(folder: Path, client: FlaskClient, tmp_path: Path) -> None:
    assert (
        "U5: popular, nothing is known of this user; did you mean 'u5'? (model" in run(folder, "recommend", "U5").stdout
    )
    done = run(folder, "recommend", "U5", "--json")
    assert done.stderr == "nothing is known of user 'U5'; did you mean 'u5'?\n"
    assert "did you mean" not in run(folder, "recommend", "U3").output
    assert "did you mean 'i8'?" in str(run(folder, "similar", "I8").exception)
    assert "user 'U5'; did you mean 'u5'?" in str(run(folder, "query", "--like-user", "U5").exception)
    assert "of U5; did you mean 'u5'?" in run(folder, "search", "Title", "--mode", "keyword", "--user", "U5").stdout
    (tmp_path / "users.txt").write_text("U5\n")
    done = run(folder, "recommend", "--users", tmp_path / "users.txt", "--output", tmp_path / "some.csv")
    assert "1 unknown users (first 'U5'; did you mean 'u5'?) got the popular items" in done.stderr
    for path, near in (("/similar/I8", "i8"), ("/users/U5", "u5"), ("/users/U3", "")):
        detail = client.get(path).get_json()["detail"]
        assert (f"did you mean '{near}'?" in detail) if near else ("did you mean" not in detail)
    for user_id, near in (("U5", True), ("U3", False)):
        answer: Any = client.post("/query", json={"positive": [{"user_id": user_id}]}).json
        assert (f"did you mean 'u{user_id[1]}'?" in answer["detail"]) == near
