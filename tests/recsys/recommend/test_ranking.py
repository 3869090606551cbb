"""Ranking against brute force: the score of every item by a loop, sorted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.histories import Histories
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.recommend import ranking
from recsys.recommend.batch import recommend_many
from recsys.recommend.ranking import FIRST_BLOCK, GROWTH, MOST_NEAR, Ranked, rank_for_user, rank_items, user_query
from recsys.recommend.recommender import Recommender
from tests.support import factories, score_oracle
from tests.support.parts import matrices_of

FEW = 64


def nums(values: set[int] | list[int]) -> np.ndarray:
    return np.array(sorted(values), np.int32)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Small random models, with and without content, neighbors and factors of the asking users."""
    n_items = draw(st.integers(1, 25))
    seed, n_neighbors = draw(st.integers(0, 10**6)), draw(st.integers(0, 12))
    model = factories.model(4, n_items, 3, draw(st.integers(0, 3)), seed, n_neighbors=n_neighbors)
    near, weight = model.neighborhood, np.float32(draw(st.sampled_from([0.1, 1.0, 30.0])))
    short = draw(st.sampled_from([0.0, 1.0, 7.5]))
    return replace(
        model,
        layout=replace(model.layout, short_history=short),
        neighborhood=Neighborhood(near.indptr, near.item_nums, weight * near.collaborative, weight * near.content),
    )


def exactly(seed: int, n_items: int, n_neighbors: int, values: int) -> Model:
    """A model of whole numbers and histories of four items, whose scores are exact, and so often equal."""
    model = factories.model(4, n_items, 3, 0, seed, n_neighbors=n_neighbors)
    random = np.random.default_rng(seed)
    history = np.concatenate([random.permutation(n_items)[:4] for _ in range(4)]).astype(np.int32)
    whole = [random.integers(0, values, len(model.neighborhood.item_nums)).astype(np.float32) for _ in range(2)]
    items = random.integers(-values, values + 1, (n_items, 3)).astype(np.float32)
    return replace(
        model,
        layout=replace(model.layout, short_history=4.0),
        histories=Histories.from_pairs(np.repeat(np.arange(4, dtype=np.int32), 4), history, 4, n_items),
        user_factors=random.integers(-2, 3, (4, 3)).astype(np.float32),
        items_for_user=ExactIndex(VectorTable.from_vectors(items)),
        neighborhood=Neighborhood(model.neighborhood.indptr, model.neighborhood.item_nums, *whole),
    )


def check_parts(model: Model, user: int, ranked: Ranked, tolerance: float = 1e-4) -> None:
    """Both parts are those of the loop, and their sum is the score."""
    every = score_oracle.parts(model, user)
    truth = [every[num] for num in ranked.found.nums.tolist()]
    assert ranked.collaborative.tolist() == pytest.approx([one for one, _ in truth], abs=tolerance)
    assert ranked.content.tolist() == pytest.approx([other for _, other in truth], abs=tolerance)
    total = ranked.collaborative.astype(np.float64) + ranked.content
    assert total.tolist() == pytest.approx(ranked.found.scores.tolist(), abs=1e-6, rel=2e-7)


@given(models(), st.integers(0, 3), st.integers(1, 30), st.sets(st.integers(0, 24)))
def test_an_exact_ranking_is_that_of_all_items(model: Model, user: int, k: int, out: set[int]) -> None:
    skip = {num for num in out if num < len(model.catalog)}
    ranked = rank_for_user(model, user_query(model, user), k, nums(skip))
    truth = score_oracle.scores(model, user)
    wanted = score_oracle.best(truth, skip, k)
    found = ranked.found.nums.tolist()
    assert len(found) == len(set(found)) == len(wanted) == min(k, len(truth) - len(skip))
    assert not set(found) & skip
    assert ranked.found.scores.tolist() == pytest.approx([truth[num] for num in wanted], abs=1e-3)
    check_parts(model, user, ranked, 1e-3)


@given(st.integers(0, 10**6), st.integers(4, 40), st.integers(0, 9), st.integers(1, 45), st.sets(st.integers(0, 39)))
def test_equal_scores_stand_in_the_order_of_their_numbers(
    seed: int, n_items: int, n_neighbors: int, k: int, out: set[int]
) -> None:
    """Item by item the ranking of all, also where the last place is shared."""
    model = exactly(seed, n_items, n_neighbors, values=2)
    skip = {num for num in out if num < n_items}
    for user in range(4):
        truth = score_oracle.scores(model, user)
        ranked = rank_for_user(model, user_query(model, user), k, nums(skip))
        assert ranked.found.nums.tolist() == score_oracle.best(truth, skip, k)
        check_parts(model, user, ranked, 0)


@pytest.mark.parametrize("n_neighbors", [1, 40, 900])
def test_an_exact_ranking_of_many_items_stops_early_and_is_still_that_of_all(n_neighbors: int) -> None:
    """Also where more items are near than an approximate ranking takes."""
    model = exactly(3, 4000, n_neighbors, values=6)
    looked_at = []
    for user in range(4):
        query, truth, skip = user_query(model, user), score_oracle.scores(model, user), score_oracle.seen(model, user)
        for k in (1, 10, 100):
            assert rank_for_user(model, query, k, nums(skip)).found.nums.tolist() == score_oracle.best(truth, skip, k)
        looked_at.append(model.items_for_user.table.scan(query.vector, 1)[1])
    assert min(looked_at) < 4000


def test_an_item_that_only_its_neighbors_lift_comes_first() -> None:
    """By its vector the last of fifty, by what the neighborhood adds the best."""
    model = factories.model(n_neighbors=0)
    alone = rank_for_user(model, user_query(model, 0), 50, nums([])).found
    last, gap = int(alone.nums[-1]), float(alone.scores[0] - alone.scores[-1])
    indptr = (np.arange(51) > 1).astype(np.int64)  # item 1, which user 0 knows, has one neighbor
    weight = np.array([2 * gap * 3**0.5], np.float32)
    near = Neighborhood(indptr, nums([last]), weight, 0 * weight)
    lifted = rank_for_user(
        replace(model, neighborhood=near), user_query(replace(model, neighborhood=near), 0), 1, nums([])
    )
    assert lifted.found.nums.tolist() == [last]
    assert lifted.found.scores.tolist() == pytest.approx([float(alone.scores[-1]) + 2 * gap], rel=1e-5)
    assert rank_for_user(model, user_query(model, 0), 1, nums([])).found.nums.tolist() != [last]


@pytest.fixture(scope="module")
def crowded() -> Model:
    """Three thousand items behind a shallow forest, more than half of them near to what each user knows."""
    model = factories.model(12, 3000, 8, 4, annoy=True, n_neighbors=900)
    shallow = model.forests["items_for_user"].with_search_k(20)
    return replace(model, items_for_user=shallow)


def approximately(model: Model, user: int, k: int, skip: set[int], most: int) -> list[int]:
    """In blocks of 16, 64, 256...: the best of what the forest proposes and of those items to which most is added."""
    query, truth = user_query(model, user), score_oracle.scores(model, user)
    added = dict(zip(query.nearby.nums.tolist(), query.nearby.total.tolist(), strict=True))
    found: list[int] = []
    size = FIRST_BLOCK
    while len(found) < min(k, len(truth) - len(skip)):
        out = {*skip, *found}
        near = sorted(added.keys() - out, key=lambda num: -added[num])[:most]
        proposed = model.items_for_user.candidates(query.vector, size, nums(out)).tolist()
        found += sorted({*near, *proposed}, key=lambda num: -truth[num])[:size]
        size *= GROWTH
    return found[:k]


@pytest.mark.parametrize("k", [1, 10, 1500, 2997, 5000])
@pytest.mark.parametrize("most", [FEW, MOST_NEAR])
def test_an_approximate_ranking_takes_the_items_to_which_most_is_added_and_gives_k(
    crowded: Model, k: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_NEAR", most)
    for user in range(3):
        query, skip = user_query(crowded, user), score_oracle.seen(crowded, user)
        assert len(query.nearby.nums) > MOST_NEAR
        ranked = rank_for_user(crowded, query, k, nums(skip))
        found, truth = ranked.found.nums.tolist(), score_oracle.scores(crowded, user)
        assert len(found) == len(set(found)) == min(k, 3000 - 3)
        assert not set(found) & skip
        wanted = approximately(crowded, user, k, skip, most)
        assert ranked.found.scores.tolist() == pytest.approx([truth[num] for num in wanted], abs=1e-4)


def test_a_proposed_item_has_its_whole_score_though_more_is_added_to_others(crowded: Model) -> None:
    """A score says the same in every list, whatever was cut off on the way to it."""
    cut_off = 0
    for user in range(12):
        query, seen = user_query(crowded, user), nums(score_oracle.seen(crowded, user))
        ranked = rank_for_user(crowded, query, 1500, seen)
        check_parts(crowded, user, ranked)
        least = np.sort(query.nearby.total)[-MOST_NEAR]
        cut_off += len(set(ranked.found.nums.tolist()) & set(query.nearby.nums[query.nearby.total < least].tolist()))
    assert cut_off > 100


def test_what_is_skipped_takes_no_place_among_the_items_near(crowded: Model) -> None:
    """One who has seen all items to which most is added gets those to which most is added of the others."""
    nearby = user_query(crowded, 0).nearby
    skip = set(nearby.nums[np.argsort(-nearby.total)[: MOST_NEAR + 1]].tolist())
    truth = score_oracle.scores(crowded, 0)
    found = rank_for_user(crowded, user_query(crowded, 0), 20, nums(skip)).found
    wanted = approximately(crowded, 0, 20, skip, MOST_NEAR)
    assert found.scores.tolist() == pytest.approx([truth[num] for num in wanted], abs=1e-4)
    left = set(nearby.nums.tolist()) - skip
    assert set(wanted) & left - set(crowded.items_for_user.query(user_query(crowded, 0).vector, 20, nums(skip)).nums)


def test_a_longer_approximate_ranking_begins_with_the_shorter_one(crowded: Model) -> None:
    """Though a forest that is asked for more finds better ones."""
    better = 0
    for user in range(12):
        query, skip = user_query(crowded, user), nums(score_oracle.seen(crowded, user))
        longest = rank_for_user(crowded, query, 600, skip).found.nums.tolist()
        for k in (1, 10, 15, 16, 17, 80, 81, 599):
            assert rank_for_user(crowded, query, k, skip).found.nums.tolist() == longest[:k]
        few, many = (crowded.items_for_user.query(query.vector, k, skip).nums[:10].tolist() for k in (10, 100))
        better += few != many
    assert better > 3


def test_an_approximate_ranking_that_is_asked_to_be_exact_is(crowded: Model) -> None:
    for user in range(3):
        truth, skip = score_oracle.scores(crowded, user), score_oracle.seen(crowded, user)
        ranked = rank_for_user(crowded, user_query(crowded, user), 25, nums(skip), exact=True)
        wanted = score_oracle.best(truth, skip, 25)
        assert ranked.found.scores.tolist() == pytest.approx([truth[num] for num in wanted], abs=1e-4)
        check_parts(crowded, user, ranked)


@pytest.mark.parametrize("exact", [False, True])
def test_a_list_is_the_same_one_by_one_and_in_batch(crowded: Model, exact: bool) -> None:
    recommender = Recommender(crowded, "v1")
    for k in (1, 10, 1200):
        many = recommend_many(recommender, np.arange(12, dtype=np.int32), k, exact=exact)
        for user, found in enumerate(many):
            query, seen = user_query(crowded, user), nums(score_oracle.seen(crowded, user))
            one = rank_for_user(crowded, query, k, seen, exact=exact).found
            assert found.nums.tolist() == one.nums.tolist()
            assert found.scores.tolist() == pytest.approx(one.scores.tolist(), abs=1e-4)


def test_given_items_are_scored_and_no_others(model: Model) -> None:
    query, truth = user_query(model, 4), score_oracle.scores(model, 4)
    given_ = {0, 5, 6, 30, 49}
    ranked = rank_items(model, query, nums(given_), 10)
    assert ranked.found.nums.tolist() == score_oracle.best(truth, set(range(50)) - given_, 10)
    check_parts(model, 4, ranked)
    assert len(rank_items(model, query, nums(given_), 2).found) == 2
    assert len(rank_items(model, query, nums([]), 2).found) == 0


def test_the_query_of_a_user_holds_the_vector_and_what_is_near(model: Model) -> None:
    query = user_query(model, 7)
    assert query.vector.shape == (model.layout.dim,)
    assert query.vector.dtype == np.float32
    assert query.vector[: model.layout.factors].tolist() == model.user_factors[7].tolist()
    content = query.vector[model.layout.factors :]
    assert float(np.linalg.norm(content)) == pytest.approx(1 + 1 / 3)  # the emphasis of three items
    history = model.histories.items_of(7).tolist()
    near = {int(num) for own in history for num in matrices_of(model.neighborhood)[0].getrow(own).indices}
    assert query.nearby.nums.tolist() == sorted(near)


def test_items_to_which_nothing_is_added_are_ranked_by_their_vectors() -> None:
    model = factories.model(n_neighbors=0)
    for user in range(5):
        query = user_query(model, user)
        assert query.nearby.nums.tolist() == []
        by_vector = model.items_for_user.query(query.vector, 20)
        ranked = rank_for_user(model, query, 20, nums([]))
        assert ranked.found.nums.tolist() == by_vector.nums.tolist()
        assert ranked.found.scores.tolist() == pytest.approx(by_vector.scores.tolist(), abs=1e-5)
