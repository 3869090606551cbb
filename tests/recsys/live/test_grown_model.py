"""A model with new items answers as if its tables had had their rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.catalog import Item
from recsys.data.filters import parse_filter
from recsys.events.activity import Event, UserEvents
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorIndex, VectorTable
from recsys.live.new_items import NewItem, stacked
from recsys.live.new_neighbors import NearItems
from recsys.live.overlay import with_new_items
from recsys.model.new_items import NewItemRules, rows_of_new_items
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.search.items import search
from recsys.search.text import TextQuery
from recsys.text.bm25 import Bm25
from recsys.text.name_index import NameIndex
from tests.support import factories

N_NEW = 30


def new_items(model_seed: int = 0) -> list[NewItem]:
    """Items with the vectors of known texts and a little more, some of them with users, one without a text."""
    random = np.random.default_rng(model_seed)
    vectors = random.normal(size=(N_NEW, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = random.normal(size=(N_NEW, 4)).astype(np.float32)
    return [
        NewItem(
            Item(f"n{num:02}", f"Zebra {num}", f"zebra number {num}", {"year": 2050 + num, "color": ["red", "blue"]}),
            vectors[num] if num else None,
            own[num] if num % 3 == 0 else None,
            num if num % 3 == 0 else 0,
        )
        for num in range(N_NEW)
    ]


def grown(annoy: bool = False, length: int = 0) -> Recommender:
    model = factories.model(annoy=annoy)
    model = factories.listed(model, length) if length else model
    items = new_items()
    rows = rows_of_new_items(model, NewItemRules(), *stacked(items, 3, 4))
    return with_new_items(Recommender(model, "v1"), items, rows, near_items())


def near_items() -> list[NearItems]:
    random = np.random.default_rng(5)
    return [
        (np.sort(random.choice(50, num % 4, replace=False)).astype(np.int32), random.random(num % 4, dtype=np.float32))
        for num in range(N_NEW)
    ]


def whole(recommender: Recommender) -> Recommender:
    """The same, with each table in one piece: the oracle."""

    def one(index: VectorIndex) -> VectorIndex:
        table = index.table
        return ExactIndex(VectorTable.from_vectors(table.rows(np.arange(len(table)))))

    model = recommender.model
    names = ("items_for_user", "items_like_item", "items_by_text")
    tables = {name: one(getattr(model, name)) for name in names}
    return replace(recommender, model=replace(model, **tables))


REQUESTS = [
    ListRequest(10),
    ListRequest(5, offset=5, exclude=("n03", "i7")),
    ListRequest(200),
    ListRequest(10, popularity_penalty=0.5),
    ListRequest(10, content_weight=2.0),
    ListRequest(10, diversity=0.4),
    ListRequest(10, explain=True),
    ListRequest(20, filters=(parse_filter("year>=2040"),)),
    ListRequest(10, include_seen=True),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_lists_are_those_of_whole_tables(request_: ListRequest) -> None:
    live = grown()
    oracle = whole(live)
    events = UserEvents((Event("n04"), Event("i20")))
    for user in ("u0", "u9", "u29"):
        for recent in (UserEvents(), events):
            assert live.recommend(user, request_, recent) == oracle.recommend(user, request_, recent)
    for item in ("i3", "i49", "n00", "n04", "n09"):
        assert live.similar_items(item, request_) == oracle.similar_items(item, request_)


@pytest.mark.parametrize("request_", [*REQUESTS[:3], ListRequest(19, exclude=("n01",)), ListRequest(3, offset=16)])
@pytest.mark.parametrize("length", [20, 60])  # a part of the items, and all of them
def test_precomputed_lists_are_completed(request_: ListRequest, length: int) -> None:
    live, hidden = grown(length=length), frozenset({"n05", "i11"})
    exact = replace(request_, exact=True)
    for user in live.users:
        found = live.recommend(user, request_, UserEvents(hidden=hidden))
        assert found == live.recommend(user, exact, UserEvents(hidden=hidden))
    for item in ("i0", "i11", "i30", "n07"):
        assert live.similar_items(item, request_, hidden) == live.similar_items(item, exact, hidden)
    assert any(item.item_id.startswith("n") for user in live.users for item in live.recommend(user, request_).items)


def test_a_forest_finds_new_items_too() -> None:
    live = grown(annoy=True)
    assert isinstance(factories.model(annoy=True).items_for_user, AnnoyVectorIndex)
    for user in ("u0", "u13"):
        found = live.recommend(user, ListRequest(60)).items
        assert found == live.recommend(user, ListRequest(60, exact=True)).items


def test_new_items_are_searched_by_their_words_and_names() -> None:
    live = grown()
    model = live.model
    for text, mode in (("zebra 7", "keyword"), ("zebra number 7", "hybrid")):
        vector = model.items_by_text.table.rows(np.array([57], dtype=np.int32))[0]
        found = search(live, TextQuery(text, mode, vector), ListRequest(3)).items
        assert found[0].item_id == "n07"
    words = model.need(Bm25)
    nums, _ = words.scores("zebra")
    assert nums.tolist() == list(range(50, 80))
    assert words.coverage("zebra text", np.array([3, 55], dtype=np.int32)).min() > 0
    both, _ = words.scores("text zebra")
    assert len(both) == 80
    names = model.need(NameIndex)
    assert names.called(["zebra", "7"], words.words) == [57]
    assert names.called(["zebrra", "12"], words.words) == [62]  # a typo
    assert names.called(["title", "7"], words.words) == [7]
    ((stop, num),) = names.matches(["zebra", "7", "is"], 0)
    assert (stop, names.items(num), names.is_common(num)) == (2, [57], False)
    assert names.called(["nothing"], words.words) == []


def test_attributes_facets_and_records_have_new_items() -> None:
    live = grown()
    assert live.eligible(ListRequest(filters=(parse_filter("color:red"),))) is not None
    mask = live.model.attributes.mask((parse_filter("color:red"), parse_filter("year<2060")))
    assert np.flatnonzero(mask).tolist() == list(range(50, 60))
    assert live.item("n03").title == "Zebra 3"
    assert live.items.strings.starting_with("n0").tolist() == list(range(50, 60))
    assert list(live.items)[48:52] == ["i48", "i49", "n00", "n01"]
    assert [item.item_id for item in live.model.catalog][-1] == "n29"


def test_control_without_growth_there_is_no_new_item() -> None:
    recommender = Recommender(factories.model(), "v1")
    assert (
        with_new_items(recommender, [], rows_of_new_items(recommender.model, NewItemRules(), *stacked([], 3, 4)))
        is recommender
    )
    assert recommender.items.get("n03") is None
