"""The lists of all users and items, against brute force and one exact answer after another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.bundle.store import Store
from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.index import block_scan
from recsys.index.exact import ExactIndex, VectorTable
from recsys.model.model import Model
from recsys.model.precomputed_lists import ItemLists, Lists, UserLists
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories, score_oracle
from tests.support.parts import arrays
from tests.support.sample import small
from training import pipeline
from training.indexes import precompute_lists
from training.run import TrainingRun

BAREST = {"text_dim": 0, "n_neighbors": 0}


def config(lists: int, gflop: float = 1e3) -> IndexConfig:
    return IndexConfig(lists=lists, lists_gflop=gflop)


def same(one: Lists, other: Lists) -> bool:
    others = arrays(other)
    return all(np.array_equal(array, others[name]) for name, array in arrays(one).items())


def rows_of(lists: Lists, row: int) -> list[tuple[int, float, float]]:
    """The items of one list with scores and the parts that behavior makes."""
    columns = (lists.nums[row].tolist(), lists.scores[row].tolist(), lists.collaborative[row].tolist())
    return [one for one in zip(*columns, strict=True) if one[0] >= 0]


@pytest.mark.parametrize("annoy", [False, True])
@pytest.mark.parametrize("length", [1, 7, 60])
def test_lists_hold_the_best_items_by_brute_force(annoy: bool, length: int) -> None:
    """Also where a forest serves, and where fewer than `length` items are left."""
    model = precompute_lists.with_lists(factories.model(annoy=annoy), config(length))
    assert (model.need(UserLists).length, model.need(ItemLists).length) == (min(length, 50),) * 2
    for user in range(30):
        parts, found = score_oracle.parts(model, user), rows_of(model.need(UserLists), user)
        truth = [sum(both) for both in parts]
        best = score_oracle.best(truth, score_oracle.seen(model, user), length)
        assert len(found) == len(best)
        assert [score for _, score, _ in found] == pytest.approx([truth[num] for num in best], abs=1e-4)
        for num, score, behavior in found:
            assert (score, behavior) == pytest.approx((truth[num], parts[num][0]), abs=1e-4)
    rows = model.items_like_item.table.rows(np.arange(50, dtype=np.int32)).astype(np.float64)
    for item in range(50):
        truth, found = (rows @ rows[item]).tolist(), rows_of(model.need(ItemLists), item)
        best = score_oracle.best(truth, {item}, length)
        assert [score for _, score, _ in found] == pytest.approx([truth[num] for num in best], abs=1e-5)
        for num, _, behavior in found:
            assert behavior == pytest.approx(float(rows[num, :4] @ rows[item, :4]), abs=1e-5)


@pytest.mark.parametrize("shape", [{}, BAREST, {"annoy": True}, {"n_users": 200, "n_items": 300, "factors": 33}])
def test_lists_are_those_of_one_exact_answer_after_another(shape: dict[str, int]) -> None:
    """Every digit of every score."""
    model = factories.model(**shape)
    made, expected = precompute_lists.with_lists(model, config(20)), factories.listed(model, 20)
    assert same(made.need(UserLists), expected.need(UserLists))
    assert same(made.need(ItemLists), expected.need(ItemLists))


@pytest.mark.parametrize(("kinds", "of_each"), [(25, 4), (3, 35)])
def test_items_that_are_the_same_stand_in_the_order_of_their_numbers(kinds: int, of_each: int) -> None:
    """Though in a product of whole matrices equal rows come out unequal in the last digit."""
    twins = ExactIndex(VectorTable.from_vectors(np.tile(factories.random_vectors(kinds, 37), (of_each, 1))))
    model = factories.model(30, kinds * of_each, 37, 0, n_neighbors=0)
    model = replace(model, items_for_user=twins, items_like_item=twins)
    made, expected = precompute_lists.with_lists(model, config(30)), factories.listed(model, 30)
    assert same(made.need(UserLists), expected.need(UserLists))
    assert same(made.need(ItemLists), expected.need(ItemLists))


def test_products_that_are_off_in_the_last_digit_change_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """They only say which items are ranked."""
    twins = ExactIndex(VectorTable.from_vectors(np.tile(factories.random_vectors(25, 8), (4, 1))))
    model = replace(factories.model(30, 100, 8, 0, n_neighbors=0), items_for_user=twins, items_like_item=twins)
    expected, random = factories.listed(model, 10), np.random.default_rng(0)
    whole = block_scan.products
    monkeypatch.setattr(block_scan, "products", lambda *of: _off(whole(*of), random))
    made = precompute_lists.with_lists(model, config(10))
    assert same(made.need(UserLists), expected.need(UserLists))
    assert same(made.need(ItemLists), expected.need(ItemLists))


def _off(scores: Vectors, random: np.random.Generator) -> Vectors:
    return np.asarray(scores * random.normal(1, 2e-7, scores.shape), dtype=np.float32)


def test_blocks_of_any_size_give_the_same_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = precompute_lists.with_lists(factories.model(), config(9))
    for size in (3, 1):
        monkeypatch.setattr(precompute_lists, "BLOCK", size)
        assert same(precompute_lists.with_lists(factories.model(), config(9)).need(ItemLists), whole.need(ItemLists))


def test_nobody_without_a_vector_has_a_list() -> None:
    model = factories.model(**BAREST)
    factors = model.user_factors.copy()
    factors[4] = 0
    made = precompute_lists.with_lists(replace(model, user_factors=factors), config(9))
    assert rows_of(made.need(UserLists), 4) == []
    assert len(rows_of(made.need(UserLists), 5)) == 9
    assert rows_of(made.need(ItemLists), 49) == []  # the last item has no factors
    assert len(rows_of(made.need(ItemLists), 5)) == 9


@pytest.mark.parametrize(("n_users", "n_items"), [(1, 1), (3, 3), (2, 4)])
def test_a_model_of_next_to_nothing_has_lists_of_what_is_left(n_users: int, n_items: int) -> None:
    made = precompute_lists.with_lists(factories.model(n_users, n_items), config(100))
    assert made.need(UserLists).length == n_items
    for user in range(n_users):
        nums = {num for num, *_ in rows_of(made.need(UserLists), user)}
        assert nums == set(range(n_items)) - score_oracle.seen(made, user)
    for item in range(n_items - 1):
        assert {num for num, *_ in rows_of(made.need(ItemLists), item)} == set(range(n_items)) - {item}


def test_what_lists_cost_is_a_product_of_all_with_all_items() -> None:
    model = factories.model(30, 50, 4, 3)
    assert precompute_lists.gflop(model) == pytest.approx((30 * 50 + 50 * 50) * 7 * 2 / 1e9)


def test_lists_that_would_cost_too_much_or_are_not_wanted_are_not_made() -> None:
    model = factories.model()
    cost = precompute_lists.gflop(model)
    assert precompute_lists.with_lists(model, config(9, 1.01 * cost)).need(UserLists).length == 9
    for off in (config(9, 0.99 * cost), config(0), config(9, 0)):
        told: list[int] = []
        made = precompute_lists.with_lists(model, off, told.append)
        assert (made.extra(UserLists), made.extra(ItemLists), told) == (None, None, [])


def test_every_list_is_told() -> None:
    told: list[int] = []
    precompute_lists.with_lists(factories.model(), config(9), told.append)
    assert sum(told) == 80


@pytest.fixture(scope="module")
def trained(some_users: Path) -> TrainingRun:
    index = {"n_trees": 20, "recall": 0.8, "queries": 50, "kind": "annoy", "lists": 20}
    return pipeline.train(small(some_users, index=index, evaluate={"gate": False}), Stages(quiet=True))


def without_lists(model: Model) -> Model:
    exact = {name: ExactIndex(getattr(model, name).table) for name in ("items_for_user", "items_like_item")}
    return replace(model.without(UserLists, ItemLists), **exact)


def test_a_trained_model_answers_by_its_lists_as_without(trained: TrainingRun, tmp_path: Path) -> None:
    """Also after it was published and opened."""
    store = Store(tmp_path / "store")
    store.publish(trained.model, trained.header, factories.NOON)
    opened = store.load().model
    assert (opened.need(UserLists).length, opened.need(ItemLists).length) == (20, 20)
    fast, slow = Recommender(opened, "v1"), Recommender(without_lists(trained.model), "v1")
    for asked in (ListRequest(10), ListRequest(7, offset=9), ListRequest(10, offset=15)):
        for user in trained.model.users:
            assert fast.recommend(user, asked) == slow.recommend(user, asked)
        for item in trained.model.catalog.items:
            assert fast.similar_items(item, asked) == slow.similar_items(item, asked)


def test_the_reasons_of_a_trained_model_add_up_to_its_scores(trained: TrainingRun) -> None:
    """The users of the training have the factors of their history, so nothing is estimated."""
    asking = Recommender(trained.model, "v1", trained.header.events)
    asked, most = ListRequest(10, explain=True), 0
    for user in trained.model.users:
        for item in asking.recommend(user, asked).items:
            assert item.reason is not None
            about = pytest.approx(item.score, rel=1e-5, abs=1e-5)
            assert item.reason.collaborative + item.reason.content == about
            assert sum(cause.score for cause in item.reason.because) + item.reason.others == about
            most = max(most, len(item.reason.because))
    assert most == 5
