"""Effect of picture searches on the throughput of lists: the model of the demonstration with two workers.

    python -m benchmarks.picture_load [--rounds 5] [--seconds 8]

Prints Markdown. Needs the model that `python -m benchmarks.pictures` writes to var/bench/pictures. All pictures differ,
so each is decoded and encoded.
"""

from __future__ import annotations

import argparse
import statistics
from datetime import UTC, datetime

import numpy as np
from PIL import Image

from benchmarks.clients import get, post
from benchmarks.figures import WARM_UP_SECONDS, Effort, Requests, Turn, measure, spread, table
from benchmarks.load import Load, run
from benchmarks.pictures import FOLDER
from benchmarks.search import RATE, WAITING, Searched, milliseconds, searching
from benchmarks.served import served
from examples.pictures.drawing import draw, png
from examples.pictures.scenes import World
from recsys.bundle.store import Store

PICTURES, LISTS = 1500, 5000
LARGE = (1600, 1200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement in a round")
    parser.add_argument("--seed", type=int, default=42, help="of the demonstration")
    given = parser.parse_args()
    effort = Effort(given.rounds, given.seconds)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {effort.rounds} rounds of {effort.seconds:g} s.\n", flush=True)
    print(beside(Store(FOLDER / str(given.seed) / "store"), effort))


def beside(store: Store, effort: Effort) -> str:
    """Measure lists a second of two workers in a closed loop, alone and with picture searches."""
    random = np.random.default_rng(1)
    users = store.recommender().model.users
    lists = [get(f"/recommend/{users.id(num)}?k=10") for num in random.integers(0, len(users), LISTS).tolist()]
    kinds = {
        "POST /search, PNG of 96 x 96": [post("/search?k=10", body, media="image/png") for body in _prints(random)],
        f"POST /search, JPEG of {LARGE[0]} x {LARGE[1]}": [
            post("/search?k=10", body, media="image/jpeg") for body in _photographs(random)
        ],
        "GET /search?mode=picture": [get(f"/search?mode=picture&k=10&q=red+{num}+stars") for num in range(PICTURES)],
    }
    alone: list[Turn] = []
    together: dict[str, list[Turn]] = {kind: [] for kind in kinds}
    found: dict[str, list[Searched]] = {kind: [] for kind in kinds}
    with served(store.path) as server:
        measure(server, lists, WARM_UP_SECONDS)
        for requests in kinds.values():
            run(Load(server.address, requests[-40:], WAITING, WARM_UP_SECONDS, RATE))
        for number in range(effort.rounds):
            alone.append(measure(server, lists, effort.seconds))
            for kind, requests in kinds.items():
                with searching(server, _part(requests, number, effort), found[kind]):
                    together[kind].append(measure(server, lists, effort.seconds))
    rows = [["alone", f"{statistics.median(turn.rate for turn in alone):,.0f}", "1", "", ""]]
    for kind, turns in together.items():
        ratio = spread([one.rate / other.rate for one, other in zip(turns, alone, strict=True)])
        rate = f"{statistics.median(turn.rate for turn in turns):,.0f}"
        rows.append(
            [f"with {RATE:g} a second: {kind}", rate, ratio, *(milliseconds(found[kind], at) for at in (50, 99))]
        )
    return table(
        "Lists with concurrent searches, two workers",
        ["GET /recommend", "answers/s", "share of first row", "search p50 ms", "p99 ms"],
        rows,
    )


def _prints(random: np.random.Generator) -> list[bytes]:
    scenes = World().scenes()
    return [png(draw(scenes[num], random)) for num in random.integers(0, len(scenes), PICTURES).tolist()]


def _photographs(random: np.random.Generator) -> list[bytes]:
    """Return large files that look the same but differ in a few bytes."""
    from io import BytesIO

    stream = BytesIO()
    small = Image.fromarray(random.integers(0, 256, (60, 80, 3), dtype=np.uint8))
    small.resize(LARGE, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85)
    return [stream.getvalue() + num.to_bytes(4, "big") for num in range(PICTURES)]


def _part(requests: Requests, number: int, effort: Effort) -> Requests:
    """Return requests that no other round sends."""
    size = min(len(requests) // effort.rounds, round(2 * RATE * effort.seconds))
    return requests[number * size : (number + 1) * size]


if __name__ == "__main__":
    main()
