"""Nights refused by the quality gate: models of data drawn from one law, and models that are worse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import table
from recsys.config import Config
from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.errors import ModelRejectedError
from recsys.model.popularity import Popularity
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from training.evaluation import evaluate, quality_gate
from training.evaluation.compare import popular
from training.evaluation.results import Comparison
from training.evaluation.validation import held_out
from training.factors import als, neighbors
from training.factors.blend import FittedParts, empty_histories, exact_model

DAMAGED = 50  # nights with each kind of damage
SEED = 42
SHARES = (0.1, 0.3, 1.0)
THEMES = 8
ITEMS = 12  # of each theme
FALL = 0.3  # of the chance of an item, from one rank in its theme to the next
CONFIG = Config()
NDCG = f"ndcg@{CONFIG.evaluate.k}"

Damage = Callable[[Interactions, np.random.Generator], Interactions]
Spoil = Callable[[FittedParts, np.random.Generator], FittedParts]


@dataclass(frozen=True)
class Law:
    """Users of a theme each; `loyalty` of the draws are of it, each user has `fewest` to `most` different items."""

    name: str
    nights: int
    users: int
    loyalty: float
    fewest: int = 3
    most: int = 7


LAWS = (
    Law("260 users, 3 to 7 items", 500, 260, 0.75),
    Law("260 users, nearly no themes", 500, 260, 0.2),
    Law("800 users, 2 items", 500, 800, 0.9, 2, 2),
    Law("2,000 users, 3 to 7 items", 100, 2000, 0.75),
    Law("1,000 users, 10 to 40 items", 100, 1000, 0.75, 10, 40),
)


def draw(law: Law, random: np.random.Generator) -> Interactions:
    """Draw the interactions of one night; times are in random order."""
    pairs = np.array([(user, item) for user in range(law.users) for item in _items(law, random)], dtype=np.int32)
    names = (IdMap.from_ids([f"{kind}{num}" for num in range(n)]) for kind, n in (("u", law.users), ("i", _n_items())))
    n = len(pairs)
    return Interactions(*names, *pairs.T, np.ones(n, np.float32), random.permutation(n).astype(np.int64))


def _n_items() -> int:
    return THEMES * ITEMS


def _items(law: Law, random: np.random.Generator) -> NDArray[np.int64]:
    size = random.integers(law.fewest, law.most + 1)
    chances = np.exp(-FALL * np.arange(ITEMS))
    of_themes = np.full(THEMES, (1 - law.loyalty) / THEMES)
    of_themes[random.integers(THEMES)] += law.loyalty
    return random.choice(_n_items(), size, replace=False, p=np.outer(of_themes, chances / chances.sum()).ravel())


def measured(
    pairs: Interactions, seed: int, spoil: Spoil = lambda parts, _: parts, config: Config = CONFIG
) -> Comparison:
    """Measure a model of the data as `recsys train` does before a publish."""
    found = held_out(pairs, config.evaluate.split, config.tune.share, seed)
    assert found is not None
    train, k, blend = found.train, config.evaluate.k, config.blend
    found = found.sampled(config.tune.users, seed)
    catalog = Catalog.from_items([Item(name, "", "", {}) for name in pairs.items])
    behavior = neighbors.by_behavior(train, blend.n_neighbors, blend.neighbor_power, seed)
    nothing, no_texts = neighbors.no_neighbors(len(catalog)), np.zeros((len(catalog), 0), dtype=np.float32)
    parts = FittedParts(catalog, train, empty_histories(train), als.fit(train, config.als), no_texts, behavior, nothing)
    model = exact_model(spoil(parts, np.random.default_rng(seed)), config)
    popularity = Popularity.from_interactions(train, config.data.half_life_days)
    ways = {
        "blended": recommend_many(Recommender(model, ""), found.users, k, exact=True),
        quality_gate.POPULARITY: popular(popularity, train, found.users, k),
    }
    return evaluate.compare(ways, train, found.test, found.protocol, k, seed)


def passes(comparison: Comparison, current: Mapping[str, float] | None) -> bool:
    try:
        quality_gate.check(comparison, current, CONFIG.evaluate)
    except ModelRejectedError:
        return False
    return True


def half_lost(pairs: Interactions, random: np.random.Generator) -> Interactions:
    """Return half of the interactions."""
    return pairs.take(random.random(len(pairs)) < 0.5)


def wrong_items(pairs: Interactions, random: np.random.Generator) -> Interactions:
    """Return the interactions with a random item in half of them, as after a wrong join."""
    wrong = random.random(len(pairs)) < 0.5
    items = np.where(wrong, random.integers(0, len(pairs.items), len(pairs)), pairs.item_nums).astype(np.int32)
    _, rows = np.unique(np.stack((pairs.user_nums, items)), axis=1, return_index=True)
    return replace(pairs.take(rows), item_nums=items[rows])


def shuffled(share: float) -> Spoil:
    """Return a damage by which a share of the users have the factors of others; neighbors are left out."""

    def spoil(parts: FittedParts, random: np.random.Generator) -> FittedParts:
        users = parts.factors.users.copy()
        rows = np.flatnonzero(random.random(len(users)) < share)
        users[rows] = users[random.permutation(rows)]
        return replace(parts, factors=als.Factors(users, parts.factors.items), behavior=parts.words)

    return spoil


DAMAGES: Mapping[str, tuple[Damage, Spoil]] = {
    "half of the interactions lost": (half_lost, lambda parts, _: parts),
    "random items in half of the interactions": (wrong_items, lambda parts, _: parts),
    **{
        f"factors shuffled among {share:.0%} of the users": (lambda pairs, _: pairs, shuffled(share))
        for share in SHARES
    },
}


def rows(law: Law, seed: int) -> list[tuple[str, ...]]:
    """Return how many nights are refused, without damage in a chain from publish to publish, and by damage."""
    healthy = [measured(draw(law, np.random.default_rng((seed, night))), night) for night in range(law.nights)]
    current, refused = None, 0
    for comparison in healthy:
        if passes(comparison, current):
            current = quality_gate.metrics_of(comparison)
        else:
            refused += 1
    found = [_row("none", healthy, healthy, refused)]
    for name, (damage, spoil) in DAMAGES.items():
        spoiled = []
        for night in range(DAMAGED):
            random = np.random.default_rng((seed, law.nights + night))
            spoiled.append(measured(damage(draw(law, random), random), night, spoil))
        before = [quality_gate.metrics_of(comparison) for comparison in healthy]
        refused = sum(not passes(*pair) for pair in zip(spoiled, before, strict=False))
        found.append(_row(name, spoiled, healthy, refused))
    return found


def _row(damage: str, nights: Sequence[Comparison], healthy: Sequence[Comparison], refused: int) -> tuple[str, ...]:
    ndcg, before = (np.mean([one.measured[0].figures[NDCG].mean for one in some]) for some in (nights, healthy))
    gains = [one.gains[quality_gate.POPULARITY] for one in nights]
    gain, error = np.mean([[one.mean, one.error] for one in gains], axis=0)
    users = np.mean([one.measured[0].users for one in nights])
    figures = (f"{users:.0f}", f"{ndcg:.4f}", f"{ndcg / before - 1:+.0%}", f"{gain:.4f}", f"{error:.4f}")
    return damage, *figures, f"{refused} of {len(nights)}"


def main(numbers: Sequence[int]) -> None:
    """Print a table for some of LAWS; without numbers, for all."""
    head = ("damage", "measured users", NDCG, "change", "above popularity", "standard error", "refused")
    for number in numbers or range(len(LAWS)):
        law = LAWS[number]
        print(table(law.name, head, rows(law, SEED)), flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
