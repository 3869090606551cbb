"""The scan for many queries against sums in double precision over all rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys.data.vectors import Vectors
from recsys.index import block_scan
from recsys.index.block_scan import Block, Bonuses, Penalty
from recsys.index.exact import VectorTable
from tests.support import factories

N, M, DIM = 9, 700, 5


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Small chunks; the numbers of queries and rows of each."""
    monkeypatch.setattr(block_scan, "FIRST", 8)
    monkeypatch.setattr(block_scan, "LARGEST", 32)
    numbers: list[tuple[int, int]] = []
    whole = block_scan.products

    def counted(vectors: Vectors, rows: Vectors) -> Vectors:
        numbers.append((len(vectors), len(rows)))
        return whole(vectors, rows)

    monkeypatch.setattr(block_scan, "products", counted)
    return numbers


def uneven(seed: int) -> tuple[VectorTable, Vectors]:
    """Rows whose lengths differ by far, and queries, the last of zeros."""
    lengths = np.random.default_rng(seed).pareto(2, M).astype(np.float32)[:, None]
    queries = factories.random_vectors(N, DIM, seed + 1)
    queries[-1] = 0
    return VectorTable.from_vectors(factories.random_vectors(M, DIM, seed) * lengths), queries


def added(seed: int, share: float) -> sparse.csc_matrix:
    """Bonuses of some cells, a few of them large."""
    random = np.random.default_rng(seed)
    return sparse.random(N, M, share, format="csc", random_state=random, data_rvs=lambda n: random.pareto(1.5, n))


def bonuses(amounts: sparse.csc_matrix) -> Bonuses:
    positions = np.repeat(np.arange(amounts.shape[1]), np.diff(amounts.indptr))
    return Bonuses(positions * amounts.shape[0] + amounts.indices, amounts.data)


@pytest.mark.parametrize("k", [1, 7, 40, M])
@pytest.mark.parametrize("share", [0.0, 0.1])
@pytest.mark.parametrize("cost", [0.0, 0.7])
def test_the_best_of_each_query_are_contenders_and_few_others(
    k: int, share: float, cost: float, multiplied: list[tuple[int, int]]
) -> None:
    for seed in range(5):
        table, queries = uneven(seed)
        amounts, random = added(seed, share), np.random.default_rng(seed)
        barred = np.unique(random.integers(0, N * M, 200))
        levels, costs = random.random(M), cost * random.random(N)
        truth = queries.astype(np.float64) @ table.vectors.T + amounts.toarray() - np.outer(costs, levels)
        truth[barred % N, barred // N] = -np.inf
        block = Block(table, queries, barred, bonuses(amounts))
        found = block.contenders(k, Penalty(costs, levels) if cost else None)
        for query in range(N - 1):
            positions = found.positions[found.queries == query].tolist()
            wanted = [one for one in np.argsort(-truth[query])[:k].tolist() if np.isfinite(truth[query, one])]
            assert len(set(positions)) == len(positions)
            assert set(wanted) <= set(positions)
            assert np.isfinite(truth[query, positions]).all()
            behind = np.flatnonzero(amounts[query].toarray())  # whose product may not be known
            assert len(set(positions) - set(behind.tolist())) <= k
        assert N - 1 not in found.queries
        places = np.where(found.bonuses >= 0, found.bonuses, 0)
        amount = amounts.data[places] if share else np.zeros(len(places))
        given = np.where(found.bonuses >= 0, amount, 0)
        assert given.tolist() == amounts.toarray()[found.queries, found.positions].tolist()


def test_short_rows_are_not_multiplied(multiplied: list[tuple[int, int]]) -> None:
    table, queries = uneven(0)
    Block(table, queries, np.empty(0, np.int64), bonuses(added(0, 0.0))).contenders(20)
    active = [n for n, _ in multiplied]
    assert sum(rows for _, rows in multiplied) < M
    assert active == sorted(active, reverse=True)
    assert active[0] == N - 1 > active[-1]  # queries leave one after another


def test_a_bonus_brings_a_row_that_was_not_multiplied(multiplied: list[tuple[int, int]]) -> None:
    table, queries = uneven(0)
    amounts = sparse.csc_matrix(([1e3, 1e3], ([2, 3], [M - 1, M - 1])), (N, M))
    found = Block(table, queries, np.array([(M - 1) * N + 3]), bonuses(amounts)).contenders(3)
    assert sum(rows for _, rows in multiplied) < M
    assert found.queries[found.positions == M - 1].tolist() == [2]


@pytest.mark.parametrize("cost", [0.0, 0.7])
def test_of_many_rows_of_zeros_a_few_are_contenders(cost: float, multiplied: list[tuple[int, int]]) -> None:
    table, queries = uneven(0)
    vectors = table.vectors.copy()
    vectors[20:] = 0
    table = VectorTable.from_vectors(vectors)
    amounts = sparse.csc_matrix(([2.0, 3.0], ([2, 3], [M - 1, M - 2])), (N, M))
    barred = np.sort(np.array([position * N + 1 for position in range(20, 26)]))
    penalty = Penalty(np.full(N, cost), np.where(np.arange(M) < 20, 1.0, 0.0)) if cost else None
    found = Block(table, queries, barred, bonuses(amounts)).contenders(40, penalty)
    assert found.queries[found.positions == M - 1].tolist() == [2]
    assert found.queries[found.positions == M - 2].tolist() == [3]
    for query in range(N - 1):
        positions = found.positions[found.queries == query]
        of_zeros = [position for position in range(20, M) if query != 1 or position > 25]
        negative = 20 - np.count_nonzero(queries[query] @ table.vectors[:20].T - cost > 0)
        assert set(of_zeros[: 20 + negative]) <= set(positions.tolist())
        assert len(positions) < 20 + 40 + 6 + 2


def test_queries_of_zeros_alone_and_an_empty_table_have_no_contenders() -> None:
    table, queries = uneven(0)
    none = bonuses(added(0, 0.0))
    assert len(Block(table, 0 * queries, np.empty(0, np.int64), none).contenders(3).queries) == 0
    empty = VectorTable.from_vectors(np.zeros((0, DIM), np.float32))
    no_bonuses = bonuses(sparse.csc_matrix((N, 0)))
    assert len(Block(empty, queries, np.empty(0, np.int64), no_bonuses).contenders(3).queries) == 0
