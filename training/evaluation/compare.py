"""Compares the model with its parts and two baselines on held-out interactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.config import Config
from recsys.data.interactions import Interactions
from recsys.index.exact import Neighbors, best_of
from recsys.model.popularity import Popularity
from recsys.recommend.batch import BLOCK, in_blocks, recommend_many, score_pairs
from recsys.recommend.recommender import Recommender
from training.evaluation import evaluate, popularity_tradeoff
from training.evaluation.quality_gate import POPULARITY
from training.evaluation.results import Comparison
from training.evaluation.segments import HeldOut
from training.evaluation.validation import Validation
from training.factors.blend import FittedParts, exact_model

LONG = 100  # lists for the curve of recall over k


def n_steps(parts: FittedParts) -> int:
    """Return how often :func:`compare_baselines` counts a step."""
    return 6 if parts.has_content else 5


def compare_baselines(
    parts: FittedParts, validation: Validation, config: Config, k: int, advance: Callable[[int], None] = lambda _: None
) -> Comparison:
    """Measure the blend, behavior alone (ALS), content alone where there is any, item-KNN and popularity."""
    users, long = validation.users, min(max(LONG, k), len(parts.catalog))
    popularity = Popularity.from_interactions(parts.interactions, config.data.half_life_days)
    recommender = _recommender(parts, config)
    ways: dict[str, Callable[[], Iterator[Neighbors]]] = {
        "blended": lambda: recommend_many(recommender, users, long, exact=True),
        "behaviour alone": lambda: _lists(parts.behavior_alone(), config, users, long),
        "content alone": lambda: _lists(parts.content_alone(), config, users, long),
        "item-KNN": lambda: item_knn(parts.behavior, parts.interactions, users, long),
        POPULARITY: lambda: popular(popularity, parts.interactions, users, long),
    }
    if not parts.has_content:
        del ways["content alone"]
    table, seed = recommender.model.items_like_item.table, config.als.random_state
    vectors = table.vectors[table.positions]
    lists_of = {name: _counted(lists, advance) for name, lists in ways.items()}
    train, test = parts.interactions, validation.test
    comparison = evaluate.compare(lists_of, train, test, validation.protocol, k, seed, vectors)
    tradeoff = popularity_tradeoff.measure(recommender, HeldOut(train, test), k, seed)
    advance(1)
    return replace(comparison, tradeoff=tradeoff)


def pair_scores(parts: FittedParts, config: Config) -> evaluate.Scores:
    """Return a function that scores pairs of row numbers by the blend."""
    recommender = _recommender(parts, config)
    return lambda users, items: np.asarray(score_pairs(recommender, users.tolist(), items.tolist()), dtype=np.float64)


def popular(popularity: Popularity, train: Interactions, users: NDArray[np.int32], k: int) -> Iterator[Neighbors]:
    """Yield the `k` most popular items that each user has not seen."""
    history = train.matrix()
    for num in users.tolist():
        yield popularity.top(k, history.indices[history.indptr[num] : history.indptr[num + 1]])


def item_knn(similar: sparse.csr_matrix, train: Interactions, users: NDArray[np.int32], k: int) -> Iterator[Neighbors]:
    """Yield the unseen items with the `k` largest sums of similarity to the history (Sarwar et al., WWW 2001).

    `similar` (n_items, n_items) holds the nearest items of each item; a list is shorter where fewer items are similar.
    """
    history = train.matrix()
    history.data[:] = 1

    def lists(block: NDArray[np.int32]) -> list[Neighbors]:
        seen = history[block]
        sums = seen @ similar
        fresh = (sums - sums.multiply(seen)).tocsr()
        bounds = pairwise(fresh.indptr.tolist())
        return [best_of(fresh.indices[start:stop], fresh.data[start:stop], k) for start, stop in bounds]

    return chain.from_iterable(in_blocks(np.array_split(users, -(-len(users) // BLOCK)), lists))


def _recommender(parts: FittedParts, config: Config) -> Recommender:
    return Recommender(exact_model(parts, config), "")


def _lists(parts: FittedParts, config: Config, users: NDArray[np.int32], k: int) -> Iterator[Neighbors]:
    return recommend_many(_recommender(parts, config), users, k, exact=True)


def _counted(lists: Callable[[], Iterator[Neighbors]], advance: Callable[[int], None]) -> Iterator[Neighbors]:
    yield from lists()
    advance(1)
