"""One contract for every vector index, and the exact index against a loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.vectors import Vectors, unit_rows
from recsys.errors import BundleError, QueryError
from recsys.index import exact as index
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import FIRST_BLOCK, ExactIndex, Neighbors, VectorIndex, VectorTable
from recsys.index.grown import GrownForest, GrownTable
from recsys.score_order import UNIT
from tests.support import factories
from tests.support.parts import arrays, opened

SIZE, DIM = 3000, 8
Build = Callable[[VectorTable, Path], VectorIndex]


def exact(table: VectorTable, _: Path) -> VectorIndex:
    return ExactIndex(table)


def forest(table: VectorTable, _: Path) -> VectorIndex:
    return AnnoyVectorIndex.build(table, 10, 0)


def shallow_forest(table: VectorTable, _: Path) -> VectorIndex:
    return AnnoyVectorIndex.build(table, 1, 0).with_search_k(1)


def opened_forest(table: VectorTable, folder: Path) -> VectorIndex:
    AnnoyVectorIndex.build(table, 10, 0).save(folder / "forest.ann")
    return AnnoyVectorIndex.open(table, folder / "forest.ann", 100)


def grown_scan(table: VectorTable, _: Path) -> VectorIndex:
    return ExactIndex(grown(table))


def grown_forest(table: VectorTable, _: Path) -> VectorIndex:
    both = grown(table)
    assert both.trained is not None
    return GrownForest(AnnoyVectorIndex.build(both.trained, 10, 0), both)


def grown(table: VectorTable) -> GrownTable:
    """The same rows, of which the last third came later."""
    vectors = table.rows(np.arange(len(table)))
    n = len(table) - len(table) // 3
    return GrownTable.of(VectorTable.from_vectors(vectors[:n]), vectors[n:])


EVERY_INDEX = pytest.mark.parametrize("build", [exact, forest, shallow_forest, opened_forest, grown_scan, grown_forest])


def uneven_vectors(n: int = SIZE, dim: int = DIM, seed: int = 0, spread: float = 1.0) -> Vectors:
    """Random directions with lengths that differ by orders of magnitude."""
    random = np.random.default_rng(seed)
    lengths = random.lognormal(sigma=spread, size=(n, 1))
    return (random.normal(size=(n, dim)) * lengths).astype(np.float32)


def products(vectors: Vectors, query: Vectors) -> list[float]:
    """The oracle: one inner product after another, in double precision."""
    return [float(np.dot(vector.astype(np.float64), query.astype(np.float64))) for vector in vectors]


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return uneven_vectors()


@EVERY_INDEX
class TestContract:
    @pytest.mark.parametrize("k", [1, 10, 200, SIZE - 1, SIZE, SIZE + 1, 10**12])
    def test_as_many_as_asked_for_and_no_row_twice(
        self, build: Build, k: int, vectors: Vectors, tmp_path: Path
    ) -> None:
        index = build(VectorTable.from_vectors(vectors), tmp_path)
        found = index.query(factories.random_vectors(1, DIM, 5)[0], k)
        assert len(index) == SIZE
        assert len(found) == min(k, SIZE)
        assert len(set(found.nums.tolist())) == len(found)
        assert set(found.nums.tolist()) <= set(range(SIZE))

    def test_scores_are_inner_products_and_fall(self, build: Build, vectors: Vectors, tmp_path: Path) -> None:
        index = build(VectorTable.from_vectors(vectors), tmp_path)
        for query in factories.random_vectors(20, DIM, 6):
            found = index.query(query, 50)
            truth = products(vectors, query)
            assert found.scores.tolist() == pytest.approx([truth[num] for num in found.nums], rel=1e-4, abs=1e-4)
            assert bool(np.all(found.scores[1:] <= found.scores[:-1]))
            assert (found.nums.dtype, found.scores.dtype) == (np.int32, np.float32)

    def test_a_row_of_length_one_is_nearest_to_itself(self, build: Build, vectors: Vectors, tmp_path: Path) -> None:
        units = unit_rows(vectors)
        index = build(VectorTable.from_vectors(units), tmp_path)
        assert [index.query(units[num], 1).nums.tolist() for num in range(0, SIZE, 100)] == [
            [num] for num in range(0, SIZE, 100)
        ]

    @pytest.mark.parametrize("shape", [(DIM - 1,), (DIM + 1,), (0,), (1, DIM), ()])
    def test_another_dimension_is_refused(
        self, build: Build, shape: tuple[int, ...], vectors: Vectors, tmp_path: Path
    ) -> None:
        index = build(VectorTable.from_vectors(vectors[:20]), tmp_path)
        with pytest.raises(QueryError, match=r"query vector of shape \(.*\); the index has dimension 8"):
            index.query(np.ones(shape, np.float32), 3)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_number_that_is_not_finite_is_refused(
        self, build: Build, bad: float, vectors: Vectors, tmp_path: Path
    ) -> None:
        index = build(VectorTable.from_vectors(vectors[:20]), tmp_path)
        query = np.ones(DIM, np.float32)
        query[3] = bad
        with pytest.raises(QueryError, match="query vector holds a number that is not finite"):
            index.query(query, 3)

    @pytest.mark.parametrize("k", [0, -1])
    def test_k_below_one_is_refused(self, build: Build, k: int, vectors: Vectors, tmp_path: Path) -> None:
        index = build(VectorTable.from_vectors(vectors[:20]), tmp_path)
        with pytest.raises(QueryError, match=f"k is {k}; it must be at least 1"):
            index.query(np.ones(DIM, np.float32), k)

    def test_a_query_of_zeros_gives_the_first_rows_with_score_zero(
        self, build: Build, vectors: Vectors, tmp_path: Path
    ) -> None:
        found = build(VectorTable.from_vectors(vectors), tmp_path).query(np.zeros(DIM, np.float32), 7)
        assert found.nums.tolist() == list(range(7))
        assert found.scores.tolist() == [0.0] * 7

    def test_equal_scores_stand_in_the_order_of_numbers(self, build: Build, tmp_path: Path) -> None:
        vectors = np.tile(np.eye(3, dtype=np.float32), (700, 1))
        found = build(VectorTable.from_vectors(vectors), tmp_path).query(np.array([0, 1, 2], np.float32), 40)
        ranked = sorted(zip((-found.scores).tolist(), found.nums.tolist(), strict=True))
        assert [num for _, num in ranked] == found.nums.tolist()

    def test_rows_without_length_are_found_too(self, build: Build, tmp_path: Path) -> None:
        vectors = np.zeros((5, DIM), np.float32)
        vectors[3] = 1
        found = build(VectorTable.from_vectors(vectors), tmp_path).query(np.ones(DIM, np.float32), 5)
        assert found.nums.tolist() == [3, 0, 1, 2, 4]

    def test_one_row_is_an_index_too(self, build: Build, tmp_path: Path) -> None:
        found = build(VectorTable.from_vectors(np.ones((1, DIM), np.float32)), tmp_path).query(
            -np.ones(DIM, np.float32), 3
        )
        assert (found.nums.tolist(), found.scores.tolist()) == ([0], [-8.0])

    def test_a_query_changes_nothing(self, build: Build, vectors: Vectors, tmp_path: Path) -> None:
        index = build(VectorTable.from_vectors(vectors), tmp_path)
        query = factories.random_vectors(1, DIM, 7)[0]
        before = query.copy()
        first, second = index.query(query, 20), index.query(query, 20)
        assert np.array_equal(query, before)
        assert np.array_equal(first.nums, second.nums)
        assert np.array_equal(first.scores, second.scores)


@given(
    n=st.integers(1, 4 * FIRST_BLOCK),
    dim=st.integers(1, 6),
    k=st.integers(1, 50),
    spread=st.sampled_from([0.0, 0.1, 1.0, 3.0]),
    n_long=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_exact_index_agrees_with_a_loop(n: int, dim: int, k: int, spread: float, n_long: int, seed: int) -> None:
    vectors, query = uneven_vectors(n, dim, seed, spread), factories.random_vectors(1, dim, seed)[0]
    vectors[-n_long or n :] *= 100
    found = ExactIndex(VectorTable.from_vectors(vectors)).query(query, k)
    truth = products(vectors, query)
    best = sorted(truth, reverse=True)[: min(k, n)]
    slack = UNIT + 1e-5 * float(np.linalg.norm(query) * np.linalg.norm(vectors, axis=1).max())
    assert found.scores.tolist() == pytest.approx(best, abs=slack)
    assert [truth[num] for num in found.nums] == pytest.approx(best, abs=slack)


@given(
    n=st.integers(1, 3 * FIRST_BLOCK),
    k=st.integers(1, 40),
    largest=st.integers(0, 3),
    share=st.sampled_from([None, 0.0, 0.05, 0.6, 1.0]),
    n_skipped=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_exact_index_gives_the_lowest_numbers_of_equal_scores(
    n: int, k: int, largest: int, share: float | None, n_skipped: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = random.integers(-largest, largest + 1, size=(n, 3)).astype(np.float32)  # products of them are exact
    query = random.integers(-2, 3, size=3).astype(np.float32)
    eligible = None if share is None else random.random(n) < share
    skip = random.permutation(n)[:n_skipped].astype(np.int32)
    found = ExactIndex(VectorTable.from_vectors(vectors)).query(query, k, skip, eligible)
    scores = products(vectors, query)
    left = (num for num in range(n) if num not in skip and (eligible is None or eligible[num]))
    oracle = sorted((-int(scores[num]), num) for num in left)[:k]
    assert [(-int(score), num) for score, num in zip(found.scores, found.nums, strict=True)] == oracle


def test_a_short_row_that_ties_with_long_ones_is_not_lost_to_the_early_stop() -> None:
    vectors = np.array([[1, 0]] + [[1, 5]] * (2 * FIRST_BLOCK), np.float32)
    assert ExactIndex(VectorTable.from_vectors(vectors)).query(np.array([1, 0], np.float32), 1).nums.tolist() == [0]


def test_a_scan_stops_when_no_shorter_row_can_enter() -> None:
    vectors = factories.random_vectors(10 * FIRST_BLOCK, DIM) / 1000
    vectors[77] = 10
    found, looked_at = VectorTable.from_vectors(vectors).scan(np.ones(DIM, np.float32), 1)
    assert (found.tolist(), looked_at) == ([77], FIRST_BLOCK)


def test_one_long_row_does_not_end_the_search_for_the_others() -> None:
    vectors = factories.random_vectors(10 * FIRST_BLOCK, DIM) / 1000
    vectors[77] = 10
    query = np.ones(DIM, np.float32)
    truth = products(vectors, query)
    best = sorted(range(len(vectors)), key=lambda num: -truth[num])[:5]
    assert ExactIndex(VectorTable.from_vectors(vectors)).query(query, 5).nums.tolist() == best


def test_a_scan_looks_at_every_row_when_all_could_enter() -> None:
    vectors = np.tile(np.eye(2, dtype=np.float32), (3 * FIRST_BLOCK, 1))
    _, looked_at = VectorTable.from_vectors(vectors).scan(np.ones(2, np.float32), 1)
    assert looked_at == len(vectors)


def test_a_table_keeps_the_numbers_of_its_rows(vectors: Vectors) -> None:
    table = VectorTable.from_vectors(vectors)
    assert bool(np.all(np.diff(table.norms) <= 0))
    nums = np.array([5, 0, SIZE - 1, 5], np.int32)
    assert np.array_equal(table.rows(nums), vectors[nums])
    assert np.array_equal(table.vectors, vectors[table.order])
    assert (len(table), table.dim) == vectors.shape


def test_a_table_comes_back_from_its_arrays(vectors: Vectors) -> None:
    again = opened(VectorTable, arrays(VectorTable.from_vectors(vectors)))
    assert np.array_equal(again.rows(np.arange(SIZE, dtype=np.int32)), vectors)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("vectors", np.zeros((2, 2), np.float32)),
        ("vectors", np.zeros((3, 2), np.float64)),
        ("order", np.array([0, 1, 1], np.int32)),
        ("order", np.array([0, 1, 3], np.int32)),
        ("order", np.array([0, 1, 2], np.int64)),
        ("order", np.array([0, 1], np.int32)),
        ("positions", np.array([1, 0, 2], np.int32)),
        ("positions", np.array([0, 1], np.int32)),
        ("norms", np.zeros(2, np.float32)),
        ("norms", np.zeros(3, np.float64)),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(name: str, array: np.ndarray) -> None:
    changed = {**arrays(VectorTable.from_vectors(np.zeros((3, 2), np.float32))), name: array}
    with pytest.raises(BundleError, match="index: the arrays do not fit together"):
        opened(VectorTable, changed)


def neighbors(nums: list[int], scores: list[float]) -> Neighbors:
    return Neighbors(np.array(nums, np.int32), np.array(scores, np.float32))


@pytest.mark.parametrize(("nums", "scores"), [([1, 2], [1.0]), ([1, 2], [1.0, 2.0])])
def test_neighbors_that_do_not_fall_or_fit_are_refused(nums: list[int], scores: list[float]) -> None:
    with pytest.raises(QueryError, match="numbers and scores differ in length, or the scores do not fall"):
        neighbors(nums, scores)


def test_neighbors_without_some() -> None:
    left = neighbors([4, 2, 9, 7], [4, 3, 2, 1]).without(np.array([2, 8], np.int32), 2)
    assert (left.nums.tolist(), left.scores.tolist()) == ([4, 9], [4.0, 2.0])
    assert len(left.without(np.array([4, 9], np.int32), 5)) == 0


@pytest.mark.parametrize("dim", [3, 37, 64])
def test_equal_rows_have_equal_scores_and_stand_in_the_order_of_their_numbers(dim: int) -> None:
    """Whatever the length of the answer, though BLAS gives equal rows unequal products in the last digit."""
    table = VectorTable.from_vectors(np.tile(factories.random_vectors(40, dim), (9, 1)))
    query = factories.random_vectors(1, dim, seed=5)[0]
    whole = ExactIndex(table).query(query, 360)
    for start in range(0, 360, 9):  # nine of each
        assert whole.nums[start : start + 9].tolist() == sorted(whole.nums[start : start + 9].tolist())
        assert len(set(whole.scores[start : start + 9].tolist())) == 1
    for k in (1, 2, 3, 10, 31, 100, 359):
        found = ExactIndex(table).query(query, k)
        assert found.nums.tolist() == whole.nums[:k].tolist()
        assert found.scores.tolist() == whole.scores[:k].tolist()


@pytest.mark.parametrize("n", [5, 7, 1023, 1027])
def test_of_rows_that_are_all_the_same_the_first_numbers_are_the_best(n: int) -> None:
    table = VectorTable.from_vectors(np.tile(factories.random_vectors(1, 37), (n, 1)))
    for query in factories.random_vectors(40, 37, seed=1):
        assert ExactIndex(table).query(query, 3).nums.tolist() == [0, 1, 2]


def test_a_product_does_not_depend_on_the_rows_beside_it() -> None:
    row, vector = factories.random_vectors(2, 53)
    alone = index.products(row[None], vector)[0]
    assert alone == pytest.approx(float(row.astype(np.float64) @ vector), rel=1e-5)
    for n in (2, 3, 7, 100):
        assert set(index.products(np.tile(row, (n, 1)), vector).tolist()) == {alone}
    assert index.products(np.empty((0, 53), np.float32), vector).shape == (0,)
    assert index.products(np.empty((4, 0), np.float32), vector[:0]).tolist() == [0, 0, 0, 0]
