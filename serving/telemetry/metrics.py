"""What the service counts, added up over its workers.

With ``PROMETHEUS_MULTIPROC_DIR`` set before this module is imported, which is what `recsys serve` does, each worker writes
into memory-mapped files of that folder and any of them answers for all; otherwise one process counts for itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from recsys.recommend.answer import Strategy
from serving.live.reload import OUTCOMES, Outcome
from serving.live.serving_model import Serving

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
EVENT_OUTCOMES = ("accepted", "duplicate")
NO_ROUTE = "unmatched"
OTHER = "other"


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = Path(os.environ[FOLDER]) if values.ValueClass._multiprocess else None
        self._registry = CollectorRegistry()
        self._models = _Models(self._folder)
        self._model_registry = CollectorRegistry()
        self._model_registry.register(self._models)
        self._requests = Counter(
            "recsys_requests", "Answered requests.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "recsys_request_duration_seconds",
            "Time from the request to its answer.",
            ("route",),
            registry=self._registry,
            buckets=SECONDS,
        )
        self.in_flight = Gauge(
            "recsys_requests_in_flight",
            "Requests being worked on.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._sheds = Counter(
            "recsys_sheds", "Requests refused because too many were in flight.", registry=self._registry
        )
        self._reloads = self._family("recsys_reloads", "Attempts to open another model.", "outcome", OUTCOMES)
        self._events = self._family("recsys_events", "Events by what became of them.", "outcome", EVENT_OUTCOMES)
        self._answers = self._family("recsys_answers", "Lists by how they were found.", "strategy", get_args(Strategy))
        self._fallbacks = self._family(
            "recsys_fallbacks", "Lists that stand in for what was asked.", "strategy", get_args(Strategy)
        )
        self._cached: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def request(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count an answered request."""
        key = (method, route, status)
        found = self._cached.get(key)
        if found is None:
            found = self._children(*key)
        found[0].inc()
        found[1].observe(seconds)

    def shed(self) -> None:
        """Count a request that was refused because too many were in flight."""
        self._sheds.inc()

    def reload(self, outcome: Outcome) -> None:
        """Count an attempt to open another model."""
        self._reloads[outcome].inc()

    def events(self, outcome: str, n: int = 1) -> None:
        """Count `n` events of one of `EVENT_OUTCOMES`."""
        self._events[outcome].inc(n)

    def answer(self, strategy: str, fallback: bool) -> None:
        """Count a list by its strategy, and once more when it stands in for another."""
        self._answers[strategy].inc()
        if fallback:
            self._fallbacks[strategy].inc()

    def model(self, serving: Serving) -> None:
        """Note what this worker serves."""
        self._models.note(serving)

    def exposition(self) -> bytes:
        """All of it in the text format of Prometheus."""
        registry = self._registry
        if self._folder is not None:
            _forget_the_dead(self._folder)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(self._model_registry)

    @staticmethod
    def method(given: str) -> str:
        """The method as a label: ``other`` for one that HTTP does not know."""
        return given if given in METHODS else OTHER

    def _children(self, method: str, route: str, status: str) -> tuple[Counter, Histogram]:
        known = self.method(method)
        children = self._requests.labels(known, route, status), self._seconds.labels(route)
        if known == method:  # what a client makes up is not kept
            self._cached[method, route, status] = children
        return children

    def _family(self, name: str, text: str, label: str, known: Iterable[str]) -> dict[str, Counter]:
        """A counter of a few known labels, all of which are shown from the start."""
        counter = Counter(name, text, (label,), registry=self._registry)
        return {one: counter.labels(one) for one in known}


@dataclass(frozen=True)
class _State:
    version: str
    loaded: float


class _Models(Collector):
    """Which versions serve, in how many workers: a small file of each, as a label of a counter would stay forever."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: _State | None = None

    def note(self, serving: Serving) -> None:
        self._own = _State(serving.version, serving.since.timestamp())
        if self._folder is not None:
            name = f"model_{os.getpid()}.json"
            fresh = self._folder / f".{name}"
            with suppress(OSError):
                fresh.write_text(json.dumps(vars(self._own)))
                os.replace(fresh, self._folder / name)

    def collect(self) -> Iterator[Metric]:
        states = self._states()
        workers = GaugeMetricFamily("recsys_model_info", "Workers that serve a version.", labels=("model_version",))
        loaded = GaugeMetricFamily(
            "recsys_model_loaded_timestamp_seconds", "When a worker last opened it.", labels=("model_version",)
        )
        for version in sorted({state.version for state in states}):
            times = [state.loaded for state in states if state.version == version]
            workers.add_metric((version,), len(times))
            loaded.add_metric((version,), max(times))
        return iter((workers, loaded))

    def _states(self) -> list[_State]:
        if self._folder is None:
            return [] if self._own is None else [self._own]
        states = []
        for path in self._folder.glob("model_*.json"):
            with suppress(OSError, ValueError, TypeError):
                states.append(_State(**json.loads(path.read_bytes())))
        return states


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that have gone; what they counted stays."""
    for path in [*folder.glob("gauge_live*_*.db"), *folder.glob("model_*.json")]:
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not _alive(int(pid)):
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
            (folder / f"model_{pid}.json").unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
