"""A deleted user is nobody at once, after a reload and a rollback, and in the next training; a hidden item is gone at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.events.records import EventsInfo, ReceivedEvent
from recsys.events.store import EventStore
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories
from tests.support.faults.live import Live, live, until
from tests.support.files import table
from tests.support.sample import small
from training import pipeline
from training.cli import build_time
from training.run import TrainingRun

USER, OTHER, VIEWER, NOBODY = "u0003", "u0004", "u0005", "nobody at all"
ITEM = "a-fistful-of-dollars-1964"
TIMES_ASKED = 12  # so that each of two workers answers some
VERSION = "20261123T120000Z-0000"


@dataclass(frozen=True)
class Loop:
    """Training, store and event store of one service."""

    config: Config
    events: EventStore
    store: Store

    def train(self) -> TrainingRun:
        with threadpool_limits(1):
            return pipeline.train(self.config, Stages(quiet=True))

    def publish(self, trained: TrainingRun) -> str:
        return self.store.publish(trained.model, trained.header, build_time.now())


def make_loop(folder: Path) -> Loop:
    """Return the first forty users of the sample and two events."""
    lines = (factories.SAMPLE / "interactions.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:] if line.split(",")[0] <= "u0040"]
    path = table(folder / "i.csv", rows, lines[0].split(","))
    where = str(folder / "events.sqlite")
    events = EventStore.open(where)
    events.add([ReceivedEvent(USER, ITEM, "watch", event_id="first"), ReceivedEvent(OTHER, ITEM, "watch")])
    config = small(path, store={"events": where}, evaluate={"gate": False})
    return Loop(config, events, Store(folder / "store"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Loop, Live]]:
    """Two versions of one model, the later of which two workers serve."""
    folder = tmp_path_factory.mktemp("served")
    loop = make_loop(folder)
    trained = loop.train()
    for _ in range(2):
        loop.publish(trained)
    with live(loop.store, folder, f"store.events={loop.config.store.events}") as server:
        yield loop, server


def shown(body: Any) -> list[tuple[str, float]]:
    return [(one["item_id"], one["score"]) for one in body["items"]]


def check_nobody(server: Live, user: str = USER) -> None:
    """Every worker answers as for somebody who never came."""
    unknown = server.ask(f"/recommend/{NOBODY.replace(' ', '%20')}").json
    assert (unknown["strategy"], unknown["fallback"]) == ("popular", True)
    for _ in range(TIMES_ASKED):
        answer = server.ask(f"/recommend/{user}").json
        assert (answer["strategy"], answer["fallback"], shown(answer)) == ("popular", True, shown(unknown))
        assert server.ask(f"/users/{user}").status == 404
    assert server.ask(f"/recommend/{OTHER}").json["strategy"] == "personalized"


@pytest.mark.slow
def test_a_deleted_user_is_nobody_from_now_on(served: tuple[Loop, Live]) -> None:
    loop, server = served
    old, new = loop.store.versions()
    assert server.ask(f"/recommend/{USER}").json["strategy"] == "personalized"
    assert server.ask(f"/users/{USER}", "DELETE").status == 204
    check_nobody(server)
    loop.store.rollback(old)
    until(lambda: server.serves(old), "the old model serves")
    check_nobody(server)
    loop.store.rollback(new)
    until(lambda: server.serves(new), "the newer model serves")
    check_nobody(server)
    assert {USER, OTHER} <= {*loop.store.load().model.users}
    without = loop.publish(loop.train())
    until(lambda: server.serves(without), "the newest model serves")
    check_nobody(server)
    assert {USER, OTHER} & {*loop.store.load().model.users} == {OTHER}
    loop.events.add([ReceivedEvent(USER, "snatch-2000", "watch")])
    assert server.ask(f"/recommend/{USER}").json["strategy"] == "fold_in"
    assert server.ask(f"/users/{USER}", "DELETE").status == 204
    check_nobody(server)


@pytest.mark.slow
def test_a_hidden_item_is_gone_on_every_worker_at_once(served: tuple[Loop, Live]) -> None:
    _, server = served
    for path in (f"/recommend/{VIEWER}?k=5", f"/recommend/{OTHER}?k=5", f"/similar/{ITEM}?k=5", "/popular?k=5"):
        for _ in range(3):
            first = shown(server.ask(path).json)[0][0]
            assert server.ask(f"/items/{first}/hidden", "PUT").status == 204
            for _ in range(TIMES_ASKED):
                items = [item for item, _ in shown(server.ask(path).json)]
                assert (len(items), first in items) == (5, False)


def answered(where: str, folder: Path, known: EventsInfo) -> str:
    """The strategy of one worker, whose model says what it knows."""
    recommender = Recommender(factories.model(), VERSION, known)
    answer = create_app(Settings(folder / "store", where), recommender).test_client().get("/recommend/u1")
    body: Any = answer.json
    return str(body["strategy"])


def test_a_deletion_counts_for_every_model_that_was_trained_before_it(tmp_path: Path) -> None:
    where = str(tmp_path / "events.sqlite")
    with EventStore.open(where) as events:
        events.add([ReceivedEvent("u1", "i1")])
        before = EventsInfo(**vars(events.watermark()))
        assert answered(where, tmp_path, before) == "personalized"
        events.forget("u1")
        for known in (
            EventsInfo(),
            before,
            EventsInfo(store_id="of another store", through=10**6, forgotten_through=10**6),
        ):
            assert answered(where, tmp_path, known) == "popular"


def test_control_a_model_that_claims_to_know_of_the_deletion_answers_from_the_old_data(tmp_path: Path) -> None:
    where = str(tmp_path / "events.sqlite")
    with EventStore.open(where) as events:
        events.forget("u1")
        assert answered(where, tmp_path, EventsInfo(**vars(events.watermark()))) == "personalized"


@pytest.mark.slow
def test_the_watermark_is_in_the_bundle_and_the_same_events_give_the_same_bytes(tmp_path: Path) -> None:
    loop = make_loop(tmp_path)

    def bundle() -> dict[str, Any]:
        manifest = loop.store.verify(loop.publish(loop.train()))
        known = {name: info.sha256 for name, info in manifest.files.items()}
        return {"events": manifest.events, "data": manifest.data_sha256, "files": known}

    first = bundle()
    mark = loop.events.watermark()
    assert first["events"] == EventsInfo(weights={"watch": 1.0, "like": 2.0}, **vars(mark))
    assert first == bundle()
    loop.events.add([ReceivedEvent("somebody new", "snatch-2000", "watch")])
    second = bundle()
    assert second["events"].through == mark.through + 1
    assert first["data"] != second["data"]
