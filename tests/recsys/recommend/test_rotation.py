"""What was shown without a reaction loses a share of the best score, in every list for a user."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import QueryError
from recsys.events.activity import Event, UserEvents
from recsys.recommend.placement import Reordered, find_placement
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.rotation import HALF_AT, Rotation
from tests.support import factories

ITEMS = [f"i{num}" for num in range(50)]
EXPOSURE = st.dictionaries(st.sampled_from([*ITEMS, "unknown"]), st.floats(0.01, 40), min_size=1, max_size=30)
WHO = st.sampled_from(["u1", "u2", "nobody"])


@lru_cache
def asking(kind: str = "") -> Recommender:
    if kind == "forest":
        model = factories.model(30, 3000, 8, 4, annoy=True)
        return Recommender(replace(model, **{n: f.with_search_k(30) for n, f in model.forests.items()}), "v1")
    return Recommender(factories.listed(factories.model(), 12) if kind == "lists" else factories.model(), "v1")


@given(WHO, EXPOSURE, st.floats(0.01, 1), st.sampled_from([(), (Event("i30"),)]))
def test_each_item_loses_what_the_formula_says(
    who: str, exposure: dict[str, float], rotation: float, events: tuple[Event, ...]
) -> None:
    whole = ListRequest(200, include_seen=True)
    plain = asking().recommend(who, whole, UserEvents(events)).items
    most = max(0.0, plain[0].score)
    lost = {item: rotation * most * n / (n + HALF_AT) for item, n in exposure.items()}
    turned = asking().recommend(who, replace(whole, rotation=rotation), UserEvents(events, shown=exposure)).items
    assert {item.item_id for item in turned} == {item.item_id for item in plain}
    before = {item.item_id: item.score for item in plain}
    for item in turned:
        assert item.score == pytest.approx(before[item.item_id] - lost.get(item.item_id, 0.0), abs=1e-4)
    assert [item.score for item in turned] == sorted((item.score for item in turned), reverse=True)


@given(
    WHO, EXPOSURE, st.sampled_from([0.2, 1.0]), st.sampled_from([0.0, 0.4]), st.sampled_from(["", "lists", "forest"])
)
def test_pages_are_one_list_and_its_reasons_add_up(
    who: str, exposure: dict[str, float], rotation: float, penalty: float, kind: str
) -> None:
    events = UserEvents(shown=exposure)
    asked = ListRequest(30, rotation=rotation, popularity_penalty=penalty)
    whole = asking(kind).recommend(who, asked, events)
    assert len(whole.items) == 30
    pages = [asking(kind).recommend(who, replace(asked, k=6, offset=at), events).items for at in range(0, 30, 6)]
    assert [item for page in pages for item in page] == list(whole.items)


@pytest.mark.parametrize("who", ["u2", "nobody"])
@pytest.mark.parametrize("penalty", [0.0, 0.4])
def test_reasons_name_it_and_add_up(who: str, penalty: float) -> None:
    recommender = Recommender(factories.consistent_model(n_users=6, n_items=40), "v1")
    shown = {item.item_id: 2.0 for item in recommender.recommend(who, ListRequest(10)).items}
    asked = ListRequest(30, rotation=0.6, popularity_penalty=penalty, explain=True)
    items = recommender.recommend(who, asked, UserEvents(shown=shown)).items
    assert {*shown} & {item.item_id for item in items}
    for item in items:
        assert item.reason is not None
        told = item.reason
        parts = told.collaborative + told.content + told.popularity + told.rotation
        assert parts == pytest.approx(item.score, abs=1e-4)
        assert (told.rotation < 0) == (item.item_id in shown)
        because = sum(cause.score for cause in told.because) + told.others
        assert because + told.popularity + told.rotation == pytest.approx(item.score, abs=1e-4)


@pytest.mark.parametrize("kind", ["", "lists", "forest"])
@pytest.mark.parametrize("who", ["u1", "nobody"])
def test_without_impressions_or_without_rotation_the_list_is_the_same(kind: str, who: str) -> None:
    plain = asking(kind).recommend(who, ListRequest(8))
    assert asking(kind).recommend(who, ListRequest(8, rotation=0.7)) == plain
    first = plain.items[0].item_id
    shown = UserEvents(shown={first: 9.0})
    assert asking(kind).recommend(who, ListRequest(8), shown) == plain
    assert asking(kind).recommend(who, ListRequest(8, rotation=0.7), shown) != plain


def test_what_is_shown_more_often_falls_further() -> None:
    first = asking().recommend("u1", ListRequest(50)).items[0].item_id
    ranks = []
    for n in (0.0, 0.5, 1.0, 3.0, 10.0, 1e9):
        items = asking().recommend("u1", ListRequest(50, rotation=1.0), UserEvents(shown={first: n} if n else {})).items
        ranks.append([item.item_id for item in items].index(first))
    assert ranks == sorted(ranks)
    assert (ranks[0], ranks[-1] > 10) == (0, True)


def test_why_names_it() -> None:
    first = asking().recommend("u1", ListRequest(5)).items[0].item_id
    placement = find_placement(asking(), "u1", first, ListRequest(5, rotation=1.0), UserEvents(shown={first: 30.0}))
    assert not placement.listed
    assert Reordered("rotation", 1) in placement.obstacles
    assert placement.item.reason is not None
    assert placement.item.reason.rotation < 0
    listed = asking().recommend("u1", ListRequest(50, rotation=1.0), UserEvents(shown={first: 30.0})).items
    assert placement.rank == [item.item_id for item in listed].index(first) + 1


def test_shares_by_hand() -> None:
    turned = Rotation.of(asking().items, {"i3": 3.0, "no": 1.0, "i1": 1.0}, 0.5)
    assert turned.nums.tolist() == [1, 3]
    assert turned.shares.tolist() == [0.125, 0.25]
    assert turned.lost(np.array([3, 0], np.int32), 8.0).tolist() == [2.0, 0.0]
    assert turned.lost(np.array([3, 0], np.int32), -8.0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("rotation", [-0.1, 1.01, math.nan])
def test_a_rotation_out_of_range_is_refused(rotation: float) -> None:
    with pytest.raises(QueryError, match=r"rotation is .*; it must lie between 0 and 1"):
        ListRequest(rotation=rotation)
