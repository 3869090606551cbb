from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from recsys.errors import BundleError
from recsys.model.neighborhood import Neighborhood
from tests.support import factories
from tests.support.parts import arrays, matrices_of, opened

SMALL: dict[str, NDArray[Any]] = {
    "indptr": np.array([0, 2, 2, 3], np.int64),
    "item_nums": np.array([0, 2, 1], np.int32),
    "collaborative": np.array([1, 0, 3], np.float32),
    "content": np.array([0, 2, 0.5], np.float32),
}
LARGEST = np.iinfo(np.int64).max

Dense = dict[tuple[int, int], float]


@st.composite
def matrices(draw: st.DrawFn) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Two matrices of one size; rows in any order, some without entries, some entries a stored zero."""
    n_items = draw(st.integers(1, 7))
    place = st.tuples(st.integers(0, n_items - 1), st.integers(0, n_items - 1))
    cells = st.dictionaries(place, st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]))
    one, other = (stored(n_items, draw(cells)) for _ in range(2))
    return one, other


def stored(n_items: int, cells: Dense) -> sparse.csr_matrix:
    """A matrix that stores exactly the given cells, zeros too, in the order in which they are given within a row."""
    rows = [[(column, value) for (row, column), value in cells.items() if row == own] for own in range(n_items)]
    entries = [entry for row in rows for entry in row]
    indptr = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for column, _ in entries], np.int32)
    values = np.array([value for _, value in entries], np.float32)
    return sparse.csr_matrix((values, columns, indptr), shape=(n_items, n_items))


def neighbors_of(found: Neighborhood, num: int) -> dict[int, tuple[float, float]]:
    """Both weights of each neighbor of an item."""
    own = slice(int(found.indptr[num]), int(found.indptr[num + 1]))
    weights = zip(found.collaborative[own].tolist(), found.content[own].tolist(), strict=True)
    return dict(zip(found.item_nums[own].tolist(), weights, strict=True))


def dumb_scores(of: Neighborhood, history: list[int], emphasis: float) -> dict[int, tuple[float, float]]:
    """``n^-1/2 sum S_ji`` of each item that has a neighbor in the history, by a loop."""
    found: dict[int, tuple[float, float]] = {}
    for own in history:
        for item, (collaborative, content) in neighbors_of(of, own).items():
            before = found.get(item, (0.0, 0.0))
            found[item] = (before[0] + collaborative, before[1] + emphasis * content)
    n = math.sqrt(max(1, len(history)))
    return {item: (one / n, other / n) for item, (one, other) in found.items()}


@given(matrices())
def test_the_neighbors_are_those_of_either_matrix_that_have_a_weight(
    given_: tuple[sparse.csr_matrix, sparse.csr_matrix],
) -> None:
    one, other = (matrix.toarray().tolist() for matrix in given_)
    found = Neighborhood.from_matrices(*given_)
    assert len(found) == len(one)
    for num, rows in enumerate(zip(one, other, strict=True)):
        wanted = {item: pair for item, pair in enumerate(zip(*rows, strict=True)) if any(pair)}
        assert neighbors_of(found, num) == wanted
        assert [*neighbors_of(found, num)] == [*wanted]  # rising
    assert found.indptr.dtype == np.int64
    assert found.item_nums.dtype == np.int32
    assert found.collaborative.dtype == found.content.dtype == np.float32


def test_a_union_by_hand() -> None:
    collaborative = sparse.csr_matrix(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 0]], np.float32))
    content = sparse.csr_matrix(np.array([[0, 3, 4], [0, 0, 0], [0, 0, 0]], np.float32))
    found = Neighborhood.from_matrices(collaborative, content)
    assert found.indptr.tolist() == [0, 2, 2, 3]
    assert found.item_nums.tolist() == [1, 2, 0]
    assert found.collaborative.tolist() == [2, 0, 1]
    assert found.content.tolist() == [3, 4, 0]


@pytest.mark.parametrize("cells", [{(2, 2): 0.0}, {(0, 0): 0.0, (2, 2): 1.0}, {(0, 2): 1.0, (0, 1): 0.0}])
def test_a_zero_that_is_stored_is_no_neighbor(cells: Dense) -> None:
    """Wherever it stands, also after the last neighbor, and it takes no weight from one."""
    weighty, nothing = stored(3, {(0, 0): 2.0, (1, 0): 5.0}), stored(3, cells)
    for one, other in ((weighty, nothing), (nothing, weighty)):
        found = Neighborhood.from_matrices(one, other)
        one_sums, other_sums = matrices_of(found)
        assert one_sums.toarray().tolist() == one.toarray().tolist()
        assert other_sums.toarray().tolist() == other.toarray().tolist()
        assert all(any(pair) for num in range(3) for pair in neighbors_of(found, num).values())


@given(matrices())
def test_matrices_come_back(given_: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    found = matrices_of(Neighborhood.from_matrices(*given_))
    for matrix, back in zip(given_, found, strict=True):
        assert back.shape == matrix.shape
        assert back.toarray().tolist() == matrix.toarray().tolist()


@given(matrices(), st.data(), st.floats(0, 5))
def test_scores_are_those_of_a_dumb_loop(
    given_: tuple[sparse.csr_matrix, sparse.csr_matrix], data: st.DataObject, emphasis: float
) -> None:
    found = Neighborhood.from_matrices(*given_)
    history = sorted(data.draw(st.sets(st.integers(0, len(found) - 1))))
    scores = found.scores(np.array(history, np.int32), emphasis)
    truth = dumb_scores(found, history, emphasis)
    assert scores.nums.tolist() == sorted(truth)
    assert scores.collaborative.tolist() == pytest.approx([truth[item][0] for item in sorted(truth)], rel=1e-6)
    assert scores.content.tolist() == pytest.approx([truth[item][1] for item in sorted(truth)], rel=1e-6)
    assert scores.total.tolist() == pytest.approx([sum(truth[item]) for item in sorted(truth)], rel=1e-6)
    assert scores.nums.dtype == np.int32
    assert scores.collaborative.dtype == scores.content.dtype == np.float64


def test_scores_by_hand() -> None:
    """A history of four items, so that the sums are halved; the emphasis is on words only."""
    indptr = np.array([0, 2, 3, 3, 4, 4], np.int64)
    nums = np.array([1, 4, 4, 0], np.int32)
    near = Neighborhood(indptr, nums, np.array([1, 2, 4, 0], np.float32), np.array([0, 3, 0, 5], np.float32))
    scores = near.scores(np.array([0, 1, 2, 3], np.int32), 10.0)
    assert scores.nums.tolist() == [0, 1, 4]
    assert scores.collaborative.tolist() == [0, 0.5, 3]
    assert scores.content.tolist() == [25, 0, 15]
    assert scores.total.tolist() == [25, 0.5, 18]


def test_an_empty_history_and_a_lonely_one_add_nothing() -> None:
    near = Neighborhood(**SMALL)
    for history in ([], [1]):
        scores = near.scores(np.array(history, np.int32), 2.0)
        assert (len(scores.nums), len(scores.collaborative), len(scores.content), len(scores.total)) == (0, 0, 0, 0)


def test_nobody_has_a_neighbor() -> None:
    nobody = Neighborhood.empty(4)
    assert len(nobody) == 4
    assert all(not neighbors_of(nobody, num) for num in range(4))
    assert len(nobody.scores(np.arange(4, dtype=np.int32), 1.0).nums) == 0
    assert [matrix.nnz for matrix in matrices_of(nobody)] == [0, 0]
    nothing = stored(4, {})
    assert len(Neighborhood.from_matrices(nothing, nothing).item_nums) == 0


@given(matrices())
def test_arrays_come_back(given_: tuple[sparse.csr_matrix, sparse.csr_matrix]) -> None:
    near = Neighborhood.from_matrices(*given_)
    back = opened(Neighborhood, arrays(near), items=len(near))
    assert {*arrays(near)} == {*SMALL}
    for name, array in arrays(near).items():
        assert np.array_equal(arrays(back)[name], array)
        assert getattr(back, name).dtype == array.dtype


def test_a_neighborhood_of_other_items_is_refused() -> None:
    for n_items in (2, 4):
        with pytest.raises(BundleError, match=f"^neighborhood: items are 3 where the model has {n_items}$"):
            opened(Neighborhood, SMALL, items=n_items)
    model = factories.model()
    with pytest.raises(BundleError, match=r"^neighborhood: items are 49 where the model has 50$"):
        replace(model, neighborhood=Neighborhood.empty(49))


def changed(name: str, values: object, dtype: DTypeLike | None = None) -> tuple[str, NDArray[Any]]:
    return name, np.array(values, dtype or SMALL[name].dtype)


UNSOUND: dict[str, tuple[str, NDArray[Any]]] = {
    **{f"{name} as float64": (name, array.astype(np.float64)) for name, array in SMALL.items()},
    "indptr as int32": changed("indptr", [0, 2, 2, 3], np.int32),
    "item_nums as int64": changed("item_nums", [0, 2, 1], np.int64),
    **{f"{name} of two dimensions": (name, array[None]) for name, array in SMALL.items()},
    **{f"{name} of none": (name, array[0]) for name, array in SMALL.items()},
    **{f"{name} without an entry": (name, array[:0]) for name, array in SMALL.items()},
    **{f"{name} one shorter": (name, array[:-1]) for name, array in SMALL.items()},
    **{f"{name} one longer": (name, np.append(array, array[:1])) for name, array in SMALL.items()},
    "begins late": changed("indptr", [1, 2, 2, 3]),
    "begins early": changed("indptr", [-1, 2, 2, 3]),
    "ends early": changed("indptr", [0, 2, 2, 2]),
    "ends late": changed("indptr", [0, 2, 2, 4]),
    "falls": changed("indptr", [0, 2, 1, 3]),
    "falls so far that the difference overflows": changed("indptr", [0, LARGEST, -2, 3]),
    "number below": changed("item_nums", [0, -1, 1]),
    "number above": changed("item_nums", [0, 3, 1]),
}


@pytest.mark.parametrize(("name", "array"), UNSOUND.values(), ids=UNSOUND)
def test_arrays_that_do_not_fit_together_are_refused(name: str, array: NDArray[Any]) -> None:
    with pytest.raises(BundleError, match=r"^neighborhood: the arrays do not fit together: "):
        opened(Neighborhood, {**SMALL, name: np.asarray(array)}, items=3)


@pytest.mark.parametrize("name", ["collaborative", "content"])
@pytest.mark.parametrize("value", [-1e-6, math.nan, math.inf, -math.inf])
def test_a_weight_that_is_no_number_from_zero_up_is_refused(name: str, value: float) -> None:
    weights = np.array([1, value, 0], np.float32)
    with pytest.raises(BundleError, match=rf"^neighborhood: the arrays do not fit together: {name} holds a number "):
        opened(Neighborhood, {**SMALL, name: weights}, items=3)
    cells = stored(3, {(0, 0): 1.0, (2, 1): value})
    matrices_ = (cells, stored(3, {})) if name == "collaborative" else (stored(3, {}), cells)
    with pytest.raises(BundleError, match=rf"^neighborhood: the arrays do not fit together: {name} holds a number "):
        Neighborhood.from_matrices(*matrices_)


def test_the_sound_arrays_are_accepted() -> None:
    assert len(opened(Neighborhood, SMALL, items=3)) == 3


def test_sums_of_many_histories_are_those_of_each_to_the_last_digit() -> None:
    near, random = factories.neighborhood(60, 9, 0), np.random.default_rng(0)
    near = replace(near, content=random.random(len(near.item_nums), dtype=np.float32))
    histories = [np.sort(random.permutation(60)[:n]).astype(np.int32) for n in (4, 0, 25, 1)]
    bounds = np.cumsum([0, *map(len, histories)])
    positions = random.permutation(60).astype(np.int32)
    ones = sparse.csr_matrix((np.ones(bounds[-1]), np.concatenate(histories), bounds), (4, 60))
    sums = (ones @ near.matrix(positions)).toarray()[:, positions]
    for row, history in enumerate(histories):
        alone = near.scores(history, 1.0)
        scale = max(1, len(history)) ** -0.5
        assert (sums[row].real * scale)[alone.nums].tolist() == alone.collaborative.tolist()
        assert (sums[row].imag * scale)[alone.nums].tolist() == alone.content.tolist()
        assert not np.delete(sums[row], alone.nums).any()


def test_weights_by_behavior_alone_are_real() -> None:
    near = factories.neighborhood(60, 9, 0)
    near = replace(near, content=np.zeros_like(near.content))
    assert near.matrix(np.arange(60, dtype=np.int32)).dtype == np.float64
