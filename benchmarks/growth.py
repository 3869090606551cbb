"""Cost of serving as items or users grow a hundredfold, on models made without training."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.clients import get, post
from benchmarks.figures import WARM_UP_SECONDS, Requests, measure, spread, table
from benchmarks.served import served
from benchmarks.synthetic import FACTORS, Serves, Synthetic, publish, synthetic

FOLDER = Path(__file__).parent.parent / "var" / "bench" / "growth"
SIZES = (10_000, 100_000, 1_000_000)
LIVE = "livez"
GUEST_ITEMS = 5
ASKED = 5000
ROUNDS = 3
MEGA = 1e6
INDEX_HEAD = ("items", "build s", "trees", "search_k", "recall@10", "rows of a scan")
HEAD = (
    "items",
    "users",
    "served by",
    "bundle MB",
    "ready after s",
    "private MB of a worker",
    "/recommend p50 ms",
    "of /livez",
    "with a filter ms",
    "of /livez",
    "guest ms",
    "of /livez",
)
ASKING = ("recommend", "filter", "guest")


@dataclass(frozen=True)
class Cost:
    """Cost of serving a model."""

    bundle_bytes: int
    ready_seconds: float
    private_bytes: int
    p50_ms: dict[str, float]
    of_livez: dict[str, list[float]]


def tables(largest: int, seconds: float) -> str:
    """Measure growing items with the fewest users and growing users with the fewest items; return Markdown sections."""
    sizes = [size for size in SIZES if size <= largest] or [largest]
    builds, of_items, of_users = [], [], []
    for n_items in sizes:
        made = _made(n_items, sizes[0])
        builds.append(_build(made))
        of_items += [_row(made, "exact", seconds), _row(made, "annoy", seconds)]
    for n_users in sizes:
        made = _made(sizes[0], n_users)
        of_users += [_row(made, "exact", seconds), _row(made, "lists", seconds)]
    shutil.rmtree(FOLDER, ignore_errors=True)
    heading = f"Synthetic models of {FACTORS} factors, {ROUNDS} rounds of {seconds:g} s over one connection.\n"
    return "\n".join(
        [
            heading,
            table("The index as items grow", INDEX_HEAD, builds),
            table("The service as items grow", HEAD, of_items),
            table("The service as users grow", HEAD, of_users),
        ]
    )


def _made(n_items: int, n_users: int) -> Synthetic:
    started = time.perf_counter()
    made = synthetic(n_items, n_users)
    _say(f"{n_items:,} items and {n_users:,} users made in {time.perf_counter() - started:.0f} s")
    return made


def _build(made: Synthetic) -> list[str]:
    info = made.built.info
    counts = [f"{made.index_seconds:.1f}", f"{info.n_trees}", f"{info.search_k:,}"]
    return [f"{len(made.model.catalog):,}", *counts, f"{info.forest_recall:.3f}", f"{info.scan_rows:,}"]


def _row(made: Synthetic, serves: Serves, seconds: float) -> list[str]:
    cost = _cost(made, serves, seconds)
    _say(f"{serves}: {cost}")
    return [
        f"{len(made.model.catalog):,}",
        f"{len(made.model.users):,}",
        serves,
        f"{cost.bundle_bytes / MEGA:,.0f}",
        f"{cost.ready_seconds:.1f}",
        f"{cost.private_bytes / MEGA:.0f}",
        *(cell for kind in cost.p50_ms for cell in (f"{cost.p50_ms[kind]:.2f}", spread(cost.of_livez[kind]))),
    ]


def _cost(made: Synthetic, serves: Serves, seconds: float) -> Cost:
    """Publish, serve and query a model; the store is removed afterwards."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    store = publish(FOLDER / "store", made, serves)
    kinds = _kinds(made)
    with served(store.path) as server:
        for requests in kinds.values():
            measure(server, requests, WARM_UP_SECONDS)
        turns = [
            {kind: measure(server, requests, seconds, connections=1).p50_ms for kind, requests in kinds.items()}
            for _ in range(ROUNDS)
        ]
        return Cost(
            bundle_bytes=sum(path.stat().st_size for path in (store.path / store.current()).iterdir()),
            ready_seconds=server.start_seconds,
            private_bytes=max(server.private_bytes()),
            p50_ms={kind: statistics.median(turn[kind] for turn in turns) for kind in ASKING},
            of_livez={kind: [turn[kind] / turn[LIVE] for turn in turns] for kind in ASKING},
        )


def _kinds(made: Synthetic) -> dict[str, Requests]:
    random = np.random.default_rng(1)
    users = random.integers(0, len(made.model.users), ASKED).tolist()
    histories = (random.permutation(made.model.histories.items_of(num))[:GUEST_ITEMS].tolist() for num in users)
    bodies = (json.dumps({"history": [f"i{num}" for num in history], "k": 10}).encode() for history in histories)
    return {
        LIVE: [get("/livez")],
        "recommend": [get(f"/recommend/u{num}?k=10") for num in users],
        "filter": [get(f"/recommend/u{num}?k=10&filter=category:c3") for num in users],
        "guest": [post("/recommend", body) for body in bodies],
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
