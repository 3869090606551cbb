"""The nearest items of each item, against dense computations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from tests.support import factories, tastes
from training.factors import neighbors

Matrix = NDArray[np.float64]


def likeness(pairs: Interactions, power: float) -> Matrix:
    """``S_ij = sum over users of both of n_u^-power / sqrt(n_i n_j)``, zeros on the diagonal."""
    liked = pairs.matrix().toarray().astype(np.float64) > 0
    per_user, per_item = liked.sum(axis=1), liked.sum(axis=0)
    found = np.zeros((liked.shape[1],) * 2)
    for i in range(len(found)):
        for j in range(len(found)):
            both = liked[:, i] & liked[:, j]
            if i != j and both.any():
                found[i, j] = (per_user[both] ** -power).sum() / np.sqrt(per_item[i] * per_item[j])
    return found


def scaled(matrix: Matrix) -> Matrix:
    """So that the nearest is 1 in the mean over the rows that have one."""
    nearest = matrix.max(axis=1)
    return matrix / nearest[nearest > 0].mean()


def cosines(texts: list[str]) -> Matrix:
    """Of damped tf-idf rows of all words, zeros on the diagonal."""
    words = sorted({word for text in texts for word in text.split()})
    counts = np.array([[text.split().count(word) for word in words] for text in texts], dtype=np.float64)
    idf = np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1
    rows = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    found = rows @ rows.T
    np.fill_diagonal(found, 0)
    return found


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_by_behavior_is_the_damped_cosine(power: float) -> None:
    pairs = tastes.tastes(cold=3)
    found = neighbors.by_behavior(pairs, 100, power, 0)
    assert (found.shape, found.dtype) == ((36, 36), np.float32)
    assert found.toarray() == pytest.approx(scaled(likeness(pairs, power)), abs=1e-6)
    assert found.max(axis=1).toarray()[:33].mean() == pytest.approx(1)
    assert not found[33:].nnz
    assert not found[:, 33:].nnz


def test_the_weights_of_the_interactions_do_not_count() -> None:
    pairs = tastes.tastes()
    heavy = Interactions(
        pairs.users, pairs.items, pairs.user_nums, pairs.item_nums, np.arange(1, 1 + len(pairs), dtype=np.float32)
    )
    one, other = (neighbors.by_behavior(of, 10, 0.5, 0) for of in (pairs, heavy))
    assert np.array_equal(one.toarray(), other.toarray())


def test_by_words_is_the_cosine_of_tf_idf() -> None:
    texts = ["a b c", "b c", "c d d", "a d", "e a b", "f"]
    found = neighbors.by_words(texts, 100)
    assert (found.shape, found.dtype) == ((6, 6), np.float32)
    assert found.toarray() == pytest.approx(scaled(cosines(texts)), abs=1e-6)
    assert not found[5].nnz  # nobody shares its word


@pytest.mark.parametrize("n", [1, 3, 7])
def test_only_the_nearest_are_kept(n: int) -> None:
    pairs = tastes.tastes(n_users=200, loyalty=0.6)
    whole = likeness(pairs, 0.5)
    found = neighbors.by_behavior(pairs, n, 0.5, 0)
    assert np.diff(found.indptr).tolist() == [n] * 36
    for row, (kept, every) in enumerate(zip(found.toarray(), scaled(whole), strict=True)):
        largest = np.sort(every)[::-1][:n]
        assert np.sort(kept)[::-1][:n] == pytest.approx(largest, abs=1e-6), row


def test_of_equal_ones_those_that_stand_first_are_kept() -> None:
    pairs = factories.interactions([("u", item) for item in "abcdef"])
    found = neighbors.by_behavior(pairs, 2, 0.5, 0)
    assert [row.nonzero()[0].tolist() for row in found.toarray()] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]
    same = neighbors.by_words(["same text"] * 5, 2)
    assert [row.nonzero()[0].tolist() for row in same.toarray()] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]
    assert same.data == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 5, 200])
def test_of_long_rows_the_largest_are_kept_in_steps_of_a_millionth(n: int) -> None:
    """Half of the values are equal but for their last bits, so that columns decide."""
    random = np.random.default_rng(0)
    values = np.where(random.random((3, 1003)) < 0.5, 0.75, random.random((3, 1003))).astype(np.float32)
    values = np.where(random.random(values.shape) < 0.5, values, np.nextafter(values, np.float32(1)))
    values[:, [7, 1002]] = 1  # the last is beyond the groups
    steps = np.rint(values / values.max(axis=1, keepdims=True) * neighbors.STEPS)
    expected = [sorted(np.argsort(-row, kind="stable")[:n].tolist()) for row in steps]
    found = neighbors._largest(sparse.csr_matrix(values), n)
    assert [found[row].indices.tolist() for row in range(3)] == expected


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", "one text", ""], ["one text"]])
def test_fewer_than_two_texts_bring_nobody(texts: list[str]) -> None:
    found = neighbors.by_words(texts, 5)
    assert found.shape == (len(texts), len(texts))
    assert found.nnz == 0


def test_an_item_without_text_has_no_neighbor_and_is_nobody_s() -> None:
    found = neighbors.by_words(["red green", "", "green blue", "!?", "red blue"], 5).toarray()
    assert not found[[1, 3]].any()
    assert not found[:, [1, 3]].any()
    assert (found > 0).sum(axis=1).tolist() == [2, 0, 2, 0, 2]


@pytest.mark.parametrize("pairs", [[("u", "a")], [("u", "a"), ("v", "b")]])
def test_items_that_share_no_user_have_no_neighbor(pairs: list[tuple[str, str]]) -> None:
    assert neighbors.by_behavior(factories.interactions(pairs, items=["cold"]), 5, 0.5, 0).nnz == 0


def test_an_item_is_left_out_of_its_neighbors_also_when_others_are_nearer_than_itself() -> None:
    busy = [(f"busy{user}", item) for user in range(12) for item in ("a", *(f"x{n}" for n in range(19)))]
    pairs = factories.interactions([("u", "a"), ("u", "b"), ("v", "a"), ("v", "c"), *busy])
    itself = (12 / 20 + 2 / 2) / 14  # of the formula, for "a" beside "a"
    assert (np.sort(likeness(pairs, 1.0)[0])[-2:] > itself).all()
    found = neighbors.by_behavior(pairs, 1, 1.0, 0)
    assert np.diff(found.indptr).tolist() == [1] * len(pairs.items)
    assert found[0].indices.tolist() == [1]


def purity(found: sparse.csr_matrix) -> float:
    """Share of the neighbors that have the taste of the item."""
    rows, columns = found.nonzero()
    return float((rows % 3 == columns % 3).mean())


def test_bounded_work_leaves_out_interactions_of_the_busiest_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three users saw everything; the others, who tell the tastes, keep what they saw."""
    calm = tastes.tastes(n_users=90, per_user=6, loyalty=1.0)
    pairs = [(calm.users.id(u), calm.items.id(i)) for u, i in zip(calm.user_nums, calm.item_nums, strict=True)]
    pairs += [(f"busy{user}", f"i{item:03}") for user in range(3) for item in range(36)]
    data = factories.interactions(pairs, items=list(calm.items))
    whole = neighbors.by_behavior(data, 5, 0.0, 0)
    most = 90 * 6**2 + 3 * 10**2
    monkeypatch.setattr(neighbors, "PRODUCTS", 0)
    monkeypatch.setattr(neighbors, "PRODUCTS_PER_PAIR", most / len(data))
    one, same, other = (neighbors.by_behavior(data, 5, 0.0, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.toarray(), same.toarray())
    assert not np.array_equal(one.toarray(), other.toarray())
    assert purity(one) > 0.9
    assert purity(one) >= purity(whole) - 0.05
    kept = neighbors._bounded(data, 1)
    counts = np.bincount(data.user_nums[kept])
    assert (counts[:90] == 6).all()
    assert (counts**2).sum() <= most
    assert counts[90:].tolist() == [counts[90]] * 3
    assert counts[90] >= 9


def test_bounded_work_leaves_out_the_most_frequent_words(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text} the of" for text in tastes.texts(48)]
    monkeypatch.setattr(neighbors, "WORD_PRODUCTS", 48**2 - 1 + 36 * 8**2)  # not for one word of every text
    one, same = (neighbors.by_words(texts, 5) for _ in range(2))
    assert np.array_equal(one.toarray(), same.toarray())
    assert purity(one) == 1.0
    assert np.diff(one.indptr).tolist() == [5] * 48
    monkeypatch.setattr(neighbors, "WORD_PRODUCTS", 0)
    assert neighbors.by_words(texts, 5).nnz == 0


def test_the_prior_is_the_weighted_mean_of_the_factors_of_likest_items_that_have_some() -> None:
    likest = sparse.csr_matrix(np.array([[0, 3, 1, 0], [2, 0, 0, 0], [0, 0, 0, 5], [1, 1, 2, 0]], dtype=np.float32))
    factors = np.array([[1, 0], [0, 4], [2, 2], [0, 0]], dtype=np.float32)
    found = neighbors.factor_prior(likest, factors, np.array([7, 1, 2, 0]))
    assert found.dtype == np.float32
    expected = [[0.5, 3.5], [1, 0], [0, 0], [5 / 4, 2]]  # the only likest item of the third one is cold
    assert found == pytest.approx(np.array(expected))


def test_the_prior_looks_at_the_likest_ones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "PRIOR_NEIGHBORS", 2)
    likest = sparse.csr_matrix(np.array([[0, 3, 1, 2], *[[0] * 4] * 3], dtype=np.float32))
    factors = np.array([[9, 9], [5, 0], [0, 8], [0, 5]], dtype=np.float32)
    assert neighbors.factor_prior(likest, factors, np.ones(4, dtype=int))[0] == pytest.approx([3, 2])
    cold_first = neighbors.factor_prior(likest, factors, np.array([1, 0, 1, 1]))[0]
    assert cold_first == pytest.approx([0, 6])  # a cold item takes no place of a warm one


def test_the_last_bit_of_a_value_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of values that are equal but for rounding, the first is kept on every processor."""
    monkeypatch.setattr(neighbors, "PRIOR_NEIGHBORS", 1)
    more = np.nextafter(np.float32(0.3), np.float32(1))
    likest = sparse.csr_matrix(np.array([[0, 0.3, more], [0, 0, 0], [more, 0.3, 0]], dtype=np.float32))
    factors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    found = neighbors.factor_prior(likest, factors, np.ones(3, dtype=int))
    assert found == pytest.approx(np.array([[0, 1], [0, 0], [1, 0]]))


def test_no_neighbors() -> None:
    found = neighbors.no_neighbors(4)
    assert (found.shape, found.nnz, found.dtype) == ((4, 4), 0, np.float32)
    assert not neighbors.factor_prior(found, factories.random_vectors(4, 3), np.ones(4, dtype=int)).any()
