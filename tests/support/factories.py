"""Small data and models with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.bundle.manifest import Counts, EncoderInfo, Header, IndexInfo, Shape
from recsys.bundle.store import Store
from recsys.data.attributes import Attributes
from recsys.data.catalog import Catalog, Item
from recsys.data.histories import Histories
from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.data.packed import PackedStrings
from recsys.data.part import Part
from recsys.events.records import EventsInfo
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import NO_INDEX, ExactIndex, VectorTable
from recsys.model import blending
from recsys.model.blending import Layout
from recsys.model.extras.attribute_tastes import AttributeTastes
from recsys.model.extras.groups import Segments
from recsys.model.extras.user_records import UserRecords
from recsys.model.fold_in import Confidence, FoldIn
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import ItemLists, Lists, UserLists
from recsys.model.similarity import Likeness
from recsys.recommend.ranking import Ranked, rank_for_user, rank_similar, similar_query, user_query
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import explored

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"
SHARED_DATA = ROOT.parent / "shared" / "data"
TASTE_VALUES = (  # attribute, text, low, high
    ("age", "under 30", -np.inf, 30.0),
    ("age", "from 30", 30.0, np.inf),
    ("country", "CH", 0.0, 0.0),
    ("country", "DE", 0.0, 0.0),
    ("hobby", "7", 0.0, 0.0),
)


def interactions(
    pairs: Sequence[tuple[str, str]], items: Sequence[str] = (), times: Sequence[int] | None = None
) -> Interactions:
    """Interactions of weight 1 from (user_id, item_id) pairs; `items` adds items that may be cold."""
    users = list(dict.fromkeys(user for user, _ in pairs))
    names = list(dict.fromkeys([*items, *(item for _, item in pairs)]))
    return Interactions(
        IdMap.from_ids(users),
        IdMap.from_ids(names),
        np.array([users.index(user) for user, _ in pairs], dtype=np.int32),
        np.array([names.index(item) for _, item in pairs], dtype=np.int32),
        np.ones(len(pairs), dtype=np.float32),
        None if times is None else np.array(times, dtype=np.int64),
    )


def checkerboard(size: int = 20) -> Interactions:
    """User u has consumed item i where u + i is even, but for the diagonal: the one item to be recommended to u is i = u."""
    pairs = [(f"u{u}", f"i{i}") for u in range(size) for i in range(size) if (u + i) % 2 == 0 and u != i]
    return interactions(pairs, items=[f"i{i}" for i in range(size)])


def random_vectors(n: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def neighborhood(n_items: int, n_neighbors: int, seed: int = 0) -> Neighborhood:
    """Random neighbors with random weights; every third weight of each kind is zero."""
    random = np.random.default_rng(seed)
    n_neighbors = min(n_neighbors, n_items)
    nums = np.array(
        [np.sort(random.permutation(n_items)[:n_neighbors]) for _ in range(n_items)], dtype=np.int32
    ).ravel()
    collaborative, content = (random.random(len(nums)).astype(np.float32) for _ in range(2))
    collaborative[::3], content[1::3] = 0, 0
    return Neighborhood(np.arange(n_items + 1, dtype=np.int64) * n_neighbors, nums, collaborative, content)


def fold_in(item_factors: NDArray[np.float32], seen: Interactions) -> FoldIn:
    """A fold-in in which confidences, counts and the regularization of every history length have a part."""
    lengths = np.arange(1, 6, dtype=np.int64)
    runs = lengths, 0.5 * np.sqrt(lengths)
    return FoldIn.from_factors(item_factors, seen.item_counts(), runs, Confidence(4.0, 0.5, 0.2, 0.3, 0.25, 0.8))


def model_of(items: Sequence[Item], **options: Any) -> Model:
    """A model of random vectors with these records of the catalog."""
    catalog = Catalog.from_items(items)
    made = model(n_items=len(items), **options)
    return replace(made, catalog=catalog, attributes=Attributes.from_catalog(catalog))


def model(
    n_users: int = 30,
    n_items: int = 50,
    factors: int = 4,
    text_dim: int = 3,
    seed: int = 0,
    annoy: bool = False,
    n_neighbors: int = 4,
) -> Model:
    """A model of random vectors; the last item is cold (no factors) and user u has seen items u, u + 1, u + 2 (mod n_items).

    The last user has also seen the last item but one, without liking it.
    """
    random = np.random.default_rng(seed)
    user_factors = random.normal(size=(n_users, factors)).astype(np.float32)
    item_factors = random.normal(size=(n_items, factors)).astype(np.float32)
    item_factors[-1] = 0
    texts = random_vectors(n_items, text_dim, seed + 1)
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    pairs = [(f"u{u}", f"i{(u + step) % n_items}") for u in range(n_users) for step in range(min(3, n_items))]
    seen = interactions(pairs, items=[f"i{i}" for i in range(n_items)])
    layout = Layout(factors, text_dim, blending.score_unit(user_factors, item_factors) if text_dim else 0.0, 1.0)
    tables = {
        "items_for_user": VectorTable.from_vectors(blending.items_for_user(item_factors, texts, layout.content_scale)),
        "items_like_item": VectorTable.from_vectors(
            blending.items_like_item(item_factors, texts, 0.5, blending.reliability(seen.item_counts(), 1.0))
        ),
    }
    catalog = Catalog.from_items([Item(f"i{i}", f"Title {i}", f"text {i}", {"year": 1990 + i}) for i in range(n_items)])
    if text_dim:
        tables["items_by_text"] = VectorTable.from_vectors(texts)
    forests = {name: AnnoyVectorIndex.build(table, 10, seed) for name, table in tables.items()}
    serving = forests if annoy else {name: ExactIndex(table) for name, table in tables.items()}
    attributes = Attributes.from_catalog(catalog)
    extras: tuple[Part, ...] = (
        Bm25.from_texts(catalog.texts(), list(catalog.titles)),
        NameIndex.from_catalog(catalog, attributes.nums),
        explored.groups(n_items, 3, "Cluster"),
        explored.groups(n_users, min(2, n_items), "Segment", explored.AFFINITIES, Segments),
        explored.item_map(n_items),
        explored.directions(),
        explored.together(n_items),
        explored.arrivals(n_items),
    )
    core = Model(
        users=seen.users,
        catalog=catalog,
        histories=Histories.from_interactions(seen),
        seen_only=Histories.from_pairs(
            np.array([n_users - 1], dtype=np.int32), np.array([max(0, n_items - 2)], dtype=np.int32), n_users, n_items
        ),
        popularity=Popularity.from_interactions(seen),
        trending=Popularity.from_interactions(seen),
        user_factors=user_factors,
        layout=layout,
        items_for_user=serving["items_for_user"],
        items_like_item=serving["items_like_item"],
        items_by_text=serving.get("items_by_text", NO_INDEX),
        neighborhood=neighborhood(n_items, n_neighbors, seed),
        fold_in=fold_in(item_factors, seen),
        attributes=attributes,
        likeness=Likeness.of(0.5, np.zeros(text_dim, dtype=np.float32)),
        forests=forests,
        encoder_files={"modules.json": b"[]", "0_StaticEmbedding/tokenizer.json": b"{}"},
    )
    return core.with_extras(*extras)


def consistent_model(seed: int = 0, **sizes: Any) -> Model:
    """A model whose users have the factors that a fold-in of their histories gives, as those of a training have."""
    made = model(seed=seed, **sizes)
    histories, solved = made.histories, np.empty_like(made.user_factors)
    for num in range(len(made.users)):
        weights = histories.weights[histories.indptr[num] : histories.indptr[num + 1]]
        solved[num] = made.fold_in.solve(histories.items_of(num), weights, made.seen_only.items_of(num)).factors
    return replace(made, user_factors=solved)


def listed(of: Model, length: int) -> Model:
    """With lists of that length, made from one exact answer after another."""
    users, items = UserLists.empty(len(of.users), length), ItemLists.empty(len(of.catalog), length)
    for num in range(len(of.users)):
        query = user_query(of, num)
        if query.vector.any():
            found = rank_for_user(of, query, length, of.seen(num), exact=True)
            _fill(users, num, found)
    for num in range(len(of.catalog)):
        nums = np.array([num], dtype=np.int32)
        if of.items_like_item.table.rows(nums).any():
            found = rank_similar(of, similar_query(of, num), length, nums, exact=True)
            _fill(items, num, found)
    return of.with_extras(users, items)


def _fill(lists: Lists, num: int, found: Ranked) -> None:
    lists.fill(np.array([num], dtype=np.int32), np.array([0, len(found)]), found.found, found.collaborative)


def header(of: Model) -> Header:
    """A header that fits a model."""
    kind = "exact" if isinstance(of.items_for_user, ExactIndex) else "annoy"
    info = IndexInfo(
        metric="inner_product",
        serves=kind,
        recall=1.0,
        recall_at=10,
        queries=0,
        n_trees=10,
        search_k=100,
        forest_recall=1.0,
        scan_rows=len(of.catalog),
    )
    return Header(
        counts=Counts(users=len(of.users), items=len(of.catalog), interactions=len(of.histories.item_nums)),
        shape=Shape(**vars(of.layout)),
        encoder=EncoderInfo(name="none", fingerprint=""),
        items_for_user=info,
        items_like_item=info,
        items_by_text=info if of.items_by_text.table.dim else None,
        events=EventsInfo(),
        parameters={},
        data_sha256="0" * 64,
        metrics={},
    )


def publish(folder: Path, of: Model | None = None, now: datetime = NOON) -> tuple[Store, str]:
    """A store with one published model."""
    store, published = Store(folder), of or model()
    return store, store.publish(published, header(published), now)


def attribute_tastes(n_items: int, n_ranked: int = 20, seed: int = 0) -> AttributeTastes:
    """Random gains of every other item."""
    attributes, texts, low, high = zip(*TASTE_VALUES, strict=True)
    gains = np.random.default_rng(seed).normal(size=(len(TASTE_VALUES), n_ranked)).round(6).astype(np.float32)
    items = np.arange(0, n_items, 2, dtype=np.int32)[:n_ranked]
    columns = PackedStrings.from_strings(attributes), PackedStrings.from_strings(texts)
    return AttributeTastes(*columns, np.array(low), np.array(high), items, gains)


def attributed() -> Model:
    """A random model in which the new user `swiss` has a country and an age."""
    made = model()
    records = UserRecords.of({"swiss": {"country": "CH", "age": 34}, "u1": {"country": "DE"}})
    assert records is not None
    return made.with_extras(attribute_tastes(len(made.catalog)), records)
