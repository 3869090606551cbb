from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.histories import Histories
from recsys.index.exact import ExactIndex, Neighbors, VectorTable
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.recommend import batch
from recsys.recommend.batch import BLOCK, ranked_users, recommend_many, score_pairs
from recsys.recommend.ranking import rank_for_user, user_query
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories, score_oracle

N_USERS, N_ITEMS = 2 * BLOCK + 50, 1500


@pytest.fixture(scope="module", params=["exact", "annoy"])
def recommender(request: pytest.FixtureRequest) -> Recommender:
    """More users than two blocks, more items than a forest inspects for one query."""
    return Recommender(factories.model(N_USERS, N_ITEMS, 6, 4, annoy=request.param == "annoy"), "v1")


def nums(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def same_as_one_by_one(recommender: Recommender, users: np.ndarray, k: int, exact: bool = False) -> None:
    many = list(recommend_many(recommender, users, k, exact=exact))
    assert len(many) == len(users)
    for num, found in zip(users.tolist(), many, strict=True):
        one = recommender.recommend(recommender.model.users.id(num), ListRequest(k, exact=exact))
        assert [recommender.model.catalog.items.id(item) for item in found.nums] == [item.item_id for item in one.items]
        assert found.scores.tolist() == pytest.approx([item.score for item in one.items], abs=1e-4)


@pytest.mark.parametrize("exact", [False, True])
def test_many_lists_equal_one_by_one(recommender: Recommender, exact: bool) -> None:
    same_as_one_by_one(recommender, np.arange(N_USERS, dtype=np.int32), 10, exact)


@pytest.mark.parametrize("k", [1, N_ITEMS - 3, N_ITEMS, 10 * N_ITEMS])
def test_any_k_will_do(recommender: Recommender, k: int) -> None:
    same_as_one_by_one(recommender, nums(3, 7), k)


def test_lists_come_in_the_order_of_the_question(recommender: Recommender) -> None:
    same_as_one_by_one(recommender, nums(200, 3, 200, 0, N_USERS - 1, 3), 5)
    backwards = np.arange(N_USERS, dtype=np.int32)[::-1]
    same_as_one_by_one(recommender, backwards, 3)


def test_nobody_gets_nothing(recommender: Recommender) -> None:
    assert list(recommend_many(recommender, nums(), 10)) == []


def test_lists_do_not_depend_on_the_blocks_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every digit of every part, as a query alone gives them."""
    pairs = np.repeat(np.arange(40, dtype=np.int32), np.arange(40)), np.concatenate([np.arange(n) for n in range(40)])
    model = factories.model(40, 300, 6, 4, n_neighbors=9)
    model = replace(model, histories=Histories.from_pairs(pairs[0], pairs[1].astype(np.int32), 40, 300))
    alone = [rank_for_user(model, user_query(model, num), 20, model.seen(num), exact=True) for num in range(40)]
    for cells in (1, 1500, 1 << 22):
        monkeypatch.setattr(batch, "MOST_CELLS", cells)
        blocks = ranked_users(model, np.arange(40, dtype=np.int32), 20)
        for found, one in zip((found for block in blocks for found in block.rows[0].lists()), alone, strict=True):
            for part in ("collaborative", "content", "popularity"):
                assert getattr(found, part).tolist() == getattr(one, part).tolist()
            assert found.found.nums.tolist() == one.found.nums.tolist()
            assert found.found.scores.tolist() == one.found.scores.tolist()


@pytest.mark.parametrize("annoy", [False, True])
@pytest.mark.parametrize("exact", [False, True])
def test_users_without_a_vector_get_the_popular_items(annoy: bool, exact: bool) -> None:
    model = factories.model(text_dim=0, annoy=annoy)
    factors = model.user_factors.copy()
    factors[[0, 4]] = 0
    recommender = Recommender(replace(model, user_factors=factors), "v1")
    found = list(recommend_many(recommender, nums(4, 5), 6, exact=exact))
    popular = [num for num in model.popularity.order.tolist() if num not in (4, 5, 6)]
    assert found[0].nums.tolist() == popular[:6]
    same_as_one_by_one(recommender, np.arange(30, dtype=np.int32), 6, exact)


@pytest.mark.parametrize("annoy", [False, True])
def test_users_who_saw_everything_get_empty_lists(annoy: bool) -> None:
    recommender = Recommender(factories.model(n_users=4, n_items=3, annoy=annoy), "v1")
    assert [len(found) for found in recommend_many(recommender, nums(0, 1, 2, 3), 2)] == [0] * 4


def test_equal_scores_stand_as_one_by_one() -> None:
    model = factories.model(n_users=20, n_items=60, factors=2, text_dim=0)
    random = np.random.default_rng(0)
    items = random.integers(-1, 2, size=(60, 2)).astype(np.float32)  # few distinct rows, exact products
    users = random.integers(-2, 3, size=(20, 2)).astype(np.float32)
    index = ExactIndex(VectorTable.from_vectors(items))
    recommender = Recommender(replace(model, user_factors=users, items_for_user=index), "v1")
    for k in (1, 5, 20):
        same_as_one_by_one(recommender, np.arange(20, dtype=np.int32), k)


def test_equal_scores_stand_as_one_by_one_where_neighbors_add_to_them() -> None:
    """All sums are exact: histories of four items, weights that are small whole numbers, an emphasis of two."""
    model = factories.model(n_users=20, n_items=60, factors=2, text_dim=0, n_neighbors=9)
    random = np.random.default_rng(0)
    pairs = np.repeat(np.arange(20, dtype=np.int32), 4), np.arange(80, dtype=np.int32) % 60
    near = model.neighborhood
    weights = (random.integers(0, 4, size=len(near.item_nums)).astype(np.float32) for _ in range(2))
    model = replace(
        model,
        histories=Histories.from_pairs(*pairs, 20, 60),
        layout=replace(model.layout, short_history=4.0),
        user_factors=random.integers(-2, 3, size=(20, 2)).astype(np.float32),
        items_for_user=ExactIndex(VectorTable.from_vectors(random.integers(-1, 2, size=(60, 2)).astype(np.float32))),
        neighborhood=Neighborhood(near.indptr, near.item_nums, *weights),
    )
    recommender, ties = Recommender(model, "v1"), 0
    for k in (1, 5, 20, 60):
        same_as_one_by_one(recommender, np.arange(20, dtype=np.int32), k)
    for user, found in enumerate(recommend_many(recommender, np.arange(20, dtype=np.int32), 60)):
        if model.user_factors[user].any():
            truth = score_oracle.scores(model, user)
            assert found.nums.tolist() == score_oracle.best(truth, score_oracle.seen(model, user), 60)
            assert found.scores.tolist() == [truth[num] for num in found.nums.tolist()]
            ties += len(found) - len(set(found.scores.tolist()))
    assert ties > 100


@pytest.mark.parametrize("exact", [False, True])
def test_scores_of_many_lists_are_the_dumb_ones(recommender: Recommender, exact: bool) -> None:
    model = recommender.model
    for user, found in zip((0, 7, 99), recommend_many(recommender, nums(0, 7, 99), 40, exact=exact), strict=True):
        truth = score_oracle.scores(model, user)
        assert found.scores.tolist() == pytest.approx([truth[num] for num in found.nums.tolist()], abs=1e-4)
        if exact:
            best = score_oracle.best(truth, score_oracle.seen(model, user), 40)
            assert found.scores.tolist() == pytest.approx([truth[num] for num in best], abs=1e-4)


def test_lists_hold_no_item_twice_and_none_that_was_seen(recommender: Recommender) -> None:
    answers: list[Neighbors] = list(recommend_many(recommender, np.arange(N_USERS, dtype=np.int32), 50))
    for num, found in enumerate(answers):
        assert len(set(found.nums.tolist())) == 50
        assert not set(found.nums.tolist()) & {num, num + 1, num + 2}


PAIRS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 29)), st.one_of(st.none(), st.integers(0, 49))), max_size=30
)


@given(PAIRS)
def test_scores_of_pairs_are_the_dumb_ones(model: Model, pairs: list[tuple[int | None, int | None]]) -> None:
    scores = score_pairs(Recommender(model, "v"), [user for user, _ in pairs], [item for _, item in pairs])
    assert len(scores) == len(pairs)
    for (user, item), score in zip(pairs, scores, strict=True):
        if user is None or item is None:
            assert score is None
        else:
            assert score == pytest.approx(score_oracle.scores(model, user)[item], abs=1e-4)
            assert type(score) is float


def test_scores_of_pairs_are_those_of_the_lists(model: Model) -> None:
    answer = Recommender(model, "").recommend("u9", ListRequest(20, include_seen=True))
    items = [model.catalog.items.get(item.item_id) for item in answer.items]
    assert score_pairs(Recommender(model, "v"), [9] * 20, items) == pytest.approx(
        [item.score for item in answer.items], abs=1e-4
    )


def test_users_and_items_must_be_as_many(model: Model) -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_pairs(Recommender(model, "v"), [1, 2], [1])
