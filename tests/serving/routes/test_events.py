"""POST /events and hidden items over HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from recsys.config import ServeConfig
from recsys.events.impressions import ShownList
from recsys.events.records import EventsInfo, ReceivedEvent
from recsys.events.store import EventStore
from recsys.events.timestamps import seconds
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.schemas.events import MOMENT_PATTERN
from serving.settings import Settings
from tests.serving.conftest import VERSION, strict_json

MINIMAL = {"user_id": "u1", "item_id": "i9"}
COUNTS, RATINGS = EventsInfo(), EventsInfo(threshold=3.0)
LISTS = ("/recommend/u1?k=50", "/recommend/nobody?k=50", "/similar/i3?k=50", "/popular?k=50")
TYPES = EventsInfo(weights={"watch": 1.0, "like": 2.5, "skip": 0.0})


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "events.sqlite")


def service(where: str, model: Model | None, events: EventsInfo = COUNTS, **serve: Any) -> FlaskClient:
    """One worker."""
    recommender = None if model is None else Recommender(model, VERSION, events)
    settings = Settings(Path(where).parent / "store", where, ServeConfig(**serve))
    return create_app(settings, recommender).test_client()


@pytest.fixture
def client(where: str, model: Model) -> FlaskClient:
    return service(where, model)


def stored(where: str) -> list[tuple[Any, ...]]:
    with EventStore.open(where) as store:
        return [(one.user_id, *vars(one.event).values()) for chunk in store.since() for one in chunk]


def refused(response: TestResponse, status: int) -> str:
    """The detail of a problem."""
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    body: Any = strict_json(response.text)
    return str(body["detail"])


def counts(answer: TestResponse) -> tuple[int, int, int]:
    body: Any = answer.json
    return body["accepted"], body["duplicates"], body["unknown_items"]


def listed(client: FlaskClient, path: str) -> dict[str, Any]:
    """A list without its own id."""
    body: Any = client.get(path).json
    return {**body, "recommendation_id": None}


def sent(client: FlaskClient, *events: dict[str, Any]) -> list[str]:
    """Send events; return their ids."""
    body: Any = client.post("/events", json=events).json
    return list(body["event_ids"])


def test_one_event_and_a_list_of_events_are_accepted(client: FlaskClient, where: str) -> None:
    answer = client.post("/events", json=MINIMAL)
    assert (answer.status_code, counts(answer)) == (202, (1, 0, 0))
    full = {
        "event_id": "e1",
        "user_id": "new",
        "item_id": "no such item",
        "event": "like",
        "value": 2.5,
        "timestamp": 1_700_000_000,
        "recommendation_id": "0" * 32,
    }
    answer = client.post("/events", json=[full, full, MINIMAL])
    assert (answer.status_code, counts(answer)) == (202, (2, 1, 2))
    assert stored(where)[1] == ("new", "no such item", "like", 2.5, 1_700_000_000)
    assert counts(client.post("/events", json=full)) == (0, 1, 1)
    assert client.post("/events", json=[]).json == {
        "accepted": 0,
        "duplicates": 0,
        "unknown_items": 0,
        "event_ids": [],
    }


def test_the_next_list_counts_the_event(client: FlaskClient) -> None:
    before = client.get("/recommend/u1?k=50").json
    assert before is not None
    target = before["items"][0]["item_id"]
    client.post("/events", json={"user_id": "u1", "item_id": target})
    after = client.get("/recommend/u1?k=50").json
    assert after is not None
    assert target not in [one["item_id"] for one in after["items"]]
    assert (before["strategy"], after["strategy"]) == ("personalized", "fold_in")


@pytest.mark.parametrize(
    "moment", [1_700_000_000, 1_700_000_000.9, 1_700_000_000_000, "2023-11-14T22:13:20Z", "2023-11-14 23:13:20+01:00"]
)
def test_spellings_of_a_moment(client: FlaskClient, where: str, moment: float | str) -> None:
    assert client.post("/events", json={**MINIMAL, "timestamp": moment}).status_code == 202
    assert stored(where)[0][-1] == 1_700_000_000


BAD: list[tuple[Any, str]] = [
    (5, "the body is 5: it must be an object"),
    ([5], r"\[0\] is 5: it must be an object"),
    ({}, "user_id is missing"),
    ({"user_id": "u"}, "item_id is missing"),
    ([MINIMAL, {"user_id": "u"}], r"\[1\]\.item_id is missing"),
    ({**MINIMAL, "usr": 1}, "there is no key 'usr'; did you mean 'user_id'"),
    ({**MINIMAL, "value": None}, "the key 'value' is null; leave it out"),
    ({**MINIMAL, "user_id": ""}, "user_id"),
    ({**MINIMAL, "user_id": 5}, "user_id is 5: input should be a valid string"),
    ({**MINIMAL, "item_id": "a\0b"}, "item_id"),
    ({**MINIMAL, "item_id": "x" * 513}, "item_id"),
    ({**MINIMAL, "event_id": "x" * 513}, "event_id"),
    ({**MINIMAL, "event_id": ""}, "event_id"),
    ({**MINIMAL, "event": ["like"]}, "event is a list of 1"),
    ({**MINIMAL, "value": "5"}, 'value is "5": input should be a valid number'),
    ({**MINIMAL, "value": True}, "value is true"),
    ({**MINIMAL, "value": 1.1e15}, "value is 1100000000000000.0"),
    ({**MINIMAL, "value": -1}, "value is -1; this model counts, and a count is not negative"),
    ([MINIMAL, {**MINIMAL, "value": -1}], r"\[1\]\.value is -1"),
    *(
        ({**MINIMAL, "timestamp": one}, "timestamp is .*(must be a moment|input should be a valid number)")
        for one in (-1, 4_102_444_800, 1e14, "yesterday", "2100-01-01", "9999-12-31T23:59:59Z", "", True, [])
    ),
]


@pytest.mark.parametrize(("body", "message"), BAD)
def test_what_is_wrong_is_named_and_nothing_is_stored(client: FlaskClient, where: str, body: Any, message: str) -> None:
    assert re.search(message, refused(client.post("/events", json=body), 422))
    assert stored(where) == []


@pytest.mark.parametrize(
    "raw", [b'{"user_id": "\\ud83e", "item_id": "i"}', b'{"user_id": "u", "item_id": "i", "value": NaN}']
)
def test_what_is_no_json_is_refused(client: FlaskClient, where: str, raw: bytes) -> None:
    refused(client.post("/events", data=raw, content_type="application/json"), 400)
    assert stored(where) == []


def test_a_value_of_a_rating_may_be_negative(where: str, model: Model) -> None:
    assert service(where, model, RATINGS).post("/events", json={**MINIMAL, "value": -1}).status_code == 202


def test_a_type_must_have_a_weight(where: str, model: Model) -> None:
    client = service(where, model, TYPES)
    detail = refused(client.post("/events", json=[MINIMAL, {**MINIMAL, "event": "lke"}]), 422)
    assert detail == "[1].event is 'lke', a type that has no weight in the model; did you mean 'like'?"
    detail = refused(client.post("/events", json={**MINIMAL, "event": "?"}), 422)
    assert detail == "event is '?', a type that has no weight in the model; known are like, skip, watch"
    assert client.post("/events", json=[{**MINIMAL, "event": "skip"}, MINIMAL]).status_code == 202


def test_a_model_without_types_takes_any(client: FlaskClient) -> None:
    assert client.post("/events", json={**MINIMAL, "event": "anything"}).status_code == 202


def test_events_are_taken_before_there_is_a_model(where: str) -> None:
    answer = service(where, None).post("/events", json={**MINIMAL, "event": "anything", "value": -1})
    assert (answer.status_code, counts(answer)) == (202, (1, 0, 0))


def test_a_list_has_a_longest(where: str, model: Model) -> None:
    client = service(where, model, max_batch=3)
    assert client.post("/events", json=[MINIMAL] * 3).status_code == 202
    detail = refused(client.post("/events", json=[MINIMAL] * 4), 422)
    assert detail == "the body is a list of 4 events; send at most 3 at once"


def test_a_dislike_keeps_an_item_out_of_lists_and_a_skip_does_not(where: str, model: Model) -> None:
    client = service(where, model, EventsInfo(weights={"watch": 1.0, "dislike": -1.0, "skip": -0.2}))
    first, second, *_ = shown(client, "/recommend/u1?k=50")
    for item, event in ((first, "dislike"), (second, "skip")):
        assert client.post("/events", json={"user_id": "u1", "item_id": item, "event": event}).status_code == 202
    for path in ("/recommend/u1?k=50", "/recommend/u1?k=50&include_seen=true"):
        assert first not in shown(client, path)
        assert second in shown(client, path)
    why = client.get(f"/why?user_id=u1&item_id={first}&include_seen=true")
    assert why.json is not None
    assert why.json["reasons"][0]["kind"] == "seen"
    user = client.get("/users/u1").json
    assert user is not None
    weights = {item["item_id"]: item["weight"] for item in user["disliked"]}
    assert (weights[first], weights[second]) == (-1.0, -0.2)


def test_an_event_has_an_id_by_which_it_can_be_undone(where: str, model: Model) -> None:
    first, second = service(where, model), service(where, model)
    before = {path: listed(first, path) for path in LISTS}
    given, made, other = sent(first, {**MINIMAL, "event_id": "mine"}, MINIMAL, {**MINIMAL, "item_id": "i8"})
    assert given == "mine"
    assert len({given, made, other}) == 3
    latest: Any = second.get("/events").json
    assert [(one["event_id"], one["item_id"]) for one in latest["events"]] == [
        (other, "i8"),
        (made, "i9"),
        ("mine", "i9"),
    ]
    changed = shown(second, LISTS[0])
    for one in (made, other, made):
        answer = second.delete(f"/events/{one}")
        assert (answer.status_code, answer.data) == (204, b"")
    user: Any = first.get("/users/u1").json
    assert [event["event_id"] for event in user["events"]] == ["mine"]
    assert first.delete("/events/mine").status_code == 204
    assert changed != shown(second, LISTS[0])
    assert {path: listed(second, path) for path in LISTS} == before
    assert stored(where) == []
    assert counts(second.post("/events", json={**MINIMAL, "event_id": made})) == (0, 1, 0)


def test_an_unknown_event_cannot_be_undone(client: FlaskClient) -> None:
    for one in ("no such", "a%00b", "x" * 600, "a/b"):
        assert refused(client.delete(f"/events/{one}"), 404) == "no event has this id"


TYPED = EventsInfo(weights={"watch": 1.0, "buy": 5.0, "dislike": -1.0, "skip": -0.2})


@given(
    st.lists(
        st.tuples(st.sampled_from(["u1", "new"]), st.integers(0, 49), st.sampled_from([*TYPED.weights])),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
def test_a_list_after_an_undo_is_the_list_before_the_event(
    typed: FlaskClient, given: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """With any events before and after it, which stay."""
    events = [{"user_id": user, "item_id": f"i{item}", "event": event} for user, item, event in given]
    place = data.draw(st.integers(0, len(events) - 1))
    paths = [
        f"/recommend/{user}?k=20&explain=true{more}" for user in ("u1", "new") for more in ("", "&include_seen=true")
    ]

    def lists() -> list[Any]:
        return [listed(typed, path) for path in paths]

    kept = sent(typed, *events[:place], *events[place + 1 :])
    before = lists()
    (gone,) = sent(typed, events[place])
    assert typed.delete(f"/events/{gone}").status_code == 204
    assert lists() == before
    for one in kept:
        typed.delete(f"/events/{one}")


@pytest.fixture
def typed(where: str, model: Model) -> FlaskClient:
    return service(where, model, TYPED)


def test_an_undone_event_of_the_training_data_is_no_longer_seen(where: str, model: Model) -> None:
    with EventStore.open(where) as store:
        store.add([ReceivedEvent("u1", "i2", event_id="trained")])
        mark = store.watermark()
    client = service(where, model, EventsInfo(**vars(mark)))
    assert "i2" not in shown(client, LISTS[0])
    assert client.delete("/events/trained").status_code == 204
    assert "i2" in shown(client, LISTS[0])
    why: Any = client.get("/why?user_id=u1&item_id=i2&k=50").json
    assert (why["listed"], why["reasons"]) == (True, [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/events"),
        ("DELETE", "/events/e1"),
        ("PUT", "/items/i1/hidden"),
        ("DELETE", "/items/i1/hidden"),
        ("DELETE", "/users/u1"),
    ],
)
def test_without_an_event_store_there_is_a_clear_conflict(model: Model, tmp_path: Path, method: str, path: str) -> None:
    client = create_app(Settings(tmp_path, ""), Recommender(model, VERSION)).test_client()
    body = {"json": MINIMAL} if method == "POST" else {}
    assert "set store.events" in refused(client.open(path, method=method, **body), 409)


def shown(client: FlaskClient, path: str) -> list[str]:
    body = client.get(path).json
    assert body is not None
    return [one["item_id"] for one in body["items"]]


@pytest.mark.parametrize("path", LISTS)
def test_a_hidden_item_is_in_no_list_of_any_worker(where: str, model: Model, path: str) -> None:
    first, second = service(where, model), service(where, model)
    before = shown(second, path)
    assert "i7" in before
    assert first.put("/items/i7/hidden").status_code == 204
    assert shown(second, path) == shown(first, path) == [one for one in before if one != "i7"]
    assert second.delete("/items/i7/hidden").status_code == 204
    assert shown(first, path) == before


@pytest.mark.parametrize("item", ["a/b", "a%2Fhidden", "hidden", "%F0%9F%8E%AC", "no such item"])
def test_any_item_may_be_hidden(client: FlaskClient, where: str, item: str) -> None:
    answer = client.put(f"/items/{item}/hidden")
    assert (answer.status_code, answer.data) == (204, b"")
    with EventStore.open(where) as store:
        assert len(store.hidden()) == 1
        client.delete(f"/items/{item}/hidden")
        assert len(store.hidden()) == 0


def test_an_id_that_cannot_be_kept_cannot_be_hidden(client: FlaskClient) -> None:
    assert "holds a NUL" in refused(client.put("/items/a%00b/hidden"), 400)
    assert "characters long" in refused(client.put(f"/items/{'x' * 600}/hidden"), 400)


def test_a_user_who_is_deleted_is_nobody_on_every_worker(where: str, model: Model) -> None:
    first, second = service(where, model), service(where, model)
    second.post("/events", json={**MINIMAL, "event_id": "e"})
    assert second.get("/recommend/u1").json["strategy"] == "fold_in"  # type: ignore[index]
    assert first.delete("/users/u1").status_code == 204
    assert shown(second, "/recommend/u1?k=50") == shown(second, "/recommend/nobody?k=50")
    assert second.get("/users/u1").status_code == 404
    assert second.post("/events", json={**MINIMAL, "event_id": "e"}).json["duplicates"] == 1  # type: ignore[index]


@given(
    st.datetimes(datetime(1971, 1, 2), datetime(2098, 12, 31)),
    st.integers(-14 * 60 - 59, 14 * 60 + 59),
    st.booleans(),
)
def test_the_document_describes_every_moment(naive: datetime, minutes: int, fraction: bool) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.isoformat(timespec="microseconds" if fraction else "seconds")
    assert re.search(MOMENT_PATTERN, text)
    assert seconds(text) == int(moment.timestamp())


@given(st.from_regex(MOMENT_PATTERN.replace("$", r"\Z"), fullmatch=True, alphabet=st.characters(max_codepoint=127)))
def test_every_moment_of_the_document_is_one(text: str) -> None:
    found = seconds(text)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).year in range(1970, 2100)


def test_a_guest_becomes_a_user(client: FlaskClient) -> None:
    client.post("/events", json=[{"user_id": "guest-1", "item_id": "i20"}, {"user_id": "guest-1", "item_id": "i21"}])
    as_guest = client.get("/recommend/guest-1?k=5").json["items"]
    merged = client.post("/users/new-user/merge", json={"from": "guest-1"})
    assert merged.json == {"user_id": "new-user", "events": 2}
    assert client.get("/recommend/new-user?k=5").json["items"] == as_guest
    assert client.get("/recommend/guest-1").json["fallback"] is True
    refused = client.post("/users/new-user/merge", json={"form": "guest-1"})
    assert refused.status_code == 422
    assert "there is no key 'form'; did you mean 'from'" in refused.json["detail"]


def test_impressions_are_stored_apart_and_change_no_list(client: FlaskClient, where: str) -> None:
    before = [listed(client, path) for path in LISTS]
    impression = {"user_id": "nobody", "item_id": "i9", "event": "impression"}
    when = int(datetime.now(UTC).timestamp()) - 100
    full = {**impression, "event_id": "1", "recommendation_id": "0" * 32, "position": 11, "timestamp": when}
    answer = client.post("/events", json=[full, full, impression, {**impression, "item_id": "new"}])
    assert (answer.status_code, counts(answer)) == (202, (3, 1, 1))
    assert client.get("/events").json == {"events": []}
    assert client.get("/users/nobody").status_code == 404
    assert [listed(client, path) for path in LISTS] == before
    assert stored(where) == []
    with EventStore.open(where) as store:
        shown = store.impressions.of_user("nobody")
    assert [one.item_ids for one in shown] == [("new",), ("i9",), ("i9",)]
    assert shown[2] == ShownList("nobody", ("i9",), when, "0" * 32, 11)
    assert client.delete("/events/1").status_code == 204
    assert client.delete("/users/nobody").status_code == 204
    with EventStore.open(where) as store:
        assert store.impressions.of_user("nobody") == []


def test_an_impression_needs_no_weight_in_the_model(where: str, model: Model) -> None:
    client = service(where, model, TYPES)
    assert client.post("/events", json={**MINIMAL, "event": "impression"}).status_code == 202
    assert "a type that has no weight" in refused(client.post("/events", json={**MINIMAL, "event": "shown"}), 422)


@pytest.mark.parametrize("position", [0, -1, 1.5, "3", True])
def test_a_position_counts_from_one(client: FlaskClient, position: object) -> None:
    answer = client.post("/events", json={**MINIMAL, "event": "impression", "position": position})
    assert refused(answer, 422).startswith("position")


def test_impressions_are_kept_as_long_as_configured(where: str, model: Model) -> None:
    client = service(where, model, keep_impressions_days=1)
    shown = {**MINIMAL, "event": "impression"}
    client.post("/events", json={**shown, "timestamp": 1_700_000_000})
    client.post("/events", json=shown)
    with EventStore.open(where) as store:
        (left,) = store.impressions.of_user("u1")
    assert left.timestamp > 1_700_000_000
