"""What only the approximate index promises; the contract of all indexes is in test_index.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys.errors import BundleError, StoreError
from recsys.index.annoy import AnnoyVectorIndex, augmented
from recsys.index.exact import ExactIndex, VectorTable
from tests.support import factories

SIZE, DIM = 5000, 32


@pytest.fixture(scope="module")
def table() -> VectorTable:
    """Vectors whose lengths differ, so that the inner product is not the angle."""
    lengths = np.random.default_rng(1).lognormal(sigma=0.5, size=(SIZE, 1)).astype(np.float32)
    return VectorTable.from_vectors(factories.random_vectors(SIZE, DIM) * lengths)


@pytest.fixture(scope="module")
def forest(table: VectorTable) -> AnnoyVectorIndex:
    return AnnoyVectorIndex.build(table, 20, 3)


def recall(index: AnnoyVectorIndex, k: int = 10) -> float:
    """Share of the exact answer that the forest finds, by the oracle of all inner products."""
    found = 0
    queries = factories.random_vectors(100, DIM, 9)
    rows = index.table.rows(np.arange(len(index), dtype=np.int32))
    for query in queries:
        truth = set(np.argsort(-(rows @ query))[:k].tolist())
        found += len(truth & set(index.query(query, k).nums.tolist()))
    return found / (k * len(queries))


def test_recall_is_high_with_a_large_search_k(forest: AnnoyVectorIndex) -> None:
    assert recall(forest.with_search_k(3000)) > 0.9


def test_a_deeper_search_finds_more(forest: AnnoyVectorIndex) -> None:
    shallow, middle, deep = (recall(forest.with_search_k(search_k)) for search_k in (50, 500, 3000))
    assert shallow < middle < deep


def test_a_search_of_everything_is_exact(forest: AnnoyVectorIndex) -> None:
    assert recall(forest.with_search_k(SIZE)) == 1.0


def test_with_search_k_leaves_the_first_as_it_was(forest: AnnoyVectorIndex) -> None:
    before = forest.search_k
    assert forest.with_search_k(7).search_k == 7
    assert forest.search_k == before


@pytest.mark.parametrize("k", [SIZE // 2 - 10, SIZE - 1, SIZE])
def test_an_answer_that_needs_a_search_of_everything_is_exact(forest: AnnoyVectorIndex, k: int) -> None:
    query = factories.random_vectors(1, DIM, 11)[0]
    found, truth = forest.with_search_k(1).query(query, k), ExactIndex(forest.table).query(query, k)
    assert np.array_equal(found.nums, truth.nums)
    assert np.array_equal(found.scores, truth.scores)


def test_a_forest_that_finds_too_few_is_filled_up_exactly() -> None:
    table = VectorTable.from_vectors(factories.random_vectors(2000, 1))  # every tree has the same few rows in its leaf
    forest = AnnoyVectorIndex.build(table, 10, 0).with_search_k(1)
    query = np.array([0.5], np.float32)
    assert len(forest.forest.get_nns_by_vector([0.5, 0.0], 20, search_k=40)) < 10
    found = forest.query(query, 10)
    assert np.array_equal(found.nums, ExactIndex(table).query(query, 10).nums)


def test_all_augmented_vectors_have_the_length_of_the_longest(table: VectorTable) -> None:
    rows = augmented(table)
    assert rows.shape == (SIZE, DIM + 1)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.full(SIZE, table.norms.max()), rel=1e-5)
    assert np.array_equal(rows[:, :-1], table.vectors)


def test_augmentation_keeps_the_order_of_inner_products(table: VectorTable) -> None:
    query = factories.random_vectors(1, DIM, 12)[0]
    rows = augmented(table).astype(np.float64)
    cosines = rows @ np.append(query, 0) / np.linalg.norm(rows, axis=1)
    by_angle, by_product = np.argsort(-cosines), np.argsort(-(table.vectors @ query))
    assert by_angle[:20].tolist() == by_product[:20].tolist()


def test_the_same_seed_gives_the_same_bytes(table: VectorTable, tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        AnnoyVectorIndex.build(table, 5, seed).save(tmp_path / name)
    one, two, other = ((tmp_path / name).read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_a_saved_forest_answers_as_before(forest: AnnoyVectorIndex, tmp_path: Path) -> None:
    built = AnnoyVectorIndex.build(forest.table, 20, 3)
    queries = factories.random_vectors(20, DIM, 10)
    before = [built.query(query, 10) for query in queries]
    built.save(tmp_path / "forest.ann")
    opened = AnnoyVectorIndex.open(forest.table, tmp_path / "forest.ann", built.search_k)
    for query, wanted in zip(queries, before, strict=True):
        found = opened.query(query, 10)
        assert np.array_equal(found.nums, wanted.nums)
        assert np.array_equal(found.scores, wanted.scores)


@pytest.mark.parametrize("n", [1, SIZE - 1, SIZE + 1])
def test_a_forest_of_another_item_count_is_refused(n: int, tmp_path: Path) -> None:
    few = VectorTable.from_vectors(factories.random_vectors(SIZE, 4))
    AnnoyVectorIndex.build(few, 1, 0).save(tmp_path / "forest.ann")
    other = VectorTable.from_vectors(factories.random_vectors(n, 4))
    with pytest.raises(BundleError, match=rf"forest\.ann: {SIZE} items where {n} are expected"):
        AnnoyVectorIndex.open(other, tmp_path / "forest.ann", 10)


@pytest.mark.parametrize("content", [None, b"", b"not a forest"])
def test_what_is_no_forest_is_refused(content: bytes | None, table: VectorTable, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "forest.ann").write_bytes(content)
    with pytest.raises(BundleError, match=r"forest\.ann: annoy cannot open it"):
        AnnoyVectorIndex.open(table, tmp_path / "forest.ann", 10)


def test_a_folder_that_is_not_there_is_told(table: VectorTable, tmp_path: Path) -> None:
    built = AnnoyVectorIndex.build(table, 1, 0)
    with pytest.raises(StoreError, match=r"annoy cannot write it: .* the disk may be full"):
        built.save(tmp_path / "missing" / "forest.ann")
