"""What the item of a page adds to the lists of its users: `python -m benchmarks.context [movielens|ml1m ...]`.

The last item of each user is held out, and the item before it is the context. The weight of each method is chosen on half of
the users and measured on the others, with 95% intervals of the paired difference from the list without context. `seen` has the
context in the history, `new` trains without it. Prints Markdown for docs/context.md.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.events.activity import Event
from recsys.index.exact import products
from recsys.model.extras.together import Together
from recsys.model.model import Model
from recsys.progress import Stages
from recsys.recommend.context import LIKENESS_BESIDE_BASKETS
from recsys.recommend.ranking import UserQuery, similar_query
from recsys.recommend.recommender import Recommender
from recsys.recommend.user_state import UserState
from training import pipeline

DATA = Path(__file__).parents[2] / "shared" / "data"
LIKED = 3.5
K = 10
HOURS = 10.0  # of a basket where only the order is known, with an hour from item to item
TIME = 1_600_000_000
FEWEST = 5  # items of a user
WEIGHTS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
ALONE = ("likeness", "similar", "baskets")
FOLDED = "once more in the history"
Scores = NDArray[np.float64]
Histories = dict[str, list[tuple[str, int]]]  # items of each user with their times, oldest first
Titles = dict[str, tuple[str, str]]  # title and genres of each item


@dataclass(frozen=True)
class Case:
    """Scores (n_items,) of a user's list and of the context by each method, the items that it leaves out, and the next item."""

    base: Scores
    of_context: dict[str, Scores]
    folded: Callable[[float], Scores]
    seen: NDArray[np.int32]
    next_num: int


def main() -> None:
    for name in sys.argv[1:] or ["movielens", "ml1m"]:
        histories, items, hours = {"movielens": movielens, "ml1m": ml1m}[name]()
        for kind, left_out in (("seen", 1), ("new", 2)):
            recommender, cases = trained(histories, items, hours, left_out)
            report(f"{name}, {kind}", [*all_cases(recommender, cases)])


def movielens() -> tuple[Histories, Titles, float]:
    """Return the liked movies of each user, all movies, and the hours of a basket."""
    histories = defaultdict(list)
    with (DATA / "ml-latest-small" / "ratings.csv").open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["timestamp"]))
    for row in rows:
        if float(row["rating"]) >= LIKED:
            histories[row["userId"]].append((row["movieId"], int(row["timestamp"])))
    with (DATA / "ml-latest-small" / "movies.csv").open(encoding="utf-8") as file:
        return histories, {row["movieId"]: (row["title"], row["genres"]) for row in csv.DictReader(file)}, 24.0


def ml1m() -> tuple[Histories, Titles, float]:
    """Return the movies of each user in their order, all movies, and the hours of a basket."""
    histories = defaultdict(list)
    for part in ("train_valid", "test"):
        with gzip.open(DATA / "ml1m-seq" / f"{part}.csv.gz", "rt", encoding="utf-8") as file:
            for row in sorted(csv.DictReader(file), key=lambda row: int(row.get("timestamp", 0))):
                history = histories[row["user_id"]]
                history.append((row["item_id"], TIME + 3600 * len(history)))
    with gzip.open(DATA / "ml1m-seq" / "items.csv.gz", "rt", encoding="utf-8") as file:
        return histories, {row["item_id"]: (row["title"], row["genres"]) for row in csv.DictReader(file)}, HOURS


def trained(
    histories: Histories, items: Titles, hours: float, left_out: int
) -> tuple[Recommender, list[tuple[str, str, str]]]:
    """Return a model that was trained without the last items of each user, and user, context and next item of each case."""
    cases = [(user, history[-2][0], history[-1][0]) for user, history in histories.items() if len(history) >= FEWEST]
    with tempfile.TemporaryDirectory() as folder:
        events, records = Path(folder) / "events.csv", Path(folder) / "items.csv"
        with events.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["user_id", "item_id", "timestamp"])
            for user, history in histories.items():
                kept = history[:-left_out] if len(history) >= FEWEST else history
                rows.writerows((user, item, time) for item, time in kept)
        with records.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [("item_id", "title", "genres"), *((key, *value) for key, value in items.items())]
            )
        parts = {"interactions": str(events), "items": str(records), "rejects": "", "timestamp_column": "timestamp"}
        config = Config.model_validate(
            {
                "data": parts,
                "content": {"encoder": "lsa"},
                "store": {"events": ""},
                "explore": {"tags": False, "anomalies": False},
                "index": {"lists": 0},
                "together": {"window_hours": hours},
                "evaluate": {"gate": False},
            }
        )
        run = pipeline.train(config, Stages(quiet=True))
    return Recommender(run.model, "m"), cases


def all_cases(recommender: Recommender, cases: list[tuple[str, str, str]]) -> Iterator[Case]:
    """Yield the cases whose items the model has learned from."""
    model, items = recommender.model, recommender.items
    contexts: dict[int, dict[str, Scores]] = {}
    for user, context, next_item in cases:
        num, next_num = items.get(context), items.get(next_item)
        if num is None or next_num is None or user not in recommender.users:
            continue
        state = recommender.user_state(user)
        if num not in contexts:
            contexts[num] = context_scores(recommender, num)
        base = scores_of(model, state.query)
        yield Case(base, contexts[num], folder(state, num), np.union1d(state.seen, [num]).astype(np.int32), next_num)


def context_scores(recommender: Recommender, num: int) -> dict[str, Scores]:
    """Return the scores of all items for an item in context, by each method."""
    model = recommender.model
    n_items = len(model.catalog)
    guest = recommender.user_state([Event(recommender.items.id(num))])
    baskets = np.zeros(n_items)
    if (part := model.extra(Together)) is not None:
        found = part.companions(np.array([num], dtype=np.int32))
        baskets[found.nums] = found.scores
    likeness, baskets = (of_one(scores) for scores in (scores_of(model, guest.query), baskets))
    similar = of_one(products(model.items_like_item.table.rows(np.arange(n_items)), similar_query(model, num)))
    both = baskets + LIKENESS_BESIDE_BASKETS * likeness if baskets.any() else likeness
    return {"likeness": likeness, "similar": similar, "baskets": baskets, "baskets and likeness": both}


def of_one(scores: Scores) -> Scores:
    """Return scores whose largest is 1."""
    return scores / max(float(scores.max()), 1e-9)


def scores_of(model: Model, query: UserQuery) -> Scores:
    """Return the scores of all items, (n_items,)."""
    scores = products(model.items_for_user.table.rows(np.arange(len(model.catalog))), query.vector)
    scores[query.nearby.nums] += query.nearby.total
    return scores


def folder(state: UserState, num: int) -> Callable[[float], Scores]:
    """Return a function from a weight to the scores of a user who has the item in context with this weight, too."""

    def folded(weight: float) -> Scores:
        mean = float(state.weights.mean()) if len(state.weights) else 1.0
        liked = np.union1d(state.liked, [num]).astype(np.int32)
        weights = np.zeros(len(liked), dtype=np.float32)
        weights[np.isin(liked, state.liked)] = state.weights
        weights[liked == num] += weight * mean
        return scores_of(state.model, replace(state, liked=liked, weights=weights, fresh=True).query)

    return folded


def listed(case: Case, method: str, weight: float) -> Scores:
    """Return the scores of a list for the user of a case."""
    return case.folded(weight) if method == FOLDED else case.base + weight * case.base.max() * case.of_context[method]


def gain(case: Case, scores: Scores) -> tuple[float, float]:
    """Return ndcg and hit rate of the first K items."""
    scores = scores.copy()
    scores[case.seen] = -np.inf
    own = scores[case.next_num]
    rank = int((scores > own).sum()) + int((scores[: case.next_num] == own).sum())
    return (1 / np.log2(rank + 2), 1.0) if rank < K else (0.0, 0.0)


def report(name: str, cases: list[Case]) -> None:
    """Print the table of a data set."""
    chosen = np.random.default_rng(0).random(len(cases)) < 0.5
    print(f"{name}: {len(cases)} users, weights chosen on {chosen.sum()}", flush=True)
    choosing, reported = (
        [case for case, own in zip(cases, chosen, strict=True) if own == side] for side in (True, False)
    )
    base = np.array([gain(case, case.base) for case in reported])
    show("without context", base, base)
    for method in ALONE:
        show(f"{method} alone", np.array([gain(case, case.of_context[method]) for case in reported]), base)
    for method in (FOLDED, *cases[0].of_context):
        means = [np.mean([gain(case, listed(case, method, weight))[0] for case in choosing]) for weight in WEIGHTS]
        weight = WEIGHTS[int(np.argmax(means))]
        show(f"{method}, {weight:g}", np.array([gain(case, listed(case, method, weight)) for case in reported]), base)
    shipped = np.array([gain(case, listed(case, "baskets and likeness", 1.0)) for case in reported])
    show("as served", shipped, base)


def show(name: str, found: Scores, base: Scores) -> None:
    """Print a row: ndcg and hit rate, and their differences from those without context."""
    differences = found - base
    errors = 1.96 * differences.std(axis=0) / len(base) ** 0.5
    cells = (f"{found[:, i].mean():.4f} | {differences[:, i].mean():+.4f} ± {errors[i]:.4f}" for i in (0, 1))
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
