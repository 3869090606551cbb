"""Compares the model with its parts and the baselines on held-out interactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.index.exact import Neighbors
from recsys.model.popularity import Popularity
from recsys.recommend.batch import recommend_many, score_pairs
from recsys.recommend.recommender import Recommender
from training.evaluation import baselines, evaluate, popularity_tradeoff
from training.evaluation.quality_gate import POPULARITY
from training.evaluation.results import Comparison
from training.evaluation.segments import HeldOut
from training.evaluation.validation import Validation
from training.factors.blend import FittedParts, exact_model

LONG = 100  # lists for the curve of recall over k


def n_steps(parts: FittedParts) -> int:
    """Return how often :func:`compare_baselines` counts a step."""
    return (5 if parts.has_content else 4) + 1


def compare_baselines(
    parts: FittedParts, validation: Validation, config: Config, k: int, advance: Callable[[int], None] = lambda _: None
) -> Comparison:
    """Measure the blend, behavior alone (ALS), content alone where there is any, item-KNN and popularity.

    Parameters
    ----------
    k : int
        Length of the lists.
    advance : callable
        Counts the measured lists.
    """
    users, long = validation.users, min(max(LONG, k), len(parts.catalog))
    popularity = Popularity.from_interactions(parts.interactions, config.data.half_life_days)
    ways: dict[str, Callable[[], Iterator[Neighbors]]] = {
        "blended": lambda: _lists(parts, config, validation, long),
        "behaviour alone": lambda: _lists(parts.behaviour_alone(), config, validation, long),
        "content alone": lambda: _lists(parts.content_alone(), config, validation, long),
        "item-KNN": lambda: baselines.item_knn(parts.behaviour, parts.interactions, users, long),
        POPULARITY: lambda: baselines.popular(popularity, parts.interactions, users, long),
    }
    if not parts.has_content:
        del ways["content alone"]
    model = exact_model(parts, config)
    table, seed = model.items_like_item.table, config.als.random_state
    vectors = table.vectors[table.positions]
    comparison = evaluate.compare(
        {name: _counted(lists, advance) for name, lists in ways.items()},
        parts.interactions,
        validation.test,
        validation.protocol,
        k,
        seed,
        vectors,
    )
    held_out = HeldOut(parts.interactions, validation.test)
    tradeoff = popularity_tradeoff.measure(Recommender(model, ""), held_out, k, seed)
    advance(1)
    return replace(comparison, tradeoff=tradeoff)


def pair_scores(parts: FittedParts, config: Config) -> evaluate.Scores:
    """Return what scores pairs of row numbers by the blend."""
    recommender = Recommender(exact_model(parts, config), "")

    def scores(users: evaluate.Nums, items: evaluate.Nums) -> NDArray[np.floating]:
        found = score_pairs(recommender, users.tolist(), items.tolist())
        return np.asarray(found, dtype=np.float64)

    return scores


def _lists(parts: FittedParts, config: Config, validation: Validation, k: int) -> Iterator[Neighbors]:
    return recommend_many(Recommender(exact_model(parts, config), ""), validation.users, k, exact=True)


def _counted(lists: Callable[[], Iterator[Neighbors]], advance: Callable[[int], None]) -> Iterator[Neighbors]:
    yield from lists()
    advance(1)
