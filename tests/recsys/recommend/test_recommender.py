from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.histories import Histories
from recsys.errors import NotFoundError, QueryError
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.model import Model
from recsys.model.neighborhood import Neighborhood
from recsys.recommend.recommender import Answer, Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories, score_oracle

USERS, ITEMS = [f"u{num}" for num in range(30)], [f"i{num}" for num in range(50)]
COLD = "i49"


@pytest.fixture(scope="module")
def small(model: Model) -> Recommender:
    return Recommender(model, "v1")


@pytest.fixture(scope="module")
def wide() -> Recommender:
    """Three thousand items behind forests, of which a query inspects half."""
    model = factories.model(n_users=20, n_items=3000, factors=8, text_dim=4, annoy=True)
    deep = {name: forest.with_search_k(1500) for name, forest in model.forests.items()}
    return Recommender(replace(model, **deep), "v2")


def ids(answer: Answer) -> list[str]:
    return [item.item_id for item in answer.items]


def seen_by(model: Model, user_id: str) -> set[str]:
    num = model.users.get(user_id)
    return set() if num is None else {model.catalog.items.id(item) for item in score_oracle.seen(model, num)}


def dumb_scores(model: Model, user_id: str) -> dict[str, float]:
    user = model.users.get(user_id)
    assert user is not None
    return dict(zip(model.catalog.items, score_oracle.scores(model, user), strict=True))


@given(
    st.sampled_from([*USERS, "nobody", "", "\ud800"]),
    st.integers(1, 60),
    st.sets(st.sampled_from([*ITEMS, "unknown", "\ud800"])),
    st.booleans(),
    st.booleans(),
)
def test_recommendations_are_eligible_and_as_many_as_there_are(
    small: Recommender, model: Model, user: str, k: int, exclude: set[str], include_seen: bool, exact: bool
) -> None:
    answer = small.recommend(user, ListRequest(k, exclude=exclude, include_seen=include_seen, exact=exact))
    found = ids(answer)
    out = exclude | (set() if include_seen else seen_by(model, user))
    assert not set(found) & out
    assert len(found) == len(set(found)) == min(k, len(set(ITEMS) - out))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert answer.fallback == (user not in USERS)


@given(st.sampled_from(ITEMS), st.integers(1, 60), st.sets(st.sampled_from([*ITEMS, "unknown"])), st.booleans())
def test_similar_items_are_eligible_and_as_many_as_there_are(
    small: Recommender, item: str, k: int, exclude: set[str], exact: bool
) -> None:
    answer = small.similar_items(item, ListRequest(k, exclude=exclude, exact=exact))
    found = ids(answer)
    eligible = set(ITEMS) - exclude - {item}
    assert set(found) <= eligible
    assert len(found) == len(set(found)) == min(k, len(eligible))
    assert (answer.strategy, answer.fallback) == ("similar", False)


@pytest.mark.parametrize("k", [1, 50, 2990, 3000, 10**9])
def test_behind_a_forest_k_are_found_too(wide: Recommender, k: int) -> None:
    exclude = [f"i{num}" for num in range(100, 160)]
    found = ids(wide.recommend("u5", ListRequest(k, exclude=exclude)))
    assert len(found) == len(set(found)) == min(k, 3000 - 60 - 3)
    assert not set(found) & {*exclude, "i5", "i6", "i7"}
    alike = ids(wide.similar_items("i5", ListRequest(k, exclude=exclude)))
    assert len(alike) == len(set(alike)) == min(k, 3000 - 60 - 1)
    assert not set(alike) & {*exclude, "i5"}


@pytest.mark.parametrize("user", USERS[:5])
def test_an_exact_answer_is_that_of_dumb_products(wide: Recommender, user: str) -> None:
    truth = {
        item: score for item, score in dumb_scores(wide.model, user).items() if item not in seen_by(wide.model, user)
    }
    best = sorted(truth, key=lambda item: -truth[item])[:20]
    answer = wide.recommend(user, ListRequest(20, exact=True))
    assert ids(answer) == best
    assert [item.score for item in answer.items] == pytest.approx([truth[item] for item in best], abs=1e-4)


def test_an_answer_from_the_forest_has_the_same_scores_and_mostly_the_same_items(wide: Recommender) -> None:
    common = 0
    for user in USERS[:20]:
        truth, found = dumb_scores(wide.model, user), wide.recommend(user, ListRequest(10))
        assert [item.score for item in found.items] == pytest.approx([truth[item] for item in ids(found)], abs=1e-4)
        common += len(set(ids(found)) & set(ids(wide.recommend(user, ListRequest(10, exact=True)))))
    assert common / 200 > 0.8


def test_similar_items_stand_in_the_order_of_products(wide: Recommender) -> None:
    table = wide.model.items_like_item.table
    rows = table.rows(np.arange(3000, dtype=np.int32)).astype(np.float64)
    truth = [float(row @ rows[17]) for row in rows]
    best = sorted((num for num in range(3000) if num != 17), key=lambda num: -truth[num])[:15]
    answer = wide.similar_items("i17", ListRequest(15, exact=True))
    assert ids(answer) == [f"i{num}" for num in best]
    assert [item.score for item in answer.items] == pytest.approx([truth[num] for num in best], abs=1e-5)


def test_an_unknown_user_gets_the_popular_items(small: Recommender, model: Model) -> None:
    answer = small.recommend("nobody", ListRequest(4))
    scores = model.popularity.scores
    best = sorted(range(50), key=lambda num: (-scores[num], num))[:4]
    assert (answer.strategy, answer.fallback) == ("popular", True)
    assert ids(answer) == [f"i{num}" for num in best]
    assert [(item.score, item.source) for item in answer.items] == [(scores[num], "popularity") for num in best]


def test_a_user_without_a_vector_gets_the_popular_items_but_none_that_was_seen() -> None:
    behavior_only = factories.model(text_dim=0)
    factors = behavior_only.user_factors.copy()
    factors[4] = 0
    recommender = Recommender(replace(behavior_only, user_factors=factors), "v1")
    answer = recommender.recommend("u4", ListRequest(50))
    assert answer.fallback
    assert set(ids(answer)) == set(ITEMS) - {"i4", "i5", "i6"}
    assert not recommender.recommend("u5", ListRequest(50)).fallback


def test_items_of_the_history_come_with_include_seen(small: Recommender) -> None:
    assert set(ids(small.recommend("u3", ListRequest(50, include_seen=True)))) == set(ITEMS)


def test_a_user_who_saw_everything_gets_an_empty_list() -> None:
    for annoy in (False, True):
        recommender = Recommender(factories.model(n_users=2, n_items=3, annoy=annoy), "v1")
        answer = recommender.recommend("u0", ListRequest(5))
        assert answer.items == ()
        assert answer.strategy == "personalized"
        assert len(recommender.recommend("u0", ListRequest(5, include_seen=True)).items) == 3


def test_excluding_everything_gives_an_empty_list(small: Recommender) -> None:
    assert small.recommend("u0", ListRequest(5, exclude=ITEMS)).items == ()
    assert small.recommend("nobody", ListRequest(5, exclude=ITEMS)).items == ()
    assert small.similar_items("i0", ListRequest(5, exclude=ITEMS)).items == ()


def test_a_cold_item_is_recommended_and_compared_by_its_content(small: Recommender, model: Model) -> None:
    sources = {item.item_id: item.source for item in small.recommend("u0", ListRequest(50)).items}
    assert sources.pop(COLD) == "content"
    assert set(sources.values()) == {"blended"}
    answer = small.similar_items(COLD, ListRequest(49))
    texts = model.items_for_user.table.rows(np.arange(50, dtype=np.int32))[:, model.layout.factors :]
    texts = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    truth = {f"i{num}": 0.5 * float(texts[num] @ texts[49]) for num in range(49)}  # the share of content is one half
    assert [item.score for item in answer.items] == pytest.approx([truth[one] for one in ids(answer)], abs=1e-5)
    assert ids(answer)[0] == max(truth, key=lambda one: truth[one])


def test_without_content_every_score_is_collaborative() -> None:
    recommender = Recommender(factories.model(text_dim=0, n_neighbors=0), "v1")
    assert {item.source for item in recommender.recommend("u0", ListRequest(40)).items} == {"collaborative"}


@pytest.mark.parametrize("text_dim", [0, 3])
def test_a_source_says_what_a_score_is_made_of(text_dim: int) -> None:
    """Also what only the neighborhood adds: a cold item is made of behavior where it has neighbors by behavior."""
    model = factories.model(text_dim=text_dim, n_neighbors=12)
    names = {(True, True): "blended", (True, False): "collaborative", (False, True): "content"}
    cold = set()
    for num, user in enumerate(USERS):
        truth = [names.get((one != 0, other != 0), "collaborative") for one, other in score_oracle.parts(model, num)]
        for item in Recommender(model, "v1").recommend(user, ListRequest(50, include_seen=True)).items:
            assert item.source == truth[int(item.item_id[1:])]
            cold |= {item.source} if item.item_id == COLD else set()
    assert cold >= {"blended", "content" if text_dim else "collaborative"}


def test_an_item_without_a_vector_gets_the_popular_items_without_itself() -> None:
    recommender = Recommender(factories.model(text_dim=0), "v1")
    answer = recommender.similar_items(COLD, ListRequest(50, exclude=["i1"]))
    assert (answer.strategy, answer.fallback) == ("popular", True)
    assert set(ids(answer)) == set(ITEMS) - {COLD, "i1"}


@pytest.mark.parametrize("item", ["nothing", "", "I0", "i0 ", "\ud800"])
def test_an_unknown_item_is_told(small: Recommender, item: str) -> None:
    with pytest.raises(NotFoundError, match=r"item .* is not in the catalog of model v1"):
        small.similar_items(item)
    with pytest.raises(NotFoundError, match=r"item .* is not in the catalog of model v1"):
        small.item(item)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused_whatever_is_asked(small: Recommender, k: int) -> None:
    for user in ("u0", "nobody"):
        with pytest.raises(QueryError, match=f"k is {k}; it must be at least 1"):
            small.recommend(user, ListRequest(k))
    with pytest.raises(QueryError, match=f"k is {k}; it must be at least 1"):
        small.similar_items("i0", ListRequest(k))


def test_ten_items_are_given_unless_told_otherwise(small: Recommender) -> None:
    assert len(small.recommend("u0").items) == 10
    assert len(small.similar_items("i0").items) == 10


def test_titles_and_records_are_those_of_the_catalog(small: Recommender, model: Model) -> None:
    assert all(item.title == f"Title {item.item_id[1:]}" for item in small.recommend("u0", ListRequest(50)).items)
    assert small.item("i7") == model.catalog[7]


def test_threads_that_share_a_recommender_get_the_same_answers(wide: Recommender) -> None:
    asked = [f"u{num}" for num in range(20)] * 10
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda user: wide.recommend(user, ListRequest(10)), asked))
    assert found == [wide.recommend(user, ListRequest(10)) for user in asked]


def test_the_withheld_diagonal_of_a_checkerboard_comes_first() -> None:
    """Factors that are the truth: user u likes the items of its own parity, and only i = u is unseen of these."""
    seen = factories.checkerboard(20)
    parity = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
    model = replace(
        factories.model(n_users=20, n_items=20, factors=2, text_dim=0),
        users=seen.users,
        histories=Histories.from_interactions(seen),
        user_factors=parity,
        items_for_user=ExactIndex(VectorTable.from_vectors(parity)),
        neighborhood=Neighborhood.empty(20),
    )
    recommender = Recommender(model, "v1")
    assert [ids(recommender.recommend(f"u{num}", ListRequest(1))) for num in range(20)] == [
        [f"i{num}"] for num in range(20)
    ]


def test_the_withheld_diagonal_of_a_checkerboard_is_found_by_neighbors_alone() -> None:
    """Factors that say the same of all: the items that others have in common with the history decide."""
    seen = factories.checkerboard(20)
    history = Histories.from_interactions(seen)
    together = (history.matrix().T @ history.matrix()).tocsr()
    model = replace(
        factories.model(n_users=20, n_items=20, factors=1, text_dim=0),
        users=seen.users,
        histories=history,
        user_factors=np.ones((20, 1), np.float32),
        items_for_user=ExactIndex(VectorTable.from_vectors(np.ones((20, 1), np.float32))),
        neighborhood=Neighborhood.from_matrices(together, 0 * together),
    )
    recommender = Recommender(model, "v1")
    assert [ids(recommender.recommend(f"u{num}", ListRequest(1))) for num in range(20)] == [
        [f"i{num}"] for num in range(20)
    ]


def test_what_was_seen_and_not_liked_is_never_recommended(model: Model) -> None:
    last, disliked = f"u{len(model.users) - 1}", f"i{len(model.catalog) - 2}"
    recommender = Recommender(model, "v")
    for exact in (False, True):
        found = {item.item_id for item in recommender.recommend(last, ListRequest(1000, exact=exact)).items}
        assert len(found) == len(model.catalog) - 4
        assert disliked not in found
    assert disliked in {
        item.item_id for item in recommender.recommend(last, ListRequest(1000, include_seen=True)).items
    }


def test_an_id_excluded_twice_leaves_as_many_items(model: Model) -> None:
    found = Recommender(model, "v").recommend("u0", ListRequest(1000, exclude=["i9", "i9"], include_seen=True))
    assert len(found.items) == len(model.catalog) - 1
