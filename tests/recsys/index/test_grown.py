"""New rows behind those of a training: found as if the table had had them, and screened without losing one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.vectors import Vectors
from recsys.index import grown
from recsys.index.exact import ExactIndex, VectorTable
from recsys.index.grown import GrownTable, NewRows

N, M, DIM = 400, 300, 12


def vectors(n: int, seed: int) -> Vectors:
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, DIM)) * random.lognormal(sigma=1.0, size=(n, 1))).astype(np.float32)


@pytest.fixture
def screened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grown, "SCREEN", 3)
    monkeypatch.setattr(grown, "FEW", 10)


@pytest.mark.usefixtures("screened")
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_lists_are_those_of_one_table(share: float) -> None:
    random, rows = np.random.default_rng(1), np.concatenate((vectors(N, 1), vectors(M, 2)))
    table = GrownTable.of(VectorTable.from_vectors(rows[:N]), rows[N:])
    whole, both = ExactIndex(VectorTable.from_vectors(rows)), ExactIndex(table)
    for seed in range(30):
        query, skip = vectors(1, 100 + seed)[0], random.permutation(N + M)[: 3 * seed].astype(np.int32)
        eligible = random.random(N + M) < share if share < 1 else None
        for k in (1, 10, N + M):
            found, expected = both.query(query, k, skip, eligible), whole.query(query, k, skip, eligible)
            assert found.nums.tolist() == expected.nums.tolist()
            assert found.scores.tolist() == expected.scores.tolist()


@given(seed=st.integers(0, 10_000), quantile=st.floats(0, 1))
def test_a_screen_loses_no_row_that_reaches_the_floor(seed: int, quantile: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grown, "SCREEN", 3)
        patch.setattr(grown, "FEW", 10)
        rows, query = vectors(M, seed), vectors(1, seed + 1)[0]
        products = rows.astype(np.float64) @ query.astype(np.float64)
        least = float(np.quantile(products, quantile))
        found = NewRows(rows).reaching(query, least)
        assert set(np.flatnonzero(products >= least).tolist()) <= set(found.tolist())


@pytest.mark.usefixtures("screened")
def test_a_screen_leaves_most_rows_out() -> None:
    """Rows near a plane: the screen has their directions."""
    random = np.random.default_rng(0)
    rows = (random.normal(size=(M, 3)) @ random.normal(size=(3, DIM)) + 0.01 * random.normal(size=(M, DIM))).astype(
        np.float32
    )
    query = rows[0]
    products = rows @ query
    least = float(np.sort(products)[-5])
    assert 5 <= len(NewRows(rows).reaching(query, least)) < 20


def test_rows_and_zero_rows_are_numbered_behind_the_training() -> None:
    old, new = vectors(5, 0), vectors(4, 1)
    old[1], new[2] = 0, 0
    table = GrownTable.of(VectorTable.from_vectors(old), new)
    assert len(table) == 9
    assert np.array_equal(table.rows(np.array([7, 1, 8, 0], dtype=np.int32)), [new[2], old[1], new[3], old[0]])
    mask = table.nonzero()
    assert mask is not None
    assert np.flatnonzero(~mask).tolist() == [1, 7]
    assert GrownTable.of(VectorTable.from_vectors(vectors(5, 0)), vectors(4, 1)).nonzero() is None
    assert np.allclose(
        table.multiplied(new[:1], np.array([0, 8], dtype=np.int32))[:, 0], [old[0] @ new[0], new[3] @ new[0]]
    )
