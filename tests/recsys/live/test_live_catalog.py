"""What is computed for new items is kept, and does not depend on the order in which changes came."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.config import Config
from recsys.encoders.hub import EncoderRef
from recsys.events.item_values import ItemChange, ItemVector, text_key
from recsys.live import live_catalog
from recsys.live.item_users import OwnFactors
from recsys.live.live_catalog import LiveCatalog
from recsys.live.new_items import new_item
from recsys.model.new_items import NewItemRules
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from training.ingest.items import build_items
from training.read import Accounting

VALUES = {"title": "Red castle", "description": "A castle by the sea.", "genres": ["drama", "war"], "year": 1999}


def base() -> Recommender:
    return Recommender(factories.model(), "v1", encoder=EncoderRef("tiny", "f" * 64))


def put(item_id: str, revision: int, **values: object) -> ItemChange:
    return ItemChange(item_id, "put", {**VALUES, **values}, revision)  # type: ignore[dict-item]


def vector_of(change: ItemChange, seed: int = 0) -> ItemVector:
    found = np.random.default_rng(seed).normal(size=3).astype(np.float32)
    text = new_item(change, NewItemRules()).text
    return ItemVector(change.item_id, "f" * 64, text_key(text), found / np.linalg.norm(found), change.revision)


def test_rows_are_by_id_in_whatever_order_changes_come() -> None:
    changes = [put("n2", 1, title="Two"), put("n1", 2, title="One"), ItemChange("n3", "put", {}, 3)]
    vectors = {change.item_id: vector_of(change, change.revision) for change in changes[:2]}
    one_by_one = LiveCatalog(base())
    for change in changes:
        live = one_by_one.follow([change], change.revision, vectors)
    at_once = LiveCatalog(base()).follow(changes, 3, vectors)
    assert list(live.items)[50:] == list(at_once.items)[50:] == ["n1", "n2", "n3"]
    for user in ("u0", "u7"):
        assert live.recommend(user, ListRequest(60)) == at_once.recommend(user, ListRequest(60))


def test_an_item_is_there_before_its_vector_and_after_a_deletion_gone() -> None:
    catalog, change = LiveCatalog(base()), put("n1", 1)
    live = catalog.follow([change], 1, {})
    assert catalog.unencoded == {"n1": "Red castle. A castle by the sea.. drama, war"}
    assert live.item("n1").attributes["year"] == 1999
    assert live.similar_items("n1").fallback
    live = catalog.follow([], 2, {"n1": vector_of(change)})
    assert not catalog.unencoded
    assert live.similar_items("n1").strategy == "similar"
    live = catalog.follow([ItemChange("n1", "delete", {}, 3)], 3, {"n1": vector_of(change)})
    assert live.items.get("n1") is None
    assert live.deleted == {"n1"}
    assert catalog.n_new == 0


def test_the_vector_of_an_older_text_or_another_encoder_is_not_used() -> None:
    change, changed = put("n1", 1), put("n1", 2, description="A lighthouse.")
    for stored in (
        vector_of(change),
        ItemVector("n1", "e" * 64, vector_of(changed).text_key, vector_of(changed).vector),
    ):
        catalog = LiveCatalog(base())
        catalog.follow([changed], 2, {"n1": stored})
        assert [*catalog.unencoded] == ["n1"]


def test_only_what_changed_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    inner = live_catalog.rows_of_new_items

    def rows(*args: object) -> object:
        computed.append(len(args[2]))  # type: ignore[arg-type]
        return inner(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(live_catalog, "rows_of_new_items", rows)
    catalog, changes = LiveCatalog(base()), [put(f"n{num}", num + 1) for num in range(5)]
    vectors = {change.item_id: vector_of(change) for change in changes}
    catalog.follow(changes, 5, vectors)
    catalog.follow([put("n9", 6)], 6, vectors)
    catalog.follow([ItemChange("i1", "patch", {"year": 3}, 7)], 7, vectors)
    own = {"n2": OwnFactors(np.ones(4, dtype=np.float32), {"u1": 1.0})}
    catalog.follow([], 7, vectors, own)
    catalog.follow([], 7, vectors, own)
    assert computed == [5, 1, 1]


@pytest.mark.parametrize(
    "values",
    [
        VALUES,
        {"title": "A|B", "tags": "red|blue", "available": True, "price": 2.5},
        {"description": "Alone", "genres": [], "note": None, "brand": "x"},
    ],
)
def test_a_record_is_that_of_a_training(values: dict[str, object]) -> None:
    change = ItemChange("n1", "put", values)  # type: ignore[arg-type]
    config = Config()
    (trained,) = build_items([], config.data, (), Accounting(), [change])
    assert new_item(change, NewItemRules()) == trained
