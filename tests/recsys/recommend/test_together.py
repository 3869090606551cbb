"""What goes into the same basket: what a list leaves out, and its pages."""

from __future__ import annotations

import pytest

from recsys.data.filters import parse_filter
from recsys.errors import NotFoundError, UnansweredError
from recsys.model.extras.together import Together
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from recsys.recommend.together import together
from tests.support import factories

GIVEN = ["i3", "i10", "i20", "i3"]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return Recommender(factories.model(), "m")


def ids(recommender: Recommender, request: ListRequest, *hidden: str) -> list[str]:
    return [item.item_id for item in together(recommender, GIVEN, request, {*hidden}).items]


def test_equal_scores_are_ordered_by_row(recommender: Recommender) -> None:
    assert ids(recommender, ListRequest()) == ["i4", "i11", "i21", "i5", "i12", "i22"]


def test_hidden_excluded_and_filtered_items_are_left_out(recommender: Recommender) -> None:
    assert ids(recommender, ListRequest(exclude=["i11"]), "i4", "gone") == ["i21", "i5", "i12", "i22"]
    assert ids(recommender, ListRequest(filters=(parse_filter("year>=2010"),))) == ["i21", "i22"]
    assert ids(recommender, ListRequest(cluster=0)) == ["i21", "i12"]


def test_pages_are_parts_of_the_list(recommender: Recommender) -> None:
    first = together(recommender, GIVEN, ListRequest(4))
    assert first.next_offset == 4
    rest = together(recommender, GIVEN, ListRequest(4, offset=4))
    assert [item.item_id for item in rest.items] == ["i12", "i22"]
    assert rest.next_offset is None


def test_an_unknown_item_and_a_model_without_baskets_are_refused(recommender: Recommender) -> None:
    with pytest.raises(NotFoundError, match="item 'i9999' is not in the catalog"):
        together(recommender, ["i3", "i9999"], ListRequest())
    without = Recommender(recommender.model.without(Together), "m")
    with pytest.raises(UnansweredError, match=r"without baskets; set together\.enabled = true and train again"):
        together(without, GIVEN, ListRequest())
