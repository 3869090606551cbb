"""Users and items of a few tastes: small data with a known truth, whose items' texts tell their taste."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recsys.config import AlsConfig, BlendConfig
from recsys.data.catalog import Catalog, Item
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.model import blending
from tests.support.files import table
from training.content import lsa
from training.factors import neighbors
from training.factors.als import Factorization, Factors
from training.tuning.candidates import Content, behavior_by_power

DAY = 86_400
WORDS = 12  # of each taste
LENGTH = 5  # words of a text


def tastes(
    n_users: int = 60,
    n_items: int = 36,
    n_tastes: int = 3,
    *,
    cold: int = 0,
    per_user: int = 8,
    loyalty: float = 0.9,
    seed: int = 0,
) -> Interactions:
    """User u and item i have the tastes u and i modulo `n_tastes`; `loyalty` of a user's items are of the own taste.

    The last `cold` items have no interactions. Times rise from day to day.
    """
    random = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        own = [item for item in range(n_items - cold) if item % n_tastes == user % n_tastes]
        others = [item for item in range(n_items - cold) if item % n_tastes != user % n_tastes]
        n_own = min(len(own), int((random.random(per_user) < loyalty).sum()))
        chosen = [*random.permutation(own)[:n_own], *random.permutation(others)[: per_user - n_own]]
        rows += [(user, int(item)) for item in random.permutation(chosen)]
    users, items = np.array(rows, dtype=np.int32).T
    return Interactions(
        IdMap.from_ids([f"u{num:03}" for num in range(n_users)]),
        IdMap.from_ids([f"i{num:03}" for num in range(n_items)]),
        users,
        items,
        np.ones(len(rows), dtype=np.float32),
        1_700_000_000 + DAY * np.arange(len(rows), dtype=np.int64),
    )


def texts(n_items: int = 36, n_tastes: int = 3, seed: int = 0) -> list[str]:
    """A text for each item, of the words of its taste."""
    random = np.random.default_rng(seed + 1)
    return [
        " ".join(f"word{item % n_tastes}x{number}" for number in random.permutation(WORDS)[:LENGTH])
        for item in range(n_items)
    ]


def catalog(of: Sequence[str]) -> Catalog:
    return Catalog.from_items([Item(f"i{num:03}", f"Item {num}", text, {}) for num, text in enumerate(of)])


def content(train: Interactions, of: Sequence[str], blend: BlendConfig | None = None) -> Content:
    """What is known of items with these texts; empty texts: nothing but behavior."""
    blend = blend or BlendConfig()
    vectors = np.zeros((len(of), 0), dtype=np.float32)
    if any(of):
        vectors = np.zeros((len(of), 8), dtype=np.float32)
        known = [num for num, text in enumerate(of) if text]
        vectors[known] = lsa.fit([of[num] for num in known], 8, 0)[2]
    return Content(
        blending.centered(vectors), neighbors.by_words(of, blend.n_neighbors), behavior_by_power(train, blend, 0)
    )


def files(folder: Path, pairs: Interactions, of: Sequence[str] = (), *, times: bool = True) -> tuple[Path, Path | str]:
    """The interactions and, where there are texts, the items as CSV files."""
    rows = [
        (pairs.users.id(user), pairs.items.id(item), *([time] if times else []))
        for user, item, time in zip(pairs.user_nums, pairs.item_nums, pairs.timestamps, strict=True)
    ]
    header = ("user_id", "item_id", *(["timestamp"] if times else []))
    written = table(folder / "interactions.csv", rows, header)
    if not of:
        return written, ""
    items = [(f"i{num:03}", f"Item {num}", text) for num, text in enumerate(of)]
    return written, table(folder / "items.csv", items, ("item_id", "title", "description"))


def iterated(data: Interactions, setting: AlsConfig, iterations: int) -> Factors:
    """What a search looks at: factors after so many iterations, the users not yet settled on the items."""
    factorization = Factorization(data, setting)
    for _ in range(iterations):
        factorization.iterate()
    return factorization.factors()
