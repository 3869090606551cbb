"""What rotation does to the lists of users who react to nothing, and what logging impressions costs the service.

    python -m benchmarks.impressions STORE [--served] [--events postgresql+psycopg://…] [--rounds 81]

Prints Markdown for docs/feedback.md. Without ``--served``, 200 users of a trained model see ten items a day on ten days, each
of which is an impression in an event store, and then nothing for a while. With it, four services in this process, which log
none, none, a tenth and all of their lists, answer the same requests in turns; HTTP is left out, which would make the share of
logging smaller.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from flask import Flask
from werkzeug.test import create_environ

from recsys.bundle.store import Store
from recsys.config import ServeConfig
from recsys.events.activity import UserEvents
from recsys.events.impressions import ShownList
from recsys.events.store import EventStore
from recsys.recommend.answer import Recommendation
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from serving.app import create_app
from serving.settings import Settings

USERS, VISITS, K = 200, 10, 10
ROTATIONS = (0.0, 0.1, 0.3, 0.5, 1.0)
PAUSES = (1, 3, 7, 14, 28)
SHARES = (0.0, 0.0, 0.1, 1.0)
DAY = 86_400
START = 1_700_000_000
SENT = 500  # about as many as a worker answers between two flushes

Lists = Mapping[str, tuple[Recommendation, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of a published model")
    parser.add_argument("--served", action="store_true", help="measure what logging costs")
    parser.add_argument("--events", default="", help="database of the event store with --served; default: SQLite files")
    parser.add_argument("--rounds", type=int, default=81)
    given = parser.parse_args()
    if given.served:
        print_costs(given)
    else:
        print_visits(Store(given.store).recommender())


def print_visits(recommender: Recommender) -> None:
    """Print what users see with several rotations."""
    users = list(recommender.users)[:USERS]
    head = "| `rotation` | new items | different items | score | " + " | ".join(f"after {n} d" for n in PAUSES)
    print(f"{head} |\n|{'--:|' * (4 + len(PAUSES))}")
    first = {user: recommender.recommend(user, ListRequest(K)).items for user in users}
    for rotation in ROTATIONS:
        with (
            tempfile.TemporaryDirectory() as folder,
            EventStore.open(f"{folder}/events.sqlite", lambda: START) as store,
        ):
            visits = [visit(recommender, store, users, rotation, START + day * DAY) for day in range(VISITS)]
            last = START + (VISITS - 1) * DAY
            back = [_lists(recommender, store, users, rotation, last + pause * DAY) for pause in PAUSES]
        fresh, different = zip(*(_new(user, visits) for user in users), strict=True)
        kept = np.mean([_plain(recommender, user, visits) / (VISITS * _sum(first[user])) for user in users])
        shares = [statistics.mean(_common(first[user], lists[user]) for user in users) for lists in back]
        figures = f"{statistics.mean(fresh):.0%} | {statistics.mean(different):.0f} | {kept:.2f}"
        print(f"| {rotation:g} | {figures} | {' | '.join(f'{share:.0%}' for share in shares)} |")


def visit(recommender: Recommender, store: EventStore, users: list[str], rotation: float, now: int) -> Lists:
    """Return the lists of a day, and store them as impressions."""
    lists = _lists(recommender, store, users, rotation, now)
    shown = [ShownList(user, tuple(item.item_id for item in items), now) for user, items in lists.items()]
    store.impressions.log(shown, 0)
    return lists


def _lists(recommender: Recommender, store: EventStore, users: list[str], rotation: float, now: int) -> Lists:
    request = ListRequest(K, rotation=rotation)
    lists = {}
    for user in users:
        exposure = store.impressions.unanswered(user, recommender.rules, now).exposure
        lists[user] = recommender.recommend(user, request, UserEvents(shown=exposure)).items
    return lists


def _new(user: str, visits: list[Lists]) -> tuple[float, int]:
    """Return the share of items after the first visit that were not shown before, and the number of different items."""
    seen = {item.item_id for item in visits[0][user]}
    n_new = 0
    for lists in visits[1:]:
        items = {item.item_id for item in lists[user]}
        n_new += len(items - seen)
        seen |= items
    return n_new / (K * (len(visits) - 1)), len(seen)


def _plain(recommender: Recommender, user: str, visits: list[Lists]) -> float:
    """Return the sum of the scores without rotation of all that was shown."""
    shown = [item.item_id for lists in visits for item in lists[user]]
    answer = recommender.recommend(user, ListRequest(len(set(shown)), only=tuple(set(shown)), exact=True))
    scores = {item.item_id: item.score for item in answer.items}
    return sum(scores[item_id] for item_id in shown)


def _sum(items: tuple[Recommendation, ...]) -> float:
    return sum(item.score for item in items)


def _common(first: tuple[Recommendation, ...], later: tuple[Recommendation, ...]) -> float:
    return len({item.item_id for item in first} & {item.item_id for item in later}) / len(first)


def print_costs(given: argparse.Namespace) -> None:
    """Print the processor time of an answer with several shares of logged lists, beside that of the first."""
    with tempfile.TemporaryDirectory() as folder:
        apps = [_app(given, f"{folder}/{place}.sqlite", share) for place, share in enumerate(SHARES)]
        users = list(apps[0].extensions["model"].get().users)
        paths = [f"/recommend/{users[num]}" for num in np.random.default_rng(0).integers(0, len(users), SENT).tolist()]
        turns = [[_seconds(app, paths) for app in apps] for _ in range(given.rounds + 1)][1:]
        for app in apps:
            app.extensions["impressions"].close()
    print("| `serve.log_impressions` | CPU µs an answer | of none |\n|--:|--:|--:|")
    for place, share in enumerate(SHARES):
        cost = 1e6 * statistics.median(turn[place] for turn in turns) / SENT
        low, middle, high = statistics.quantiles((turn[place] / turn[0] for turn in turns), n=4)
        print(f"| {share:g} | {cost:,.0f} | {middle:.2f} ({low:.2f}-{high:.2f}) |")


def _app(given: argparse.Namespace, events: str, share: float) -> Flask:
    serve = ServeConfig(log_impressions=share, access_log=False, reload_seconds=1e6)
    return create_app(Settings(given.store.resolve(), given.events or events, serve))


def _seconds(app: Flask, paths: list[str]) -> float:
    """Return the processor time of the answers, and of storing their impressions."""
    environments = [create_environ(path, query_string=f"k={K}") for path in paths]
    started = time.process_time()
    for environment in environments:
        app(environment, lambda *_: None)  # type: ignore[arg-type,return-value]
    app.extensions["impressions"].flush()
    return time.process_time() - started


if __name__ == "__main__":
    main()
