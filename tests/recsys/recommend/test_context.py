"""The list of a user goes with the item in context, which is never in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import parse_filter
from recsys.errors import NotFoundError
from recsys.events.activity import Event, UserEvents
from recsys.index.exact import products
from recsys.model.extras.together import Together
from recsys.model.model import Model
from recsys.recommend.placement import find_placement
from recsys.recommend.ranking import UserQuery
from recsys.recommend.recommender import Recommender, User
from recsys.recommend.request import ListRequest
from tests.support import factories

UNIT = 5e-6  # parts are displayed with six digits
GUEST = (Event("i1"), Event("i7"), Event("i20"))
ALL = ListRequest(50, include_seen=True, exact=True, explain=True)


def scores(model: Model, query: UserQuery, content_weight: float) -> np.ndarray:
    """Scores of all items, by products with whole rows and a loop over the neighbors."""
    rows = model.items_for_user.table.rows(np.arange(len(model.catalog), dtype=np.int32)).astype(np.float64)
    weights = np.where(np.arange(rows.shape[1]) < model.layout.factors, 1.0, content_weight)
    found = products(rows, query.vector * weights)
    parts = zip(query.nearby.nums, query.nearby.collaborative, query.nearby.content, strict=True)
    for num, behavior, content in parts:
        found[num] += behavior + content_weight * content
    return found


def truth(recommender: Recommender, user: User, context: str, content_weight: float) -> np.ndarray:
    """The module's formula."""
    model = recommender.model
    own = scores(model, recommender.user_state(user).query, content_weight)
    likeness = scores(model, recommender.user_state([Event(context)]).query, content_weight)
    pairs, part = np.zeros(len(own)), model.extra(Together)
    if part is not None:
        found = part.companions(recommender.nums([context]))
        pairs[found.nums] = found.scores
    share = 0.5 if pairs.any() else 1.0
    added = pairs / max(pairs.max(), 1e-9) + share * likeness / likeness.max()
    return own + own.max() * added if own.any() else added * likeness.max() / share


@given(
    st.sampled_from(["u3", GUEST, "unknown"]),
    st.integers(0, 46),
    st.booleans(),
    st.sampled_from([1.0, 2.5]),
    st.integers(0, 3),
)
def test_the_scores_are_those_of_the_formula_and_the_reasons_add_up(
    user: User, num: int, baskets: bool, content_weight: float, seed: int
) -> None:
    model = factories.consistent_model(seed)
    recommender = Recommender(model if baskets else model.without(Together), "v1")
    context = f"i{num}"
    answer = recommender.recommend(user, replace(ALL, context=context, content_weight=content_weight))
    expected = truth(recommender, user, context, content_weight)
    assert answer.context == (context, "baskets" if baskets else "likeness")
    assert answer.strategy == ("context" if user == "unknown" else "personalized" if user == "u3" else "fold_in")
    assert len(answer.items) == 49
    for item in answer.items:
        assert item.item_id != context
        assert item.score == pytest.approx(expected[int(item.item_id[1:])], abs=UNIT)
        reason = item.reason
        assert reason is not None
        assert reason.context is not None
        assert reason.collaborative + reason.content == pytest.approx(item.score, abs=UNIT)
        causes = sum(cause.score for cause in reason.because)
        assert causes + reason.others + reason.context == pytest.approx(item.score, abs=UNIT)


@pytest.mark.parametrize("annoy", [False, True])
@pytest.mark.parametrize("options", [{}, {"diversity": 0.5}, {"popularity_penalty": 0.5}, {"content_weight": 0.0}])
def test_it_goes_with_pages_filters_and_the_other_options(annoy: bool, options: dict[str, float]) -> None:
    recommender = Recommender(factories.listed(factories.consistent_model(annoy=annoy), 20), "v1")
    condition = (parse_filter("year<2030"),)
    request = ListRequest(40, context="i10", exclude=("i12",), filters=condition, explain=True, **options)
    whole = recommender.recommend("u3", request).items
    pages = [
        item
        for offset in range(0, 40, 7)
        for item in recommender.recommend("u3", replace(request, k=7, offset=offset)).items
    ]
    assert tuple(pages[: len(whole)]) == whole
    ids = {item.item_id for item in whole}
    assert ids == {f"i{num}" for num in range(40)} - {"i3", "i4", "i5", "i10", "i12"}
    assert "i11" in {item.item_id for item in whole[:2]}  # the best of the baskets of i10
    for item in whole:
        assert item.reason is not None
        parts = item.reason.collaborative + item.reason.content + item.reason.popularity
        assert parts == pytest.approx(item.score, abs=UNIT)
    assert whole[0] not in recommender.recommend("u3", replace(request, context=None)).items[:1]


def test_an_item_that_is_not_listed_can_be_the_context_and_a_deleted_or_unknown_one_cannot() -> None:
    recommender = Recommender(factories.model(), "v1", deleted=frozenset({"i8"}))
    request, events = ListRequest(50, context="i10"), UserEvents(hidden=frozenset({"i10", "i11"}))
    listed = {item.item_id for item in recommender.recommend("u3", request, events).items}
    assert "i12" in listed
    assert not listed & {"i10", "i11"}
    with pytest.raises(NotFoundError, match=r"item 'i8' was deleted"):
        recommender.recommend("u3", replace(request, context="i8"))
    with pytest.raises(NotFoundError, match=r"item 'I10' is not in the catalog of model v1; did you mean 'i10'"):
        recommender.recommend("unknown", replace(request, context="I10"))


def test_an_item_without_any_data_adds_nothing_and_the_answer_says_so() -> None:
    recommender = Recommender(factories.model(text_dim=0).without(Together), "v1")  # i49 has no factors
    answer = recommender.recommend("u3", ListRequest(10, context="i49"))
    plain = recommender.recommend("u3", ListRequest(10, exact=True, exclude=("i49",)))
    assert answer.context == ("i49", "nothing")
    assert answer.items == plain.items
    popular = recommender.recommend("unknown", ListRequest(10, context="i49"))
    assert (popular.strategy, popular.fallback, popular.context) == ("popular", True, ("i49", "nothing"))


def test_why_has_the_rank_in_context_and_says_what_it_moved() -> None:
    recommender = Recommender(factories.model(), "v1")
    request = ListRequest(10, context="i10")
    listed = recommender.recommend("u3", request)
    for rank, item in enumerate(listed.items, 1):
        placement = find_placement(recommender, "u3", item.item_id, request)
        assert (placement.rank, placement.item.score, placement.context) == (rank, item.score, listed.context)
    ids = {item.item_id for item in listed.items}
    gone = next(item for item in recommender.recommend("u3").items if item.item_id not in {*ids, "i10"})
    placement = find_placement(recommender, "u3", gone.item_id, request)
    assert [obstacle.kind for obstacle in placement.obstacles] == ["context", "rank"]
    placement = find_placement(recommender, "u3", "i10", request)
    assert (placement.rank, placement.obstacles[0].kind) == (None, "in_context")
    assert placement.rank_without is not None
