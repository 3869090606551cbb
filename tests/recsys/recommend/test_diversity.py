"""Maximal marginal relevance, against the formula by loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recsys.data.filters import Condition
from recsys.events.activity import Event
from recsys.index.exact import Neighbors
from recsys.model.model import Model
from recsys.recommend import diversity, recommender
from recsys.recommend.diversity import POOL, diversified
from recsys.recommend.ranking import Ranked
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.recsys.model.test_precomputed_lists import ids
from tests.support import factories

DIVERSITIES = [0.0, 0.1, 0.5, 0.9, 1.0]


def ranked(scores: NDArray[np.float32]) -> Ranked:
    """Items in the order of their numbers."""
    falling = np.sort(scores)[::-1].astype(np.float32)
    nums = np.arange(len(scores), dtype=np.int32)
    zeros = np.zeros_like(falling)
    return Ranked(Neighbors(nums, falling), falling, zeros, zeros, zeros)


def marginals(scores: list[float], likeness: list[list[float]], d: float, taken: list[int]) -> list[float]:
    """``(1 - d) rel_i - d max_j sim(i, j)`` of every item, a likeness below 0 counting as 0."""
    low, spread = min(scores), max(scores) - min(scores)
    relevance = [(score - low) / spread if spread else 0.0 for score in scores]
    return [
        (1 - d) * relevance[one] - d * max([0.0, *(likeness[one][other] for other in taken)])
        for one in range(len(scores))
    ]


@given(st.integers(0, 30), st.sampled_from(DIVERSITIES), st.integers(0, 35), st.integers(0, 10**6), st.booleans())
def test_each_item_is_that_of_the_largest_marginal_relevance(n: int, d: float, k: int, seed: int, equal: bool) -> None:
    random = np.random.default_rng(seed)
    made = ranked(np.ones(n) if equal else random.normal(size=n))
    rows = random.normal(size=(n, 3)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = diversified(made, rows, d, k).found
    order, scores = found.nums.tolist(), made.found.scores.tolist()
    assert found.scores.tolist() == [scores[num] for num in order]
    assert len(order) == len(set(order)) == min(k, n)
    likeness = (rows.astype(np.float64) @ rows.T).tolist()
    for place, num in enumerate(order):
        truth = marginals(scores, likeness, d, order[:place])
        left = set(range(n)) - set(order[:place])
        assert truth[num] == pytest.approx(max(truth[one] for one in left), abs=1e-5)
        if truth.count(truth[num]) > 1 and place == 0:
            assert num == min(one for one in left if truth[one] == truth[num])


def test_the_parts_go_with_their_items() -> None:
    falling = np.array([4, 3, 2], np.float32)
    zeros = np.zeros(3, np.float32)
    nums = np.array([5, 6, 7], np.int32)
    made = Ranked(Neighbors(nums, falling), falling - 1, np.ones(3, np.float32), zeros, zeros)
    rows = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    found = diversified(made, rows, 0.9, 3)
    assert found.found.nums.tolist() == [5, 7, 6]
    assert (found.found.scores.tolist(), found.collaborative.tolist()) == ([4, 2, 3], [3, 1, 2])


def test_behind_the_pool_items_stand_by_score() -> None:
    made = ranked(np.random.default_rng(0).normal(size=40))
    rows = factories.random_vectors(25, 3)
    for n in (10, 25, 26, 40, 99):
        order = diversified(made, rows, 0.7, n).found.nums.tolist()
        assert sorted(order[:25]) == sorted(set(order[:25]) & set(range(25)))
        assert order[25:] == list(range(25, min(n, 40)))


@pytest.fixture(scope="module")
def many() -> Recommender:
    """Five hundred items, more than a pool holds."""
    return Recommender(factories.model(8, 500, 6, 4), "v1")


def asked_of(asking: Recommender, how: str, asked: ListRequest) -> list[str]:
    if how == "guest":
        return ids(asking.recommend([Event("i7"), Event("i90")], asked))
    return ids(asking.recommend("u3", asked) if how == "user" else asking.similar_items("i3", asked))


@pytest.mark.parametrize("how", ["user", "guest", "item"])
@pytest.mark.parametrize("d", DIVERSITIES)
def test_a_longer_list_begins_with_the_shorter_one(many: Recommender, how: str, d: float) -> None:
    longest = asked_of(many, how, ListRequest(450, diversity=d))
    assert len(set(longest)) == 450
    for k in (1, 2, 10, 57, POOL - 1, POOL, POOL + 1, 300):
        assert asked_of(many, how, ListRequest(k, diversity=d)) == longest[:k]


@pytest.mark.parametrize("how", ["user", "guest", "item"])
def test_without_diversity_the_score_decides_and_the_best_always_comes_first(many: Recommender, how: str) -> None:
    by_score = asked_of(many, how, ListRequest(60))
    assert asked_of(many, how, ListRequest(60, diversity=0.0)) == by_score
    for d in DIVERSITIES[1:]:
        diverse = asked_of(many, how, ListRequest(60, diversity=d))
        assert diverse[0] == by_score[0]
        assert diverse != by_score


def alikeness(model: Model, found: list[str]) -> float:
    """The likeness of an item to the likest of those before it, on average."""
    nums = np.array([model.catalog.items.get(one) for one in found], np.int32)
    rows = model.items_like_item.table.rows(nums)
    return float(np.mean([(rows[:place] @ rows[place]).max() for place in range(1, len(rows))]))


@pytest.mark.parametrize("how", ["user", "guest", "item"])
def test_a_more_diverse_list_is_less_alike(many: Recommender, how: str) -> None:
    plain, diverse = (alikeness(many.model, asked_of(many, how, ListRequest(20, diversity=d))) for d in (0.0, 0.9))
    assert plain > diverse + 0.1


def test_a_diverse_list_is_of_the_eligible_items_and_comes_with_its_scores(many: Recommender) -> None:
    late = (Condition("year", ">=", (2400.0,)),)
    answer = many.recommend("u3", ListRequest(30, filters=late, diversity=0.8))
    plain = {item.item_id: item for item in many.recommend("u3", ListRequest(500, filters=late)).items}
    assert len(answer.items) == 30
    assert all(item == plain[item.item_id] for item in answer.items)


def test_control_with_a_pool_that_grows_pages_would_repeat(many: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool must not depend on the question."""
    monkeypatch.setattr(diversity, "POOL", 1)
    monkeypatch.setattr(recommender, "POOL", 1)
    monkeypatch.setattr(Recommender, "_page", growing)
    shorter = asked_of(many, "user", ListRequest(10, diversity=0.9))
    assert asked_of(many, "user", ListRequest(60, diversity=0.9))[:10] != shorter


def growing(self: Recommender, found: Ranked, asked: ListRequest, drop: set[int]) -> object:
    """Diversify what was found, however much that is."""
    rows = self.model.items_like_item.table.rows(found.found.nums)
    chosen = diversified(found, rows, asked.diversity, asked.k)
    return chosen, recommender.answer.Page(list(range(asked.k)), None)
