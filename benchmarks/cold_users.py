"""What attributes of users are worth to users without events: `python -m benchmarks.cold_users`.

The users are cut into five parts. Five times, a model is fitted without one part, which has no events at all in it; each of
these users then gets a list of ten by the attributes, and the popular one. docs/users.md has the figures.

* `sample`: data/sample with its simulated users.csv.
* `MovieLens`: ``../shared/data/ml-latest-small``, ratings from 3.5 on. There are no demographics, so a question at the sign-up
  is simulated: the three genres that one random half of a user's films has most often, compared with all films; the list is
  measured on the other half.
* `random`: the same users with the attributes of others, so that they say nothing.
* `N events`: the list of a user who has N events, too, by the history alone and by the attributes alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.config import AlsConfig, BlendConfig, Config
from recsys.data.catalog import Attribute, Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.events.activity import Event
from recsys.model.extras.user_records import UserRecords
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from training.evaluation.ranking_metrics import ndcg_at_k
from training.factors import als, attribute_tastes, neighbors
from training.factors.blend import FittedParts, empty_histories, exact_model

ROOT = Path(__file__).parents[1]
MOVIELENS = ROOT.parent / "shared" / "data" / "ml-latest-small"
LIKED, FAVORITES, PRIOR = 3.5, 3, 5
FOLDS, K = 5, 10
FEW = (1, 2, 5)
Users = Mapping[str, Mapping[str, Attribute]]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Items that each user took, those of them that lists are measured on, and the attributes."""

    taken: Mapping[str, list[str]]
    relevant: Mapping[str, list[str]]
    users: Users

    def shuffled(self) -> Data:
        order = np.random.default_rng(1).permutation(len(self.users)).tolist()
        values = [self.users[user] for user in self.users]
        return Data(self.taken, self.relevant, {user: values[num] for user, num in zip(self.users, order, strict=True)})


def main() -> None:
    data = {"sample": sample(), "MovieLens": movielens()}
    print(f"| data | users | ndcg@{K} of popular | by attributes | gain, 95% interval | attributes, by fold |")
    print("|---|--:|--:|--:|--:|---|")
    for name, one in [*data.items(), *((f"{name}, random", one.shuffled()) for name, one in data.items())]:
        popular, found, chosen, _ = measure(one)
        names = ", ".join(f"{'+'.join(names) or 'none'} {n}" for names, n in chosen.most_common())
        print(
            f"| {name} | {len(popular)} | {popular.mean():.4f} | {found.mean():.4f} | {gain(found - popular)} | {names} |"
        )
    print("\n| data | events | by the history | by attributes | difference |\n|---|--:|--:|--:|--:|")
    for name, one in data.items():
        for n, (history, attributes) in measure(one)[3].items():
            print(f"| {name} | {n} | {history.mean():.4f} | {attributes.mean():.4f} | {gain(attributes - history)} |")


def gain(difference: Numbers) -> str:
    return f"{difference.mean():+.4f} ±{1.96 * difference.std() / len(difference) ** 0.5:.4f}"


def measure(data: Data) -> tuple[Numbers, Numbers, Counter[tuple[str, ...]], dict[int, tuple[Numbers, Numbers]]]:
    """Return ndcg of the popular list and of that by attributes, the chosen attributes of each fold, and ndcg after events."""
    names = sorted(data.taken)
    parts = np.array_split(np.random.default_rng(0).permutation(len(names)), FOLDS)
    rows: list[tuple[float, float]] = []
    few: dict[int, list[tuple[float, float]]] = {n: [] for n in FEW}
    chosen: Counter[tuple[str, ...]] = Counter()
    for part in parts:
        held_out = [names[num] for num in part.tolist()]
        recommender, used = fitted(data, set(held_out))
        chosen[used] += 1
        for user in held_out:
            by = ids(recommender, user)
            popular = [item.item_id for item in recommender.popular(ListRequest(K)).items]
            rows.append((ndcg(popular, data.relevant[user]), ndcg(by, data.relevant[user])))
            for n, found_after in few.items():
                if len(data.relevant[user]) > n:
                    found_after.append(after_events(recommender, user, data.relevant[user], n))
    popular_ndcg, by_attributes = np.array(rows).T
    columns = {n: np.array(pairs).reshape(-1, 2).T for n, pairs in few.items()}
    return popular_ndcg, by_attributes, chosen, {n: (one[0], one[1]) for n, one in columns.items()}


def after_events(recommender: Recommender, user: str, items: list[str], n: int) -> tuple[float, float]:
    """Return ndcg by the history of the first items, and by the attributes without these items."""
    first, rest = items[:n], items[n:]
    history = [item.item_id for item in recommender.recommend([Event(one) for one in first], ListRequest(K)).items]
    by = [item.item_id for item in recommender.recommend(user, ListRequest(K, exclude=first)).items]
    return ndcg(history, rest), ndcg(by, rest)


def ids(recommender: Recommender, user: str) -> list[str]:
    return [item.item_id for item in recommender.recommend(user, ListRequest(K)).items]


def ndcg(listed: list[str], relevant: list[str]) -> float:
    hits = np.isin(np.array(listed), relevant)[None]
    return float(ndcg_at_k(hits, np.array([len(relevant)]))[0])


def fitted(data: Data, held_out: set[str]) -> tuple[Recommender, tuple[str, ...]]:
    """Return a model without the held-out users but for their attributes, and the attributes that it uses."""
    users = [user for user in sorted(data.taken) if user not in held_out]
    items = sorted({item for taken in data.taken.values() for item in taken})
    user_map, item_map = IdMap.from_ids(users), IdMap.from_ids(items)
    cells = [(num, item_map.get(item)) for num, user in enumerate(users) for item in data.taken[user]]
    user_nums, item_nums = np.array(cells, dtype=np.int32).T.copy()
    pairs = Interactions(user_map, item_map, user_nums, item_nums, np.ones(len(cells), dtype=np.float32), None)
    catalog = Catalog.from_items([Item(item) for item in items])
    config = Config(als=AlsConfig(factors=32), blend=BlendConfig())
    factors = als.fit(pairs, config.als)
    behavior = neighbors.by_behavior(pairs, config.blend.n_neighbors, config.blend.neighbor_power, 0)
    texts, words = np.zeros((len(items), 0), dtype=np.float32), neighbors.no_neighbors(len(items))
    parts = FittedParts(catalog, pairs, empty_histories(pairs), factors, texts, behavior, words)
    learned = attribute_tastes.learn(data.users, pairs, 0)
    records = UserRecords.of(data.users)
    assert learned is not None
    assert records is not None
    extras = [records] if learned.tastes is None else [records, learned.tastes]
    model = replace(exact_model(parts, config), fold_in=als.fold_in(pairs, config.als, factors.items))
    return Recommender(model.with_extras(*extras), "m"), () if learned.tastes is None else learned.attributes


def sample() -> Data:
    """Return the films that the simulated users watched."""
    folder = ROOT / "data" / "sample"
    taken: dict[str, list[str]] = {}
    for row in _rows(folder / "interactions.csv"):
        if row["event"] == "watch":
            taken.setdefault(row["user_id"], []).append(row["item_id"])
    users = {
        row["user_id"]: {
            "favorite_genre": row["favorite_genre"],
            "age": int(row["age"]),
            "country": row["country"],
        }
        for row in _rows(folder / "users.csv")
    }
    return Data(taken, taken, users)


def movielens() -> Data:
    """Return liked films, and favorite genres by one half of the films of each user; the other half is relevant."""
    genres = {row["movieId"]: row["genres"].split("|") for row in _rows(MOVIELENS / "movies.csv")}
    taken: dict[str, list[str]] = {}
    for row in _rows(MOVIELENS / "ratings.csv"):
        if float(row["rating"]) >= LIKED:
            taken.setdefault(row["userId"], []).append(row["movieId"])
    overall = Counter(genre for films in taken.values() for film in films for genre in genres[film])
    random = np.random.default_rng(0)
    relevant, users = {}, {}
    for user, films in taken.items():
        order = random.permutation(len(films)).tolist()
        half = [films[num] for num in order[: len(order) // 2]]
        relevant[user] = [films[num] for num in order[len(order) // 2 :]]
        users[user] = {"favorites": _favorites(Counter(genre for film in half for genre in genres[film]), overall)}
    return Data(taken, relevant, users)


def _favorites(own: Counter[str], overall: Counter[str]) -> list[str]:
    """Return the genres that are most frequent beside their frequency overall, with PRIOR films of the latter."""
    shares = {genre: n / overall.total() for genre, n in overall.items()}
    lifts = {genre: (own[genre] + PRIOR * share) / (own.total() + PRIOR) / share for genre, share in shares.items()}
    return sorted(lifts, key=lambda genre: (-lifts[genre], genre))[:FAVORITES]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
