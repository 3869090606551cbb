"""The weight of content counts the content part of each score that many times, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import QueryError
from recsys.events.activity import Event
from recsys.model.neighborhood import Neighborhood
from recsys.recommend.recommender import Recommender, User
from recsys.recommend.request import ListRequest
from tests.support import factories, score_oracle

UNIT = 3e-6  # parts are displayed with six digits
ALL = ListRequest(50, include_seen=True, exact=True, explain=True)
WEIGHTS = st.sampled_from([0.0, 0.3, 1.0, 2.0, 4.0])


@given(st.integers(0, 29), WEIGHTS, st.booleans(), st.integers(0, 5))
def test_the_list_is_that_of_the_oracle(user: int, weight: float, annoy: bool, seed: int) -> None:
    recommender = Recommender(factories.model(seed=seed, annoy=annoy), "v1")
    truth = [behavior + weight * content for behavior, content in score_oracle.parts(recommender.model, user)]
    answer = recommender.recommend(f"u{user}", ListRequest(8, content_weight=weight, exact=not annoy))
    best = score_oracle.best(truth, score_oracle.seen(recommender.model, user), 8)
    scores = [item.score for item in answer.items]
    assert scores == pytest.approx([truth[num] for num in best], abs=UNIT) or weight == 1
    for item in answer.items:
        assert item.score == pytest.approx(truth[int(item.item_id[1:])], abs=UNIT)


@pytest.mark.parametrize("user", ["u3", (Event("i1"), Event("i7"), Event("i20"))], ids=["user", "guest"])
@pytest.mark.parametrize("penalty", [0.0, 0.4])
def test_reasons_scale_and_add_up(user: User, penalty: float) -> None:
    recommender = Recommender(factories.consistent_model(), "v1")
    plain = {item.item_id: item for item in recommender.recommend(user, ALL).items}
    asked = replace(ALL, content_weight=2.5, popularity_penalty=penalty)
    for item in recommender.recommend(user, asked).items:
        reason, before = item.reason, plain[item.item_id].reason
        assert reason is not None
        assert before is not None
        assert reason.content == pytest.approx(2.5 * before.content, abs=UNIT)
        assert reason.collaborative == pytest.approx(before.collaborative, abs=UNIT)
        assert reason.neighbors == pytest.approx(before.neighbors, abs=UNIT)
        assert reason.collaborative + reason.content + reason.popularity == pytest.approx(item.score, abs=UNIT)


def test_neighbors_are_the_part_that_goes_without_a_neighborhood() -> None:
    model = factories.model()
    without = replace(model, neighborhood=Neighborhood.empty(len(model.catalog)))
    found = {item.item_id: item.reason for item in Recommender(model, "v1").recommend("u5", ALL).items}
    less = {item.item_id: item.reason for item in Recommender(without, "v1").recommend("u5", ALL).items}
    assert any(reason.neighbors > 0 for reason in found.values() if reason)
    for item_id, reason in found.items():
        other = less[item_id]
        assert reason is not None
        assert other is not None
        assert reason.collaborative - reason.neighbors == pytest.approx(other.collaborative, abs=UNIT)
        assert other.neighbors == 0


def test_pages_are_the_list_and_a_precomputed_list_is_not_used() -> None:
    recommender = Recommender(factories.listed(factories.model(), 20), "v1")
    request = ListRequest(30, content_weight=0.0)
    whole = [item.item_id for item in recommender.recommend("u2", request).items]
    pages: list[str] = []
    for offset in range(0, 30, 7):
        pages += [item.item_id for item in recommender.recommend("u2", replace(request, k=7, offset=offset)).items]
    assert pages[:30] == whole
    assert whole[:10] != [item.item_id for item in recommender.recommend("u2", ListRequest(10)).items]


def test_a_model_without_content_accepts_it() -> None:
    model = factories.model(text_dim=0)
    recommender = Recommender(replace(model, neighborhood=Neighborhood.empty(len(model.catalog))), "v1")
    assert recommender.recommend("u1", ListRequest(content_weight=0.0)) == recommender.recommend(
        "u1", ListRequest(exact=True)
    )
    with pytest.raises(QueryError, match=r"content_weight is 4.5; it must lie between 0 and 4"):
        ListRequest(content_weight=4.5)


@pytest.mark.parametrize("by", ["behavior", "content"])
def test_similar_by_one_part_is_its_cosine(by: str) -> None:
    model = factories.model()
    recommender, factors = Recommender(model, "v1"), model.layout.factors
    rows = model.items_like_item.table.rows(np.arange(50, dtype=np.int32)).astype(np.float64)
    part = rows[:, :factors] if by == "behavior" else rows[:, factors:]
    truth = part @ part[3] / (model.likeness.weight if by == "behavior" else 1 - model.likeness.weight)
    answer = recommender.similar_items("i3", ListRequest(10, explain=True), by=by)  # type: ignore[arg-type]
    best = score_oracle.best(truth.tolist(), {3}, 10)
    assert [item.item_id for item in answer.items] == [f"i{num}" for num in best]
    for item, num in zip(answer.items, best, strict=True):
        assert item.score == pytest.approx(truth[num], abs=UNIT)
        assert item.reason is not None
        assert (item.reason.content if by == "behavior" else item.reason.collaborative) == 0


def test_an_item_without_users_has_no_similar_items_by_behavior() -> None:
    answer = Recommender(factories.model(), "v1").similar_items("i49", by="behavior")
    assert answer.fallback
    assert answer.strategy == "popular"
