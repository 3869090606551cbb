"""Synthetic models of any size with the structure of trained models, made without training.

Users and items are points of a low-dimensional space, embedded in more factors with a little noise, like the factors of a
trained model; lengths of items vary like their popularity.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys.bundle.manifest import Counts, EncoderInfo, Header, IndexInfo, Shape
from recsys.bundle.store import Store
from recsys.config import IndexConfig
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.events.records import EventsInfo
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.blending import Layout
from recsys.model.fold_in import Confidence, FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import UserLists
from recsys.model.similarity import Likeness
from recsys.text.name_index import NameIndex
from training.indexes.build import BuiltIndex, build_index

Serves = Literal["exact", "annoy", "lists"]

FACTORS = 64
TASTES = 16
NOISE = 0.1
LENGTHS = 0.35  # as for Gowalla: 1% of the items are 2.5 times as long as the median
PER_USER = 20
OFFERED = 500
BLOCK = 1000
LISTED = 100
CATEGORIES = 30
QUERIES = 100
# fewer trees than the default of 50, so that the build for a million items takes a minute
INDEX = IndexConfig(n_trees=10, queries=QUERIES, recall=0.9)


@dataclass(frozen=True, eq=False)
class Synthetic:
    """Model with its forest, and the time to build the forest and to find its depth."""

    model: Model
    built: BuiltIndex
    index_seconds: float


def synthetic(n_items: int, n_users: int, seed: int = 0) -> Synthetic:
    """Return a model of `n_items` and `n_users` with exact indexes."""
    random = np.random.default_rng(seed)
    basis = random.normal(size=(TASTES, FACTORS))
    users = _points(random, n_users, basis)
    lengths = random.lognormal(0, LENGTHS, n_items)
    items = _points(random, n_items, basis) * lengths[:, None].astype(np.float32)
    started = time.perf_counter()
    queries = users[random.integers(0, n_users, QUERIES)]
    nothing = np.empty(0, dtype=np.int32)
    built = build_index("items_for_user", items, lambda _: [(query, nothing) for query in queries], INDEX, seed)
    seconds = time.perf_counter() - started
    return Synthetic(_model(random, items, users, built.forest.table), built, seconds)


def publish(folder: Path, of: Synthetic, serves: Serves) -> Store:
    """Publish the model and return its store; `serves` is "exact", "annoy", or "lists": precomputed for known users."""
    model = of.model
    info = of.built.info.model_copy(update={"serves": "annoy" if serves == "annoy" else "exact"})
    if serves == "annoy":
        model = replace(model, items_for_user=of.built.forest, forests={"items_for_user": of.built.forest})
    if serves == "lists":
        model = model.with_extras(_lists(len(model.users), len(model.catalog)))
    store = Store(folder)
    store.publish(model, _header(model, info), datetime.now(UTC))
    return store


def _points(random: np.random.Generator, n: int, basis: NDArray[np.float64]) -> NDArray[np.float32]:
    tastes = random.normal(size=(n, TASTES)).astype(np.float32) @ basis.astype(np.float32)
    return tastes + np.float32(NOISE) * random.standard_normal((n, FACTORS), dtype=np.float32)


def _model(
    random: np.random.Generator, items: NDArray[np.float32], users: NDArray[np.float32], table: VectorTable
) -> Model:
    n_items, n_users = len(items), len(users)
    catalog = _catalog(random, n_items)
    seen = _liked(random, items, users)
    histories = Histories.from_pairs(
        np.repeat(np.arange(n_users, dtype=np.int32), seen.shape[1]), seen.ravel(), n_users, n_items
    )
    counts = np.bincount(histories.item_nums, minlength=n_items)
    popularity = Popularity.from_scores(counts.astype(np.float32))
    # strong enough that the noise, which ALS would not leave, does not distort a new user's vector
    runs = (np.array([PER_USER]), np.array([float(np.vdot(items, items)) / FACTORS]))
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    attributes = Attributes.from_catalog(catalog)
    model = Model(
        users=IdMap.from_ids([f"u{num}" for num in range(n_users)]),
        catalog=catalog,
        histories=histories,
        seen_only=Histories.from_pairs(seen[:0, 0], seen[:0, 0], n_users, n_items),
        popularity=popularity,
        trending=popularity,
        user_factors=users,
        layout=Layout(FACTORS, 0, 0.0, 1.0),
        items_for_user=ExactIndex(table),
        items_like_item=ExactIndex(VectorTable.from_vectors(unit)),
        neighborhood=Neighborhood.empty(n_items),
        fold_in=FoldIn.from_factors(items, counts, runs, Confidence(10.0, 1.0, 0.2, 0.2, 0.0)),
        attributes=attributes,
        likeness=Likeness.of(1.0, items[0, :0]),
    )
    return model.with_extras(NameIndex.from_catalog(catalog, attributes.nums))


def _liked(random: np.random.Generator, items: NDArray[np.float32], users: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return for each user the best of some random items, drawn for each block of users."""
    blocks = []
    for start in range(0, len(users), BLOCK):
        offered = random.choice(len(items), min(OFFERED, len(items)), replace=False).astype(np.int32)
        scores = users[start : start + BLOCK] @ items[offered].T
        blocks.append(offered[np.argpartition(-scores, PER_USER, axis=1)[:, :PER_USER]])
    return np.concatenate(blocks)


def _catalog(random: np.random.Generator, n: int) -> Catalog:
    categories = random.integers(0, CATEGORIES, n).tolist()
    years = random.integers(1950, 2026, n).tolist()
    return Catalog.from_items(
        [
            Item(f"i{num}", f"Title {num}", "", {"category": f"c{category}", "year": year})
            for num, (category, year) in enumerate(zip(categories, years, strict=True))
        ]
    )


def _lists(n_users: int, n_items: int) -> UserLists:
    """Return arbitrary items for each user; the time of a look-up does not depend on them."""
    first = np.arange(n_users, dtype=np.int64)[:, None] * 7919
    nums = ((first + np.arange(LISTED)) % n_items).astype(np.int32)
    scores = np.tile(np.linspace(2, 1, LISTED, dtype=np.float32), (n_users, 1))
    return UserLists(nums, scores, scores)


def _header(model: Model, info: IndexInfo) -> Header:
    return Header(
        counts=Counts(users=len(model.users), items=len(model.catalog), interactions=len(model.histories.item_nums)),
        shape=Shape(**vars(model.layout)),
        encoder=EncoderInfo(name="none", fingerprint=""),
        items_for_user=info,
        items_like_item=info.model_copy(update={"serves": "exact"}),
        items_by_text=None,
        events=EventsInfo(),
        parameters={},
        data_sha256="0" * 64,
        metrics={},
    )
