"""Throughput and latency of the service by kind of request and size; each figure has a reference figure of the same run.

    python -m benchmarks.serving [throughput] [latency] [ways] [growth] [--rounds 5] [--seconds 4] [--largest 1000000]

Prints Markdown for docs/serving.md. `recsys serve` runs with its defaults on the same cores as the load; compared cases
alternate in rounds. Takes 20 minutes, and 2 more to train the Gowalla model the first time.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks import gowalla, growth
from benchmarks.clients import get, post
from benchmarks.figures import WARM_UP_SECONDS, Effort, Requests, compared, measure, sound, table
from benchmarks.load import Load, Outcome, run
from benchmarks.served import Served, served

USERS = 20_000
ACTIVE_USERS = 1000
FRESH_EVENTS = 3
GUEST_ITEMS = 5
WAITING = 64
LIVE = "GET /livez"


def main() -> None:
    parts = {"throughput": throughput, "latency": latency, "ways": ways}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="of " + ", ".join([*parts, "growth"]) + "; none: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement in a round")
    parser.add_argument("--largest", type=int, default=1_000_000, help="items and users of the last step of growth")
    given = parser.parse_args()
    chosen = given.parts or [*parts, "growth"]
    if unknown := set(chosen) - {*parts, "growth"}:
        parser.error(f"there is no part {unknown.pop()!r}")
    effort = Effort(given.rounds, given.seconds)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {_machine()}, {effort.rounds} rounds of {effort.seconds:g} s.\n", flush=True)
    if set(chosen) & set(parts):
        print(on_gowalla([parts[name] for name in parts if name in chosen], effort), flush=True)
    if "growth" in chosen:
        print(growth.tables(given.largest, effort.seconds), flush=True)


def on_gowalla(parts: Sequence[Callable[[Served, Asking, Effort], str]], effort: Effort) -> str:
    """Run the measurements on the Gowalla model; return Markdown sections."""
    store = gowalla.store()
    events = gowalla.FOLDER / "events.sqlite"
    for path in events.parent.glob(f"{events.name}*"):
        path.unlink()
    bundle = store.load()
    asking = Asking(list(bundle.model.users), list(bundle.model.catalog.items))
    with served(store.path, events) as server:
        heading = (
            f"Gowalla: {len(asking.users)} users, {len(asking.items)} items, {bundle.model.layout.factors} factors, "
            f"ready after {server.start_seconds:.1f} s, {len(server.workers())} workers.\n"
        )
        return "\n".join([heading, *(part(server, asking, effort) for part in parts)])


class Asking:
    """Requests for uniformly random users and items of a model."""

    def __init__(self, users: Sequence[str], items: Sequence[str], seed: int = 0) -> None:
        self.users, self.items = users, items
        self.random = np.random.default_rng(seed)

    def some(self, ids: Sequence[str], n: int) -> list[str]:
        return [ids[num] for num in self.random.integers(0, len(ids), n)]

    def recommend(self, more: str = "", users: Sequence[str] = ()) -> Requests:
        chosen = self.some(users or self.users, USERS)
        return [get(f"/recommend/{quote(user, safe='')}?k=10{more}") for user in chosen]

    def similar(self) -> Requests:
        return [get(f"/similar/{quote(item, safe='')}?k=10") for item in self.some(self.items, USERS)]

    def guests(self) -> Requests:
        histories = (self.some(self.items, GUEST_ITEMS) for _ in range(USERS))
        return [post("/recommend", json.dumps({"history": history, "k": 10}).encode()) for history in histories]

    def ranks(self) -> Requests:
        bodies = ({"user_id": user, "item_ids": self.some(self.items, 100)} for user in self.some(self.users, 2000))
        return [post("/rank", json.dumps(one).encode()) for one in bodies]

    def events(self, users: Sequence[str]) -> list[dict[str, str]]:
        """Return requests with an event of each user."""
        pairs = zip(users, self.some(self.items, len(users)), strict=True)
        return [{"user_id": user, "item_id": item} for user, item in pairs]


def throughput(server: Served, asking: Asking, effort: Effort) -> str:
    """Measure answers a second in a closed loop."""
    kinds = {
        LIVE: [get("/livez")],
        "GET /recommend/<user>?k=10": asking.recommend(),
        "GET /similar/<item>?k=10": asking.similar(),
    }
    return compared("Throughput", server, kinds, effort)


def latency(server: Served, asking: Asking, effort: Effort) -> str:
    """Measure latencies at half of the throughput, with requests at a constant rate."""
    kinds = {
        LIVE: [get("/livez")],
        "GET /recommend/<user>?k=10": asking.recommend(),
        "GET /similar/<item>?k=10": asking.similar(),
    }
    rates = {
        kind: measure(server, requests, WARM_UP_SECONDS + effort.seconds).rate / 2 for kind, requests in kinds.items()
    }
    outcomes: dict[str, list[Outcome]] = {kind: [] for kind in kinds}
    for _ in range(effort.rounds):
        for kind, requests in kinds.items():
            load = Load(server.address, requests, WAITING, effort.seconds, rates[kind])
            outcomes[kind].append(sound(kind, run(load)))
    rows = []
    for kind, found in outcomes.items():
        cells = [f"{statistics.median(one.ms(percent) for one in found):.2f}" for percent in (50, 99, 99.9)]
        rows.append([kind, f"{rates[kind]:,.0f}", *cells])
    return table("Latency at half load", ["", "requests/s", "p50 ms", "p99 ms", "p99.9 ms"], rows)


def ways(server: Served, asking: Asking, effort: Effort) -> str:
    """Compare the cost of each kind of request with a plain request."""
    active = asking.users[:: len(asking.users) // ACTIVE_USERS][:ACTIVE_USERS]
    for _ in range(FRESH_EVENTS):
        sent = post("/events", json.dumps(asking.events(active)).encode())
        sound("POST /events", run(Load(server.address, [sent], connections=1, seconds=0.5, rate=1)))
    quiet = sorted({*asking.users} - {*active})
    guests = [f"new {num}" for num in range(USERS)]
    kinds: dict[str, Requests] = {
        "plain": asking.recommend(users=quiet),
        "offset=50": asking.recommend("&offset=50", quiet),
        "filter, 1 item in 30": asking.recommend("&filter=category:c3", quiet),
        "filter, 2 items in 3": asking.recommend("&filter=year%3E%3D1975", quiet),
        "include_seen": asking.recommend("&include_seen=true", quiet),
        "diversity=0.3": asking.recommend("&diversity=0.3", quiet),
        "explain": asking.recommend("&explain=true", quiet),
        f"{FRESH_EVENTS} fresh events": asking.recommend(users=active),
        f"guest, {GUEST_ITEMS} items": asking.guests(),
        "POST /rank, 100 items": asking.ranks(),
        "GET /popular": [get("/popular?k=10")],
        "POST /events": [post("/events", json.dumps(event).encode()) for event in asking.events(guests)],
    }
    return compared("Kinds of requests", server, kinds, effort)


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} cores ({model}), Python {platform.python_version()}"


if __name__ == "__main__":
    main()
