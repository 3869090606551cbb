"""The penalty of popularity against loops: the score of every item less what its users cost it, sorted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from recsys.data.filters import Condition
from recsys.errors import QueryError
from recsys.events.activity import Event, UserEvents
from recsys.model.model import Model
from recsys.model.popularity import Popularity
from recsys.model.precomputed_lists import UserLists
from recsys.recommend.batch import recommend_many, recommend_penalized
from recsys.recommend.ranking import rank_for_user, user_query
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories, score_oracle

PENALTIES = (0.1, 0.5, 1.0)
FEW = replace(factories.model(6, 40, n_neighbors=6), forests={})


def popular(model: Model, seed: int = 3) -> Model:
    """With users by a long tail, so that the penalty has something to tell apart."""
    counts = np.floor(np.random.default_rng(seed).pareto(1.0, len(model.catalog)) * 3).astype(np.float32)
    return replace(model, popularity=Popularity.from_scores(counts))


def lessened(model: Model, user: int, penalty: float) -> list[float]:
    truth, counts = score_oracle.scores(model, user), model.popularity.scores.tolist()
    most = max(0.0, *truth)
    return [
        score - penalty * most * math.log1p(count) / math.log1p(max(counts))
        for score, count in zip(truth, counts, strict=True)
    ]


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("k", [1, 7, 40])
def test_an_exact_list_is_that_of_all_items(penalty: float, k: int) -> None:
    model = popular(FEW)
    for user in range(6):
        truth, skip = lessened(model, user, penalty), score_oracle.seen(model, user)
        found = rank_for_user(model, user_query(model, user), k, model.seen(user), penalty=penalty)
        wanted = score_oracle.best(truth, skip, k)
        assert found.found.scores.tolist() == pytest.approx([truth[num] for num in wanted], abs=1e-4)
        assert found.found.nums.tolist() == wanted
        parts = found.collaborative.astype(np.float64) + found.content + found.popularity
        assert parts.tolist() == pytest.approx(found.found.scores.tolist(), abs=1e-6, rel=2e-7)


def test_it_looks_further_than_the_best_by_product() -> None:
    """The items with the largest products are those that most users have, so many have to be passed over."""
    model = factories.model(3, 3000, n_neighbors=3)
    products = np.array(score_oracle.scores(model, 1))
    order = np.argsort(-products, kind="stable")
    counts = np.zeros(3000, dtype=np.float32)
    counts[order[:900]] = np.linspace(4000, 3000, 900)
    model = replace(model, popularity=Popularity.from_scores(counts))
    for penalty in (0.3, 0.9):
        found = rank_for_user(model, user_query(model, 1), 10, model.seen(1), penalty=penalty)
        assert found.found.nums.tolist() == score_oracle.best(
            lessened(model, 1, penalty), score_oracle.seen(model, 1), 10
        )


def test_behind_a_forest_k_are_found_too_and_pages_are_one_list() -> None:
    model = popular(factories.model(5, 3000, annoy=True, n_neighbors=3))
    asking = Recommender(model, "")
    whole = asking.recommend("u2", ListRequest(200, popularity_penalty=0.6))
    assert len(whole.items) == len({item.item_id for item in whole.items}) == 200
    pages = [
        item
        for at in range(0, 200, 10)
        for item in asking.recommend("u2", ListRequest(10, at, popularity_penalty=0.6)).items
    ]
    assert pages == list(whole.items)
    exact = asking.recommend("u2", ListRequest(10, popularity_penalty=0.6, exact=True))
    assert len({item.item_id for item in exact.items} & {item.item_id for item in whole.items[:10]}) >= 7


@pytest.mark.parametrize("penalty", [0.0, *PENALTIES])
def test_many_lists_equal_one_by_one(penalty: float) -> None:
    model = popular(FEW)
    users = np.arange(6, dtype=np.int32)
    for num, found in enumerate(recommend_many(Recommender(model, ""), users, 12, penalty=penalty)):
        alone = rank_for_user(model, user_query(model, num), 12, model.seen(num), penalty=penalty).found
        assert found.nums.tolist() == alone.nums.tolist()
        assert found.scores.tolist() == pytest.approx(alone.scores.tolist(), abs=1e-5)


def test_lists_of_several_penalties_are_those_of_each() -> None:
    asking, users = Recommender(popular(FEW), ""), np.array([4, 1], dtype=np.int32)
    together = list(recommend_penalized(asking, users, 9, (0.0, *PENALTIES)))
    for place, penalty in enumerate((0.0, *PENALTIES)):
        alone = list(recommend_many(asking, users, 9, exact=True, penalty=penalty))
        assert [row[place].nums.tolist() for row in together] == [one.nums.tolist() for one in alone]


def test_precomputed_lists_do_not_answer_with_a_penalty() -> None:
    model = popular(FEW)
    listed = factories.listed(model, 8)
    lists = listed.need(UserLists)
    wrong = listed.with_extras(replace(lists, nums=lists.nums[:, ::-1].copy()))
    for asked in (ListRequest(8, popularity_penalty=0.4), ListRequest(3, 2, popularity_penalty=1.0)):
        answers = {Recommender(one, "").recommend("u3", asked) for one in (model, listed, wrong)}
        assert len(answers) == 1
    assert Recommender(wrong, "").recommend("u3", ListRequest(3)) != Recommender(model, "").recommend(
        "u3", ListRequest(3)
    )


def test_what_it_costs_depends_on_neither_page_nor_filter_nor_what_is_left_out() -> None:
    asking = Recommender(popular(FEW), "")
    asked = ListRequest(40, popularity_penalty=0.7, include_seen=True)
    scores = {item.item_id: item.score for item in asking.recommend("u1", asked).items}
    others = (
        ListRequest(5, popularity_penalty=0.7),
        ListRequest(4, 3, popularity_penalty=0.7, exclude=("i7", "i9")),
        ListRequest(9, popularity_penalty=0.7, filters=(Condition("year", ">=", (2010.0,)),)),
        ListRequest(9, popularity_penalty=0.7, diversity=0.5),
    )
    for one in others:
        answer = asking.recommend("u1", one, UserEvents(hidden=frozenset({"i11"})))
        assert len(answer.items) == one.k
        assert [item.score for item in answer.items] == pytest.approx([scores[item.item_id] for item in answer.items])


def test_reasons_name_it_and_add_up() -> None:
    asking = Recommender(popular(factories.consistent_model(n_users=6, n_items=40)), "")
    for who in (UserEvents(), UserEvents((Event("i30"),))):
        answer = asking.recommend("u2", ListRequest(12, popularity_penalty=0.8, explain=True), who)
        assert any(item.reason is not None and item.reason.popularity < 0 for item in answer.items)
        for item in answer.items:
            assert item.reason is not None
            told = item.reason
            assert told.collaborative + told.content + told.popularity == pytest.approx(item.score, abs=1e-4)
            because = sum(cause.score for cause in told.because)
            assert because + told.others + told.popularity == pytest.approx(item.score, abs=1e-4)


def test_more_of_it_brings_less_popular_items() -> None:
    model = popular(factories.model(12, 400))
    counts, users = model.popularity.scores, np.arange(12, dtype=np.int32)
    means = [
        float(
            np.mean(
                [counts[found.nums].mean() for found in recommend_many(Recommender(model, ""), users, 10, penalty=p)]
            )
        )
        for p in (0.0, 0.2, 0.5, 1.0)
    ]
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0] / 2


def test_popular_lists_of_unknown_users_stay_as_they_are() -> None:
    asking = Recommender(popular(FEW), "")
    assert asking.recommend("nobody", ListRequest(popularity_penalty=1.0)) == asking.recommend("nobody", ListRequest())


def test_levels_by_hand() -> None:
    found = Popularity.from_scores(np.array([0, 3, 15], np.float32))
    assert found.levels(np.array([2, 0, 1], np.int32)).tolist() == pytest.approx([1.0, 0.0, 0.5])
    nobody = Popularity.from_scores(np.zeros(2, np.float32))
    assert nobody.levels(np.array([0, 1], np.int32)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("penalty", [-0.1, 1.01, math.nan])
def test_a_penalty_out_of_range_is_refused(penalty: float) -> None:
    with pytest.raises(QueryError, match=r"popularity_penalty is .*; it must lie between 0 and 1"):
        ListRequest(popularity_penalty=penalty)
