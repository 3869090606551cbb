"""Lists with new items between two trainings, compared with a training that has them.

    python benchmarks/new_items.py [--items 100] [--encoder all-MiniLM-L6-v2] [--cache texts.sqlite]

Reads ``../shared/data/ml-latest-small`` and holds out movies of 40 raters or more with all their ratings. The model is trained
without them. Then each gets its record, and the events of some raters who were drawn at random; the ratings of the others are
what the lists are measured by. A training with the same records and events is the comparison. Prints Markdown for docs/live.md.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.events.activity import NO_EVENTS, Event, UserEvents
from recsys.events.item_values import ItemChange
from recsys.events.records import StoredEvent
from recsys.live.item_users import ItemUsers
from recsys.live.new_items import NewItem, new_item, stacked
from recsys.live.new_neighbors import WordNeighbors
from recsys.live.overlay import with_new_items
from recsys.model.new_items import NewItemRules, rows_of_new_items
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from training.pipeline import train
from training.run import TrainingRun

DATA = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small"
RATERS = 40
EVENTS = (0, 1, 5, 20)
K, DEEP = 10, 100
SEED = 0

Pairs = list[tuple[str, str]]  # user, item
Lists = Callable[[str, ListRequest], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--cache", default="")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    pairs, records = read(options.data)
    held, raters = held_out(pairs, options.items)
    heads = (f"ndcg@{K} among new items", "after a training", f"ndcg@{DEEP} among all items", "after a training")
    print("| events of each new item | " + " | ".join(heads) + " |\n|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        base = fit(Path(folder), [pair for pair in pairs if pair[1] not in held], records, held, options)
        for n in EVENTS:
            known = [(user, item) for item in sorted(held) for user in raters[item][:n]]
            hidden = [(user, item) for item in sorted(held) for user in raters[item][max(EVENTS) :]]
            retrained = fit(
                Path(folder), [pair for pair in pairs if pair[1] not in held] + known, records, set(), options
            )
            rows = []
            for only, k in ((frozenset(held), K), (frozenset[str](), DEEP)):
                rows += [
                    measure(live_lists(base, records, held, known), hidden, only, k),
                    measure(lists(retrained), hidden, only, k),
                ]
            print(
                f"| {n} | "
                + " | ".join(f"{row.mean():.4f} ±{1.96 * row.std() / len(row) ** 0.5:.4f}" for row in rows)
                + " |"
            )


def read(folder: Path) -> tuple[Pairs, Mapping[str, Mapping[str, str]]]:
    """Return the pairs in the order of the file, and the records by id."""
    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        pairs = [(row["userId"], row["movieId"]) for row in csv.DictReader(file)]
    with (folder / "movies.csv").open(encoding="utf-8") as file:
        return pairs, {row["movieId"]: row for row in csv.DictReader(file)}


def held_out(pairs: Pairs, n: int) -> tuple[set[str], Mapping[str, list[str]]]:
    """Return movies, and the raters of each in a random order."""
    raters: defaultdict[str, list[str]] = defaultdict(list)
    for user, item in pairs:
        raters[item].append(user)
    rng = np.random.default_rng(SEED)
    often = sorted(item for item, users in raters.items() if len(users) >= RATERS)
    held = set(rng.choice(often, n, replace=False).tolist())
    return held, {item: rng.permutation(sorted(raters[item])).tolist() for item in sorted(held)}


def fit(
    folder: Path, pairs: Pairs, records: Mapping[str, Mapping[str, str]], without: set[str], options: argparse.Namespace
) -> TrainingRun:
    """Train a model of the pairs, in whose catalog the items `without` are not."""
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("user_id", "item_id"), *pairs])
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(item, row["title"], row["genres"]) for item, row in records.items() if item not in without]
        csv.writer(file).writerows([("item_id", "title", "genres"), *rows])
    config = Config.model_validate(
        {
            "data": {"interactions": str(folder / "pairs.csv"), "items": str(folder / "items.csv")},
            "content": {"encoder": options.encoder, "cache": options.cache},
            "index": {"lists": 0, "kind": "exact"},
            "explore": {"enabled": False},
            "evaluate": {"gate": False},
        }
    )
    return train(config, Stages(quiet=True))


def lists(run: TrainingRun) -> Lists:
    recommender = Recommender(run.model, "")
    return lambda user, request: [item.item_id for item in recommender.recommend(user, request).items]


def live_lists(run: TrainingRun, records: Mapping[str, Mapping[str, str]], held: set[str], known: Pairs) -> Lists:
    """Return the lists of a model that was trained without the items `held`, with their records and known events."""
    recommender = Recommender(run.model, "", new_item_rules=NewItemRules.from_parameters(run.header.parameters))
    events = [StoredEvent(seq, user, Event(item)) for seq, (user, item) in enumerate(known, 1)]
    own = ItemUsers(recommender, lambda _: NO_EVENTS).factors(events, {})
    items = []
    for item_id in sorted(held):
        row = records[item_id]
        change = ItemChange(item_id, "put", {"title": row["title"], "genres": row["genres"].split("|")})
        record, factors = new_item(change, recommender.new_item_rules), own.get(item_id)
        vector = run.encoded.encode([record.text])[0]
        items.append(NewItem(record, vector, factors and factors.factors, factors.n_users if factors else 0))
    layout = run.model.layout
    rows = rows_of_new_items(run.model, recommender.new_item_rules, *stacked(items, layout.text_dim, layout.factors))
    neighbors = WordNeighbors(run.model, recommender.new_item_rules.n_neighbors)
    near = [neighbors.near(item.words(None)) for item in items]
    live = with_new_items(recommender, items, rows, near)
    of_user: defaultdict[str, list[Event]] = defaultdict(list)
    for stored in events:
        of_user[stored.user_id].append(stored.event)

    def listed(user: str, request: ListRequest) -> list[str]:
        return [item.item_id for item in live.recommend(user, request, UserEvents(tuple(of_user[user]))).items]

    return listed


def measure(listed: Lists, hidden: Pairs, only: frozenset[str], k: int) -> NDArray[np.float64]:
    """Return the ndcg of each user's hidden items in the list."""
    relevant: defaultdict[str, set[str]] = defaultdict(set)
    for user, item in hidden:
        relevant[user].add(item)
    request = ListRequest(k, exact=True, only=only)
    found = {user: listed(user, request) for user in sorted(relevant)}
    gains = 1 / np.log2(np.arange(2, k + 2))
    return np.array(
        [
            gains[[place for place, item in enumerate(items) if item in relevant[user]]].sum()
            / gains[: min(k, len(relevant[user]))].sum()
            for user, items in found.items()
        ]
    )


if __name__ == "__main__":
    main()
