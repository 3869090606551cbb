"""Metrics of the service, added up over its workers.

With ``PROMETHEUS_MULTIPROC_DIR`` set before this module is imported, which is what `recsys serve` does, each worker writes
into memory-mapped files of that folder and any of them answers for all; otherwise one process counts for itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from recsys.recommend.answer import Strategy
from serving.live.reload import OUTCOMES, Outcome
from serving.live.serving_model import Serving

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
EVENT_OUTCOMES = ("accepted", "duplicate")
IMPRESSION_OUTCOMES = ("stored", "dropped")


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._folder = Path(os.environ[FOLDER]) if values.ValueClass._multiprocess else None
        registry = self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("recsys_requests", "Answered requests.", labels, registry=registry)
        text = "Time from the request to its answer."
        self._seconds = Histogram(
            "recsys_request_duration_seconds", text, ("route",), registry=registry, buckets=SECONDS
        )
        text = "Requests being worked on."
        self.in_flight = Gauge("recsys_requests_in_flight", text, registry=registry, multiprocess_mode="livesum")
        self.sheds = Counter("recsys_sheds", "Requests refused because too many were in flight.", registry=registry)
        self._reloads = self._family("recsys_reloads", "Attempts to open another model.", "outcome", OUTCOMES)
        self._events = self._family("recsys_events", "Events by what became of them.", "outcome", EVENT_OUTCOMES)
        text = "Impressions of served lists by what became of them."
        self._impressions = self._family("recsys_impressions", text, "outcome", IMPRESSION_OUTCOMES)
        strategies = get_args(Strategy)
        self._answers = self._family("recsys_answers", "Lists by how they were found.", "strategy", strategies)
        text = "Lists that stand in for what was asked."
        self._fallbacks = self._family("recsys_fallbacks", text, "strategy", strategies)
        self._models = _Models(self._folder)
        self._cached: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    def request(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count an answered request; `method` is one of METHODS or ``other``."""
        key = (method, route, status)
        children = self._cached.get(key)
        if children is None:
            children = self._cached[key] = self._requests.labels(*key), self._seconds.labels(route)
        children[0].inc()
        children[1].observe(seconds)

    def reload(self, outcome: Outcome) -> None:
        """Count an attempt to open another model."""
        self._reloads[outcome].inc()

    def events(self, outcome: str, n: int) -> None:
        """Count `n` events of one of `EVENT_OUTCOMES`."""
        self._events[outcome].inc(n)

    def impressions(self, outcome: str, n: int) -> None:
        """Count `n` impressions of served lists of one of `IMPRESSION_OUTCOMES`."""
        self._impressions[outcome].inc(n)

    def answer(self, strategy: str, fallback: bool) -> None:
        """Count a list by its strategy, and as a fallback when it replaces another."""
        self._answers[strategy].inc()
        if fallback:
            self._fallbacks[strategy].inc()

    def model(self, serving: Serving) -> None:
        """Note the model that this worker serves."""
        self._models.note(serving.version, serving.since.timestamp())

    def exposition(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        registry = self._registry
        if self._folder is not None:
            _drop_gauges_of_ended_processes(self._folder)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        models = CollectorRegistry()
        models.register(self._models)
        return generate_latest(registry) + generate_latest(models)

    def _family(self, name: str, text: str, label: str, label_values: Iterable[str]) -> dict[str, Counter]:
        """Return a counter for each value of a label, all of which are exposed from the start."""
        counter = Counter(name, text, (label,), registry=self._registry)
        return {value: counter.labels(value) for value in label_values}


class _Models(Collector):
    """The versions that serve: a small file of each worker, as a label of a gauge would stay after its version."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: list[tuple[str, float]] = []

    def note(self, version: str, loaded: float) -> None:
        self._own = [(version, loaded)]
        if self._folder is not None:
            name = f"model_{os.getpid()}.json"
            fresh = self._folder / f".{name}"
            with suppress(OSError):
                fresh.write_text(json.dumps(self._own[0]))
                os.replace(fresh, self._folder / name)

    def collect(self) -> Iterator[Metric]:
        labels = ("model_version",)
        workers = GaugeMetricFamily("recsys_model_info", "Workers that serve a version.", labels=labels)
        text = "When a worker last opened it."
        loaded = GaugeMetricFamily("recsys_model_loaded_timestamp_seconds", text, labels=labels)
        models = self._own if self._folder is None else list(_noted(self._folder))
        for version in sorted({version for version, _ in models}):
            times = [time for other, time in models if other == version]
            workers.add_metric((version,), len(times))
            loaded.add_metric((version,), max(times))
        return iter((workers, loaded))


def _noted(folder: Path) -> Iterator[tuple[str, float]]:
    for path in folder.glob("model_*.json"):
        with suppress(OSError, ValueError):
            version, loaded = json.loads(path.read_bytes())
            yield version, loaded


def _drop_gauges_of_ended_processes(folder: Path) -> None:
    for path in [*folder.glob("gauge_live*_*.db"), *folder.glob("model_*.json")]:
        with suppress(PermissionError):  # the number belongs to a process of another user
            try:
                os.kill(int(path.stem.rpartition("_")[2]), 0)
            except ProcessLookupError:
                path.unlink(missing_ok=True)
