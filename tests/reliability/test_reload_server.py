"""`recsys serve` follows the store: promises 5, 7 and 11 over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys.bundle.bundle import MANIFEST
from recsys.bundle.store import CURRENT, Store, switch_link
from tests.support import factories
from tests.support.faults import bundles
from tests.support.faults.damage import damaged_forests
from tests.support.faults.live import Live, live, until

RELOAD_SECONDS = 0.05

pytestmark = pytest.mark.slow


@pytest.fixture
def server(full: Store, tmp_path: Path) -> Iterator[Live]:
    with live(full, tmp_path, f"serve.reload_seconds={RELOAD_SECONDS}") as running:
        yield running


def prefix(server: Live) -> str:
    """The model that answers, by the first letter of its items."""
    body = server.ask("/recommend/nobody").json
    (found,) = {item["item_id"][0] for item in body["items"]}
    return str(found)


def ruin(store: Store) -> str:
    """Publish a version and damage it at once."""
    version = bundles.publish(store, bundles.tiny("d", 9))
    (store.path / version / "model.safetensors").write_bytes(b"")
    return version


def complaints(server: Live) -> list[str]:
    return [line["message"] for line in server.lines() if line["level"] == "error"]


def test_publish_and_rollback_take_effect_without_a_restart(server: Live) -> None:
    workers = server.workers()
    for expected in "ba":
        version = server.store.rollback()
        until(lambda: server.serves(version), "the version before")  # noqa: B023
        assert prefix(server) == expected
    version = bundles.publish(server.store, bundles.tiny("d", 9))
    until(lambda: server.serves(version), "the new version")
    assert prefix(server) == "d"
    assert server.workers() == workers
    until(lambda: server.total("recsys_reloads_total", outcome="loaded") == 2 * 4, "four models in each worker")


def test_a_bad_new_bundle_leaves_the_old_one_serving(server: Live) -> None:
    served = server.store.current()
    bad = ruin(server.store)
    until(lambda: server.total("recsys_reloads_total", outcome="refused") == 2, "refused by both workers")
    assert server.serves(served)
    assert prefix(server) == "c"
    time.sleep(10 * RELOAD_SECONDS)
    assert server.total("recsys_reloads_total", outcome="refused") == 2
    reason = f"{bad}/model.safetensors: its size or checksum does not match"
    assert [reason in message for message in complaints(server)] == [True, True]
    better = bundles.publish(server.store, bundles.tiny("e", 10))
    until(lambda: server.serves(better), "the next version")
    assert prefix(server) == "e"


@pytest.mark.soak
def test_a_worker_that_is_replaced_while_the_current_bundle_is_bad_serves_the_old_one(server: Live) -> None:
    served = server.store.current()
    ruin(server.store)
    until(lambda: server.total("recsys_reloads_total", outcome="refused") == 2, "refused by both workers")
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    until(lambda: before[0] not in server.workers() and len(server.workers()) == 2, "another worker")
    until(lambda: server.serves(served), "the old version in both workers")
    assert {server.ask("/recommend/nobody").json["model_version"] for _ in range(20)} == {served}


@pytest.mark.parametrize(
    "what", ["no store", *(pytest.param(more, marks=pytest.mark.soak) for more in ("no model", "a bad model"))]
)
def test_without_a_sound_model_at_start_it_is_alive_and_not_ready(store: Store, tmp_path: Path, what: str) -> None:
    if what == "no model":
        store.path.mkdir(parents=True)
    elif what == "a bad model":
        ruin(store)
    with live(store, tmp_path, ready=False) as server:
        until(lambda: bool(server.log.read_bytes()) and _answers(server), "an answer")
        reply = server.ask("/readyz")
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert server.ask("/livez").json == {"status": "alive"}
        assert server.ask("/recommend/u1").status == 503
        assert str(store.path) not in reply.body.decode()
        version = bundles.publish(store, bundles.tiny("a"))
        until(lambda: server.serves(version), "the first sound model")
        ready = server.ask("/readyz").json
        assert (ready["status"], ready["model_version"]) == ("ready", version)
        assert ready["since"].endswith("Z")
        assert prefix(server) == "a"


def _answers(server: Live) -> bool:
    try:
        return server.ask("/livez").status == 200
    except OSError:
        return False


@pytest.mark.parametrize("cases", [3, pytest.param(1000, marks=pytest.mark.soak)])
def test_no_index_crashes_the_server(store: Store, tmp_path: Path, cases: int) -> None:
    """A damaged index under a true signature is published again and again; the workers survive all of them."""
    sound = bundles.publish(store, factories.model(30, 400, annoy=True))
    source = tmp_path / sound
    shutil.copytree(store.folder(sound), source)
    with live(store, tmp_path, "serve.access_log=false") as server:
        workers = server.workers()
        ended = 0.0
        for case, _ in enumerate(damaged_forests(source, cases)):
            publish_copy(store, source, case)
            ended += 2
            until(lambda: attempts(server) == 2 + ended, "an attempt of both workers")  # noqa: B023
            assert server.ask("/recommend/u1").status == 200
            assert server.ask("/similar/i1").status == 200
        refused = server.total("recsys_reloads_total", outcome="refused")
        assert server.workers() == workers
        assert refused > cases
        assert server.total("recsys_reloads_total", outcome="failed") == 0


def publish_copy(store: Store, source: Path, case: int) -> None:
    """Make a copy of a bundle current under a version of its own."""
    version = f"20270101T{case // 3600:02}{case // 60 % 60:02}{case % 60:02}Z-0000"
    shutil.copytree(source, store.path / version)
    bundles.edit(store.path / version, lambda raw: raw.update(model_version=version))
    assert json.loads((store.path / version / MANIFEST).read_bytes())["model_version"] == version
    switch_link(store.path / CURRENT, version)
    for old in store.versions()[:-4]:
        shutil.rmtree(store.path / old)


def attempts(server: Live) -> float:
    return server.total("recsys_reloads_total")
