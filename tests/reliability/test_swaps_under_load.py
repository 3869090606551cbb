"""Promise 10: swaps under load lose no answer, and every answer is wholly of the model that it names."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.clients import get
from benchmarks.load import Load, Outcome, run
from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.data.catalog import Catalog, Item
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving import app as operation
from serving.app import create_app
from serving.live.serving_model import ServingModel
from serving.live.verdicts import Verdicts
from serving.settings import Settings
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.live import Live, live, until

RATE = 300.0
ROUNDING = 2e-6  # scores are shown with six digits
N_USERS, N_ITEMS = 40, 400
PATHS = [
    *(f"/recommend/u{num}?k=10" for num in range(N_USERS)),
    "/recommend/nobody?k=10",
    *(f"/similar/{prefix}i{num}?k=10" for num in range(0, N_ITEMS, 20) for prefix in "ab"),
]
NAMED = re.compile(r"of model ([^\s;]+)(;|$)")


def known_users(prefix: str, seed: int) -> Model:
    """A model that shares its users with the others, but no item and no vector."""
    model = factories.model(N_USERS, N_ITEMS, seed=seed, annoy=True)
    items = [Item(f"{prefix}{item.item_id}", f"{prefix} {item.title}", item.text) for item in model.catalog]
    return dataclasses.replace(model, catalog=Catalog.from_items(items))


class Judge:
    """Compares every answer with the one of the model that it names."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.truth: dict[str, dict[str, list[tuple[str, str, float]]]] = {}
        self.verdicts: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.first_bad = ""

    def learn(self, version: str) -> None:
        """Remember all answers of a version."""
        recommender = self.store.recommender(version)
        self.truth[version] = {path: answer for path in PATHS if (answer := self._answer(recommender, path))}

    def __call__(self, request: bytes, status: int, body: bytes) -> None:
        path = request.split(b" ", 2)[1].decode()
        verdict = self._verdict(path, status, body)
        self.verdicts[verdict] += 1
        if verdict != "whole" and not self.first_bad:
            self.first_bad = f"{verdict}: {path} {status} {body[:500]!r}"

    def _verdict(self, path: str, status: int, body: bytes) -> str:
        shown = json.loads(body)
        if status == 404:  # an item of the other model
            named = NAMED.search(shown["detail"])
            return "mixed" if named is None or path in self.truth[named[1]] else "whole"
        if status != 200:
            return "failed"
        version = shown["model_version"]
        self.versions[version] += 1
        expected = self.truth[version].get(path, [])
        same = len(shown["items"]) == len(expected) and all(
            item["item_id"] == item_id and item["title"] == title and abs(item["score"] - score) < ROUNDING
            for item, (item_id, title, score) in zip(shown["items"], expected, strict=True)
        )
        return "whole" if same else "mixed"

    @staticmethod
    def _answer(recommender: Recommender, path: str) -> list[tuple[str, str, float]]:
        kind, external_id = path.removesuffix("?k=10").strip("/").split("/")
        if kind == "recommend":
            answer = recommender.recommend(external_id)
        elif external_id in recommender.model.catalog.items:
            answer = recommender.similar_items(external_id)
        else:
            return []
        return [(item.item_id, item.title, item.score) for item in answer.items]


@pytest.fixture
def judged(store: Store) -> Judge:
    """A store of four versions of the two models in turn, of which the last serves."""
    judge = Judge(store)
    models = [known_users("a", 1), known_users("b", 2)]
    for number in range(4):
        judge.learn(bundles.publish(store, models[number % 2]))
    return judge


@pytest.fixture
def server(judged: Judge, tmp_path: Path) -> Iterator[Live]:
    with live(judged.store, tmp_path, "serve.access_log=false") as running:
        yield running


class Loading(threading.Thread):
    """A load at a constant rate until it is told to stop."""

    def __init__(self, server: Live, judge: Judge, seconds: float = 600.0) -> None:
        super().__init__()
        requests = [get(path) for path in PATHS]
        self.load = Load(("127.0.0.1", server.port), requests, connections=8, seconds=seconds, rate=RATE)
        self.judge, self.stop = judge, threading.Event()
        self.outcome: Outcome | None = None

    def run(self) -> None:
        self.outcome = run(self.load, self.judge, self.stop)

    def ended(self) -> Outcome:
        self.stop.set()
        self.join(60)
        assert self.outcome is not None
        return self.outcome


@pytest.mark.slow
@pytest.mark.parametrize("swaps", [4, pytest.param(50, marks=pytest.mark.soak)])
def test_swaps_under_load_lose_nothing_and_mix_nothing(
    judged: Judge,
    server: Live,
    swaps: int,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    steady = run(Loading(server, judged, seconds=2.0).load, judged)
    loading = Loading(server, judged)
    loading.start()
    seconds = list[float]()
    versions = judged.store.versions()
    for number in range(swaps):
        wanted = versions[number % len(versions)]
        started = time.perf_counter()
        judged.store.rollback(wanted)
        until(lambda: server.serves(wanted), f"{wanted} served by both workers")  # noqa: B023
        seconds.append(time.perf_counter() - started)
    swapping = loading.ended()
    assert loading.is_alive() is False
    assert (swapping.failed, steady.failed) == (0, 0)
    assert set(judged.verdicts) == {"whole"}, judged.first_bad
    assert len(judged.versions) == len(versions)
    loaded = 2 * (swaps + 1)
    until(lambda: server.total("recsys_reloads_total", outcome="loaded") == loaded, f"{loaded} reloads counted")
    figures = (
        f"\n{swaps} swaps, {judged.verdicts.total()} answers, failed {swapping.failed}, mixed {judged.verdicts['mixed']}; "
        f"p99 steady {steady.ms(99):.1f} ms, p99 during swaps {swapping.ms(99):.1f} ms; "
        f"a swap is served by both workers after {max(seconds):.2f} s at most\n"
    )
    record_property("figures", figures.strip())
    with capsys.disabled():
        print(figures)  # noqa: T201


# --- controls


class TwoSteps(ServingModel):
    """Swaps the ids first and the vectors later."""

    def swap(self, recommender: Recommender) -> None:
        if self.version:
            old = self.get()
            half = dataclasses.replace(old.model, catalog=recommender.model.catalog)
            super().swap(dataclasses.replace(recommender, model=half))
            time.sleep(0.01)
        super().swap(recommender)


def judged_in_process(judge: Judge, run_folder: Path, swaps: int) -> Counter[str]:
    """Requests of two threads while the model is swapped, without a server."""
    serve = ServeConfig(reload_seconds=3600, access_log=False)
    app = create_app(Settings(judge.store.path, "", serve, run_folder))
    stop = threading.Event()

    def ask(first: int) -> None:
        client = app.test_client()
        for path in itertools.cycle(PATHS[first::2]):
            if stop.is_set():
                return
            response = client.get(path)
            judge(get(path), response.status_code, response.data)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    versions = judge.store.versions()
    for number in range(swaps):
        judge.store.rollback(versions[number % len(versions)])
        app.extensions["reloader"].poll()
    stop.set()
    for thread in threads:
        thread.join(60)
    app.extensions["reloader"].close()
    return judge.verdicts


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the canary, which is not what is tested and takes long beside busy threads."""
    monkeypatch.setattr(operation, "Verdicts", lambda folder: Verdicts(folder, lambda _: None))


@pytest.mark.usefixtures("untried")
def test_swaps_in_one_process_mix_nothing(judged: Judge, tmp_path: Path) -> None:
    assert set(judged_in_process(judged, tmp_path, 12)) == {"whole"}, judged.first_bad
    assert len(judged.versions) > 2


@pytest.mark.usefixtures("untried")
def test_control_a_swap_in_two_steps_is_caught(judged: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "ServingModel", TwoSteps)
    assert judged_in_process(judged, tmp_path, 12)["mixed"] > 0


def test_control_an_answer_under_the_name_of_another_version_is_caught(judged: Judge) -> None:
    one, other = judged.store.versions()[:2]
    for path, answer in judged.truth[one].items():
        items = [{"item_id": item_id, "title": title, "score": score} for item_id, title, score in answer]
        judged(get(path), 200, json.dumps({"model_version": one, "items": items}).encode())
        judged(get(path), 200, json.dumps({"model_version": other, "items": items}).encode())
    assert judged.verdicts["whole"] == judged.verdicts["mixed"] == len(judged.truth[one])
