"""What dislikes of a weight below 0 do for lists, on MovieLens, compared with ignoring them.

    python benchmarks/dislikes.py [--below 3] [--factors 64] [--store var/store]

With ``--store`` it measures how far similar items fall in the lists of a trained model after a dislike. Without, it reads
``../shared/data/ml-latest-small`` and turns ratings into events: `like` of weight 1, and `dislike` under ``--below``. Each
user's last fifth of the likes is held out, with the dislikes after the first of them. The lists are those of the model,
without the texts of the movies. Both print Markdown for docs/feedback.md.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.events.activity import Event, UserEvents
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from training.evaluation import ranking_metrics
from training.factors import als, neighbors
from training.factors.blend import FittedParts, empty_histories, exact_model
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

DATA = Path(__file__).parents[2] / "shared" / "data" / "ml-latest-small" / "ratings.csv"
WEIGHTS = (0.0, -0.2, -1.0, -5.0)
FALLING = (-0.2, -1.0, -5.0, -20.0)
DISLIKE = "dislike"
HELD_OUT = 0.2
USERS, WITHIN = 200, 100
K = 10

Likes = dict[str, set[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--below", type=float, default=3.0, help="ratings under it are dislikes")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--store", type=Path, help="folder of a published model")
    options = parser.parse_args()
    if options.store:
        print_falls(options.store)
    else:
        print_gains(options)


def print_falls(store: Path) -> None:
    """Print the moves of similar items in the model of a store, for several weights of a dislike."""
    bundle = Store(store).load()
    print(
        "| weight of a dislike | similar items that fall | that rise | mean fall | of others |\n|---|--:|--:|--:|--:|"
    )
    for weight in FALLING:
        weights = {**bundle.manifest.events.weights, DISLIKE: weight}
        rules = bundle.manifest.events.model_copy(update={"weights": weights})
        similar, others = falls(Recommender(bundle.model, bundle.version, rules))
        shares = f"{(similar > 0).mean():.0%} | {(similar < 0).mean():.0%}"
        print(f"| {weight:g} | {shares} | {similar.mean():.1f} | {others.mean():.1f} |")


def falls(recommender: Recommender) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return by how many ranks items of the first WITHIN fall when users dislike the first one: those like it, and others."""
    moved: dict[bool, list[int]] = {True: [], False: []}
    for user in list(recommender.users)[:USERS]:
        request = ListRequest(2 * WITHIN, exact=True)
        before = [item.item_id for item in recommender.recommend(user, request).items]
        first, rest = before[0], before[1 : WITHIN + 1]
        events = UserEvents((Event(first, DISLIKE),))
        after = [item.item_id for item in recommender.recommend(user, request, events).items]
        ranks = {item: rank for rank, item in enumerate([item for item in after if item != first])}
        similar = {item.item_id for item in recommender.similar_items(first, ListRequest(K)).items}
        for rank, item in enumerate(rest):
            moved[item in similar].append(ranks.get(item, 2 * WITHIN) - rank)
    return np.array(moved[True]), np.array(moved[False])


def print_gains(options: argparse.Namespace) -> None:
    """Print the ndcg for several weights of a dislike."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        later = write_events(options.data, options.below, path)
        measured = [
            measure(path, weight, options.factors, later, learns=learns)
            for weight, learns in [*((weight, True) for weight in WEIGHTS), (-1.0, False)]
        ]
    base = measured[0]
    print(
        f"| weight of a dislike | ndcg@{K} | gain, 95% interval | disliked later, in the first {K} |\n|---|--:|--:|--:|"
    )
    names = [f"{weight:g}" for weight in WEIGHTS]
    for name, (ndcg, disliked) in zip(["0 (ignored)", *names[1:], "left out, not learned from"], measured, strict=True):
        gain, error = (ndcg - base[0]).mean(), (ndcg - base[0]).std() / len(ndcg) ** 0.5
        print(f"| {name} | {ndcg.mean():.4f} | {gain:+.4f} ±{1.96 * error:.4f} | {disliked.mean():.4f} |")


def write_events(source: Path, below: float, path: Path) -> tuple[Likes, Likes]:
    """Write the events of the first part of each user; return the later likes and dislikes."""
    by_user: dict[str, list[tuple[int, str, bool]]] = defaultdict(list)
    for row in csv.DictReader(source.open(encoding="utf-8")):
        by_user[row["userId"]].append((int(row["timestamp"]), row["movieId"], float(row["rating"]) >= below))
    likes: Likes = {}
    dislikes: Likes = {}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user_id", "item_id", "event", "timestamp"])
        for user, events in by_user.items():
            events.sort()
            liked = [place for place, event in enumerate(events) if event[2]]
            cut = liked[round(len(liked) * (1 - HELD_OUT))] if len(liked) >= 1 / HELD_OUT else len(events)
            rows.writerows(
                (user, item, "like" if is_liked else "dislike", time) for time, item, is_liked in events[:cut]
            )
            likes[user] = {item for _, item, is_liked in events[cut:] if is_liked}
            dislikes[user] = {item for _, item, is_liked in events[cut:] if not is_liked}
    return likes, dislikes


def measure(
    path: Path, weight: float, factors: int, later: tuple[Likes, Likes], *, learns: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ndcg of each user with later likes, and the share of the list that the user dislikes later."""
    config = Config.model_validate(
        {
            "data": {"interactions": str(path), "rejects": ""},
            "events": {"like": 1.0, "dislike": weight},
            "als": {"factors": factors},
            "store": {"events": ""},
        }
    )
    dataset = ingest(config)
    recommender = Recommender(exact_model(fitted(dataset, config, learns=learns), config), "v1")
    users = np.array([num for num, user in enumerate(dataset.interactions.users) if later[0][user]], dtype=np.int32)
    lists = [ranking.nums for ranking in recommend_many(recommender, users, K, exact=True)]
    items, ids = dataset.catalog.items, [dataset.interactions.users.id(num) for num in users.tolist()]
    liked, disliked = (
        np.array([[items.id(num) in of[user] for num in row.tolist()] for row, user in zip(lists, ids, strict=True)])
        for of in later
    )
    return ranking_metrics.ndcg_at_k(liked, np.array([len(later[0][user]) for user in ids])), disliked.mean(axis=1)


def fitted(dataset: Dataset, config: Config, *, learns: bool) -> FittedParts:
    """Return the parts of a model without texts; `learns` from dislikes, or leaves their items out of lists only."""
    pairs, seen_only = dataset.interactions, dataset.seen_only or empty_histories(dataset.interactions)
    unliked = seen_only if dataset.skipped is None else seen_only.joined(dataset.skipped)
    factors = als.fit(pairs, config.als, disliked=unliked if learns else None)
    behavior = neighbors.by_behavior(pairs, config.blend.n_neighbors, config.blend.neighbor_power, 0)
    texts = np.zeros((len(dataset.catalog), 0), dtype=np.float32)
    words = neighbors.no_neighbors(len(dataset.catalog))
    return FittedParts(dataset.catalog, pairs, seen_only, factors, texts, behavior, words)


if __name__ == "__main__":
    main()
