"""A reader that loads while the link moves gets one version, whole."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from recsys.bundle.bundle import MANIFEST, MODEL, file_sha256
from recsys.bundle.store import CURRENT, Store, switch_link
from tests.support.faults import bundles

SWITCHES = 3000


class Switcher(threading.Thread):
    """Moves the link to and fro between all versions of a store until it is told to stop."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.stop, self.switches = store, threading.Event(), 0

    def run(self) -> None:
        versions = self.store.versions()
        while not self.stop.is_set():
            switch_link(self.store.path / CURRENT, versions[self.switches % len(versions)])
            self.switches += 1


@pytest.fixture
def switcher(store: Store) -> Iterator[Switcher]:
    for seed, prefix in enumerate("ab"):
        bundles.publish(store, bundles.tiny(prefix, seed))
    switcher = Switcher(store)
    switcher.start()
    yield switcher
    switcher.stop.set()
    switcher.join(60)


@pytest.mark.slow
def test_every_load_under_switching_gives_one_whole_version(store: Store, switcher: Switcher) -> None:
    whole = {version: bundles.digest(store.load(version).model) for version in store.versions()}
    loads = dict.fromkeys(whole, 0)
    while switcher.switches < SWITCHES or sum(loads.values()) < 80:
        bundle = store.load()
        assert bundles.digest(bundle.model) == whole[bundle.version]
        loads[bundle.version] += 1
    assert switcher.is_alive()
    assert min(loads.values()) > 10


def test_control_opening_each_file_through_the_link_mixes_versions(store: Store, switcher: Switcher) -> None:
    mixed = loads = 0
    while not mixed and loads < 100_000:
        folder = store.path / CURRENT
        manifest = json.loads((folder / MANIFEST).read_bytes())
        mixed += manifest["files"][MODEL]["sha256"] != file_sha256(folder / MODEL)
        loads += 1
    assert mixed, f"none of {loads} loads mixed two versions while the link moved {switcher.switches} times"
