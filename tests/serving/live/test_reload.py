"""A worker follows the link of the store: what it serves, what it refuses, and when it tries again."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import pytest

from recsys.bundle.canary import CanaryError
from recsys.bundle.store import CURRENT, Store
from recsys.errors import BundleError
from recsys.recommend.recommender import Recommender
from serving.errors import NotReadyError
from serving.live.reload import RETRY_SECONDS, Reloader
from serving.live.serving_model import Serving, ServingModel
from serving.live.verdicts import Verdicts
from tests.support.faults.workers import Worker, publish

PATIENCE = 60.0


@pytest.fixture
def worker(full: Store) -> Worker:
    """Over three versions, of which the newest serves."""
    worker = Worker(full)
    assert worker.look() == full.versions()[-1]
    return worker


# --- what it serves


def test_publish_and_rollback_are_followed(worker: Worker) -> None:
    for _ in range(3):
        version = publish(worker.store, "d", 9)
        assert worker.look() == version == worker.model.get().model_version
        older = worker.store.rollback()
        assert worker.look() == older
    assert worker.outcomes == ["loaded"] * 7


def test_a_look_at_the_same_link_does_nothing(worker: Worker) -> None:
    first = worker.model.get()
    for _ in range(5):
        worker.look()
    assert worker.model.get() is first
    assert (len(worker.tried), worker.outcomes) == (1, ["loaded"])


def test_a_switch_to_what_serves_already_does_nothing(worker: Worker) -> None:
    first = worker.model.get()
    worker.point(first.model_version)
    worker.look()
    assert worker.model.get() is first
    assert worker.outcomes == ["loaded"]


def test_without_a_model_the_first_publish_makes_it_ready(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(store)
    for _ in range(3):
        assert worker.look() == ""
    with pytest.raises(NotReadyError, match="no model answers yet"):
        worker.model.get()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    version = publish(store, "a", 0)
    assert worker.look() == version


def test_a_link_that_is_gone_leaves_the_old_model(worker: Worker) -> None:
    served = worker.model.version
    (worker.store.path / CURRENT).unlink()
    assert worker.look() == served
    version = publish(worker.store, "d", 9)
    assert worker.look() == version


@pytest.mark.parametrize("target", ["/etc", "elsewhere", ".."])
def test_a_link_that_is_not_ours_leaves_the_old_model(
    worker: Worker, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    served = worker.model.version
    worker.point(target)
    for _ in range(3):
        assert worker.look() == served
    assert [f"points to '{target}', which is not a version" in message for message in caplog.messages] == [True]
    worker.point(worker.store.versions()[0])
    assert worker.look() == worker.store.versions()[0]


def test_a_pruned_model_answers_on(worker: Worker) -> None:
    served = worker.model.get()
    before = served.recommend("cu0").items
    publish(worker.store, "d", 9)
    worker.store.prune(1)
    assert served.recommend("cu0").items == before
    worker.look()
    assert served.recommend("cu0").items == before


def test_the_old_model_is_freed_when_its_last_request_ends(worker: Worker) -> None:
    in_flight = worker.model.get()
    watched = weakref.ref(in_flight)
    publish(worker.store, "d", 9)
    worker.look()
    assert watched() is in_flight
    assert {item.item_id[0] for item in in_flight.recommend("cu0").items} == {"c"}
    del in_flight
    gc.disable()  # by its last reference, not by the collector
    try:
        assert watched() is None
    finally:
        gc.enable()


def test_who_asked_is_told_of_each_swap_and_one_that_fails_stops_nobody(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    told = list[str]()

    def fails(_: Serving) -> None:
        raise ValueError("a user")

    worker.model.on_swap(lambda serving: told.append(serving.version))
    worker.model._callbacks.insert(0, fails)
    served = worker.model.version
    version = publish(worker.store, "d", 9)
    assert worker.look() == version
    assert told == [served, version]
    assert caplog.messages == [f"a callback of the swap to model {version} failed"]


def test_the_version_that_a_request_used_is_known_by_its_thread(worker: Worker) -> None:
    worker.model.used()
    assert worker.model.used() == ""
    served = worker.model.get().model_version
    other = list[str]()
    thread = threading.Thread(target=lambda: other.append(worker.model.used()))
    thread.start()
    thread.join(PATIENCE)
    publish(worker.store, "d", 9)
    worker.look()
    assert (worker.model.used(), worker.model.used(), other) == (served, "", [""])


# --- promise 11: what it refuses


def test_a_refused_version_leaves_the_old_one_and_is_not_tried_again(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    served = worker.model.version
    bad = publish(worker.store, "d", 9)
    worker.says[bad] = BundleError("it is bad")
    for _ in range(5):
        worker.now += 2 * RETRY_SECONDS
        assert worker.look() == served
    assert worker.tried.count(bad) == 1
    assert worker.outcomes == ["loaded", "refused"]
    assert caplog.messages == [f"model refused: it is bad; model {served} serves on"]


def test_a_refused_version_is_tried_again_when_the_link_is_switched(worker: Worker) -> None:
    served = worker.model.version
    bad = publish(worker.store, "d", 9)
    worker.says[bad] = BundleError("it is bad")
    worker.look()
    worker.point(bad)
    assert worker.look() == served
    worker.point(served)
    assert worker.look() == served
    worker.point(bad)
    assert worker.look() == served
    assert worker.tried.count(bad) == 3
    assert worker.outcomes == ["loaded", *["refused"] * 3]
    worker.says.clear()
    worker.point(bad)
    assert worker.look() == bad


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "no manifest"])
def test_a_damaged_version_is_refused_by_the_canary_itself(full: Store, damage: str) -> None:
    model, outcomes = ServingModel(), list[str]()
    reloader = Reloader(full, model, Verdicts(None), outcomes.append)
    reloader.poll()
    served = model.version
    bad = full.folder(publish(full, "d", 9))
    path = bad / "model.safetensors"
    if damage == "gone":
        bad.rename(full.path / "elsewhere")
    elif damage == "no manifest":
        (bad / "manifest.json").unlink()
    else:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b"?" if damage == "flipped" else content[:-1])
    reloader.poll()
    assert (model.version, outcomes) == (served, ["loaded", "refused"])


def test_what_fails_for_another_reason_is_tried_again_after_a_while(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    served = worker.model.version
    other = publish(worker.store, "d", 9)
    for error in (CanaryError("no memory"), CanaryError("no memory"), MemoryError(), ValueError("of a user")):
        worker.says[other] = error
        assert worker.look() == served
        worker.now += RETRY_SECONDS - 1
        assert worker.look() == served
        worker.now += 1
    assert worker.tried.count(other) == 4
    worker.says.clear()
    assert worker.look() == other
    assert worker.outcomes == ["loaded", *["failed"] * 4, "loaded"]
    shown = [message.partition(";")[0] for message in caplog.messages if "serves on" in message]
    assert shown == ["model not loaded: no memory", "model not loaded: MemoryError", "model not loaded: ValueError"]


def test_another_switch_is_followed_at_once_after_a_failure(worker: Worker) -> None:
    worker.says[publish(worker.store, "d", 9)] = CanaryError("no memory")
    worker.look()
    version = publish(worker.store, "e", 10)
    assert worker.look() == version


def test_a_version_whose_answers_fail_is_not_served(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    served = worker.model.version
    publish(worker.store, "d", 9)
    monkeypatch.setattr(Recommender, "recommend", lambda *_, **__: 1 / 0)
    assert worker.look() == served
    assert worker.outcomes == ["loaded", "failed"]


# --- a worker that is replaced


def test_a_worker_that_starts_while_the_current_one_is_refused_serves_what_the_others_serve(
    full: Store, tmp_path: Path
) -> None:
    first = Worker(full, tmp_path)
    served = first.look()
    bad = publish(full, "d", 9)
    first.says[bad] = BundleError("it is bad")
    assert first.look() == served
    second = Worker(full, tmp_path)
    assert second.look() == served
    assert (second.tried, second.outcomes) == ([], ["refused"])
    second.says[bad] = BundleError("it is bad")
    better = publish(full, "e", 10)
    assert (first.look(), second.look()) == (better, better)
    assert (first.tried.count(better), second.tried.count(better)) == (1, 0)


def test_without_others_nothing_older_is_served(full: Store, tmp_path: Path) -> None:
    worker = Worker(full, tmp_path)
    worker.says[full.current()] = BundleError("it is bad")
    assert worker.look() == ""
    assert worker.outcomes == ["refused"]
