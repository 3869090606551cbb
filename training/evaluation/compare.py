"""The model beside its parts and the baselines, on what was held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recsys.config import Config
from recsys.index.exact import Neighbors
from recsys.model.popularity import Popularity
from recsys.progress import Stages
from recsys.recommend.batch import recommend_many, score_pairs
from recsys.recommend.recommender import Recommender
from training.evaluation import baselines, evaluate, popularity_tradeoff
from training.evaluation.gate import POPULARITY
from training.evaluation.results import Comparison
from training.evaluation.segments import HeldOut
from training.evaluation.validation import Validation
from training.factors import als, neighbors
from training.factors.als import Factors
from training.factors.blend import Parts, exact_model
from training.prepare import Material, nothing_seen

LONG = 100  # lists for the curve of recall over k


def fitted_parts(material: Material, validation: Validation, config: Config, factors: Factors | None = None) -> Parts:
    """The parts of a model of the validation's train part; fits the factors where they are not given."""
    blend, seed = config.blend, config.als.random_state
    return Parts(
        catalog=material.dataset.catalog,
        interactions=validation.train,
        # when somebody disliked an item is not told, so it may be after the cut: neither left out nor learned from
        seen_only=nothing_seen(validation.train),
        factors=factors or als.fit(validation.train, config.als),
        texts=material.texts,
        behaviour=neighbors.by_behaviour(validation.train, blend.n_neighbors, blend.neighbor_power, seed),
        words=material.words,
    )


def compare(parts: Parts, validation: Validation, config: Config, k: int, stages: Stages) -> Comparison:
    """The blend, behaviour alone (ALS), content alone where there is any, item-KNN and popularity."""
    users, long = validation.users, min(max(LONG, k), len(parts.catalog))
    popularity = Popularity.from_interactions(parts.interactions, config.data.half_life_days)
    ways: dict[str, Callable[[], Iterator[Neighbors]]] = {
        "blended": lambda: _lists(parts, config, validation, long),
        "behaviour alone": lambda: _lists(parts.behaviour_alone(), config, validation, long),
        "content alone": lambda: _lists(parts.content_alone(), config, validation, long),
        "item-KNN": lambda: baselines.item_knn(parts.behaviour, parts.interactions, users, long),
        POPULARITY: lambda: baselines.popular(popularity, parts.interactions, users, long),
    }
    if not (parts.texts.shape[1] or parts.words.nnz):
        del ways["content alone"]
    model = exact_model(parts, config)
    table, seed = model.items_like_item.table, config.als.random_state
    vectors = table.vectors[table.positions]
    with stages.stage("evaluate", len(ways) + 1) as advance:
        found = evaluate.compare(
            {name: _told(lists, advance) for name, lists in ways.items()},
            parts.interactions,
            validation.test,
            validation.protocol,
            k,
            seed,
            vectors,
        )
        held_out = HeldOut(parts.interactions, validation.test)
        points = popularity_tradeoff.measure(Recommender(model, ""), held_out, k, seed)
        advance(1)
    return replace(found, tradeoff=points)


def pair_scores(parts: Parts, config: Config) -> evaluate.Scores:
    """The score of the blend for pairs of row numbers."""
    model = exact_model(parts, config)

    def scores(users: evaluate.Nums, items: evaluate.Nums) -> NDArray[np.floating]:
        found = score_pairs(model, users.tolist(), items.tolist())
        return np.asarray(found, dtype=np.float64)

    return scores


def _lists(parts: Parts, config: Config, validation: Validation, k: int) -> Iterator[Neighbors]:
    return recommend_many(Recommender(exact_model(parts, config), ""), validation.users, k, exact=True)


def _told(lists: Callable[[], Iterator[Neighbors]], advance: Callable[[int], None]) -> Iterator[Neighbors]:
    yield from lists()
    advance(1)
