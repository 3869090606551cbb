"""Cost of search, and its effect on the throughput of lists: a catalog of 10,000 items encoded by all-MiniLM-L6-v2.

    python -m benchmarks.search [latency] [beside] [--rounds 5] [--seconds 8]

Prints Markdown. All queries differ, so each is encoded; "again" repeats one query, and "Zipf-distributed" draws
from 1,000 queries, so some are cached. The texts of the items are random words of the sample; the
model is trained the first time (3 minutes, mostly encoding) and kept in var/bench. Compared cases alternate in
rounds. The load runs on the same machine. "Encoder" is the processor time of the encoder process for a search.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np

from benchmarks.clients import get, post
from benchmarks.figures import WARM_UP_SECONDS, Effort, Requests, Turn, measure, sound, spread, table
from benchmarks.load import Load, Outcome, run
from benchmarks.served import RECSYS, Served, served
from recsys.bundle.store import Store
from recsys.errors import RecsysError

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "var" / "bench" / "search"
ITEMS, USERS, PER_USER = 10_000, 2000, 20
TITLE_WORDS, TEXT_WORDS, QUERY_WORDS = 3, 20, 4
QUERIES = 20_000
POPULAR = 1000
RATE = 20.0
WAITING = 16
SETTINGS = {"als.factors": "64", "evaluate.gate": "false", "store.events": ""}


def main() -> None:
    parts = {"latency": latency, "beside": beside}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="of " + ", ".join(parts) + "; none: both")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement in a round")
    given = parser.parse_args()
    chosen = given.parts or [*parts]
    if unknown := set(chosen) - {*parts}:
        parser.error(f"there is no part {unknown.pop()!r}")
    effort = Effort(given.rounds, given.seconds)
    trained = store()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {effort.rounds} rounds of {effort.seconds:g} s.\n", flush=True)
    for name in chosen:
        print(parts[name](trained, effort), flush=True)


def latency(trained: Store, effort: Effort) -> str:
    """Measure latencies of searches at a constant rate, with one worker."""
    drawn = Drawn(seed=1)
    kinds = {
        "mode=semantic": drawn.searches("&mode=semantic"),
        "mode=hybrid": drawn.searches("&mode=hybrid"),
        "mode=hybrid, again": [get("/search?q=robots+in+space&mode=hybrid&k=10")],
        "mode=hybrid, user_id": drawn.searches("&mode=hybrid&user_id=u17"),
        "mode=keyword": drawn.searches("&mode=keyword"),
        "POST /chat, two turns": drawn.chats(),
    }
    outcomes: dict[str, list[Searched]] = {kind: [] for kind in kinds}
    costs: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    with served(trained.path, workers=1) as server:
        for requests in kinds.values():
            run(Load(server.address, requests[-100:], WAITING, WARM_UP_SECONDS, RATE))
        for number in range(effort.rounds):
            for kind, requests in kinds.items():
                before = server.cpu_seconds(), server.encoder_seconds()
                found = _run(kind, Load(server.address, part(requests, number), WAITING, effort.seconds, RATE))
                outcomes[kind].append(found)
                whole, encoder = server.cpu_seconds() - before[0], server.encoder_seconds() - before[1]
                n = len(found.outcome.latencies)
                costs[kind].append((1000 * whole / n, 1000 * encoder / n))
    rows = []
    for kind, rounds in outcomes.items():
        cells = [milliseconds(rounds, percent) for percent in (50, 95, 99)]
        worst = f"{max(one.outcome.ms(99) for one in rounds):.1f}"
        late = str(sum(one.degraded for one in rounds))
        cpu = [f"{statistics.median(one):.1f}" for one in zip(*costs[kind], strict=True)]
        rows.append([kind, *cells, worst, *cpu, late])
    head = ["", "p50 ms", "p95 ms", "p99 ms", "worst p99 ms", "CPU ms", "encoder CPU ms", "not encoded in time"]
    return table(f"Search on one worker, {RATE:g} a second", head, rows)


def beside(trained: Store, effort: Effort) -> str:
    """Measure lists a second of two workers in a closed loop, alone and with searches."""
    drawn = Drawn(seed=2)
    lists = drawn.lists()
    kinds = {
        "each another query": drawn.searches(""),
        "Zipf-distributed queries": drawn.popular_searches(),
        "mode=keyword": drawn.searches("&mode=keyword"),
    }
    alone: list[Turn] = []
    found: dict[str, list[Beside]] = {kind: [] for kind in kinds}
    with served(trained.path) as server:
        measure(server, lists, WARM_UP_SECONDS)
        run(Load(server.address, kinds["each another query"][-100:], WAITING, WARM_UP_SECONDS, RATE))
        for number in range(effort.rounds):
            alone.append(measure(server, lists, effort.seconds))
            for kind, requests in kinds.items():
                before = server.encoder_seconds()
                searched: list[Searched] = []
                with searching(server, part(requests, number), searched):
                    turn = measure(server, lists, effort.seconds)
                spent = server.encoder_seconds() - before
                found[kind].append(Beside(turn, searched[0], 1000 * spent / len(searched[0].outcome.latencies)))
    rows = [["alone", f"{statistics.median(turn.rate for turn in alone):,.0f}", "1", "", "", "", ""]]
    for kind, rounds in found.items():
        searches = [one.searched for one in rounds]
        rows.append(
            [
                f"{RATE:g} searches a second, {kind}",
                f"{statistics.median(one.turn.rate for one in rounds):,.0f}",
                spread([one.turn.rate / other.rate for one, other in zip(rounds, alone, strict=True)]),
                milliseconds(searches, 50),
                milliseconds(searches, 99),
                f"{statistics.median(one.encoder_ms for one in rounds):.1f}",
                f"{sum(one.degraded for one in searches)} of {sum(len(one.outcome.latencies) for one in searches)}",
            ]
        )
    head = [
        "GET /recommend with",
        "answers/s",
        "share of first row",
        "search p50 ms",
        "p99 ms",
        "encoder ms",
        "not encoded in time",
    ]
    return table("Lists with concurrent searches, two workers", head, rows)


@dataclass(frozen=True)
class Searched:
    """Outcome, with the number of answers by words alone because the query was not encoded in time."""

    outcome: Outcome
    degraded: int


@dataclass(frozen=True)
class Beside:
    """Concurrent lists and searches, with the processor time of the encoder for a search."""

    turn: Turn
    searched: Searched
    encoder_ms: float


@contextmanager
def searching(server: Served, requests: Requests, found: list[Searched]) -> Iterator[None]:
    """Send searches from a thread while the block runs."""
    stop = threading.Event()
    load = Load(server.address, requests, WAITING, 3600, RATE)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_run, "GET /search", load, stop)
        try:
            yield
        finally:
            stop.set()
        found.append(running.result())


def _run(kind: str, load: Load, stop: threading.Event | None = None) -> Searched:
    """Run a load; raises SystemExit unless all requests succeed."""
    degraded = [0]

    def seen(_: bytes, __: int, body: bytes) -> None:
        degraded[0] += b'"degraded"' in body

    return Searched(sound(kind, run(load, seen, stop)), degraded[0])


def milliseconds(rounds: Sequence[Searched], percent: float) -> str:
    """Return a percentile of the latencies, as median over the rounds."""
    return f"{statistics.median(one.outcome.ms(percent) for one in rounds):.1f}"


class Drawn:
    """Random words, items, users and requests."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        with (ROOT / "data" / "sample" / "items.csv").open(encoding="utf-8", newline="") as stream:
            self.words = [word for row in csv.DictReader(stream) for word in row["description"].split()]

    def text(self, n: int) -> str:
        return " ".join(self.words[num] for num in self.random.integers(0, len(self.words), n))

    def searches(self, more: str) -> list[bytes]:
        return [get(f"/search?q={quote_plus(self.text(QUERY_WORDS))}&k=10{more}") for _ in range(QUERIES)]

    def popular_searches(self) -> list[bytes]:
        """Return searches drawn from 1,000 queries by Zipf's law."""
        queries = [get(f"/search?q={quote_plus(self.text(QUERY_WORDS))}&k=10") for _ in range(POPULAR)]
        chances = 1 / np.arange(1, POPULAR + 1)
        return [queries[num] for num in self.random.choice(POPULAR, QUERIES, p=chances / chances.sum()).tolist()]

    def chats(self) -> list[bytes]:
        """Return conversations of two turns, with a title, a dislike and two texts."""
        return [self._chat() for _ in range(QUERIES)]

    def _chat(self) -> bytes:
        texts = f"I loved {self.text(TITLE_WORDS)} but not {self.text(1)}", f"something with {self.text(QUERY_WORDS)}"
        return post("/chat", json.dumps({"messages": [{"role": "user", "content": one} for one in texts]}).encode())

    def lists(self) -> list[bytes]:
        return [get(f"/recommend/u{num}?k=10") for num in self.random.integers(0, USERS, QUERIES).tolist()]

    def items(self) -> Iterator[tuple[str, str, str]]:
        return ((f"i{num}", self.text(TITLE_WORDS), self.text(TEXT_WORDS)) for num in range(ITEMS))

    def interactions(self) -> Iterator[tuple[str, str]]:
        for user in range(USERS):
            favourites = self.random.zipf(1.3, PER_USER) % ITEMS
            yield from ((f"u{user}", f"i{num}") for num in sorted({*favourites.tolist()}))


def store() -> Store:
    """Return the store of the model; it is trained if it is missing or of another release."""
    trained = Store(FOLDER / "store")
    try:
        trained.load()
    except RecsysError:
        FOLDER.mkdir(parents=True, exist_ok=True)
        drawn = Drawn(seed=0)
        _write(FOLDER / "items.csv", ("item_id", "title", "description"), drawn.items())
        _write(FOLDER / "interactions.csv", ("user_id", "item_id"), drawn.interactions())
        keys = {"data.interactions": "interactions.csv", "data.items": "items.csv", "store.path": "store", **SETTINGS}
        words = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
        subprocess.run([RECSYS, "train", *words], cwd=FOLDER, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 our own words
    return trained


def _write(path: Path, head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows(rows)


def part(requests: Requests, number: int) -> Requests:
    """Return requests that no other round sends."""
    if len(requests) == 1:
        return requests
    size = len(requests) // 20
    start = number % 19 * size
    return requests[start : start + size]


if __name__ == "__main__":
    main()
