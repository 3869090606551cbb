"""Figures of lists, against a computation by loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recsys.index import Neighbors
from tests import factories
from training.evaluate import Measured, measure

K = 4
USERS = np.array([0, 2, 3], dtype=np.int32)
TEST = [
    *[("u0", "a"), ("u0", "b"), ("u1", "f"), ("u2", "c")],
    *[("u3", "d"), ("u3", "e"), ("u3", "f"), ("u3", "a"), ("u3", "b")],
]
LISTS = {0: ["c", "a", "d", "b"], 2: ["a", "b"], 3: ["d", "e", "f", "g"]}


def measured() -> Measured:
    test = factories.interactions(TEST, items="abcdefgh")
    answers = [
        Neighbors(
            np.array(["abcdefgh".index(item) for item in LISTS[user]], dtype=np.int32),
            np.arange(len(LISTS[user]), 0, -1).astype(np.float32),
        )
        for user in USERS.tolist()
    ]
    return measure("ours", iter(answers), USERS, test, K, 0)


def by_loops() -> dict[str, float]:
    sums = dict.fromkeys((f"recall@{K}", f"ndcg@{K}", f"precision@{K}", f"hit_rate@{K}", f"mrr@{K}"), 0.0)
    for user, found in LISTS.items():
        relevant = {item for name, item in TEST if name == f"u{user}"}
        hits = [rank for rank, item in enumerate(found, 1) if item in relevant]
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(K, len(relevant)) + 1))
        sums[f"recall@{K}"] += len(hits) / len(relevant)
        sums[f"precision@{K}"] += len(hits) / K
        sums[f"hit_rate@{K}"] += bool(hits)
        sums[f"mrr@{K}"] += 1 / hits[0] if hits else 0
        sums[f"ndcg@{K}"] += sum(1 / math.log2(rank + 1) for rank in hits) / ideal
    return {name: total / len(LISTS) for name, total in sums.items()}


def test_figures_are_those_of_a_computation_by_loops() -> None:
    expected = by_loops()
    assert {name: figure.mean for name, figure in measured().figures.items()} == pytest.approx(expected)
    assert 0 < expected[f"mrr@{K}"] < 1


def test_users_and_coverage_are_counted() -> None:
    found = measured()
    assert (found.name, found.users) == ("ours", 3)
    assert found.coverage == 7 / 8


def test_intervals_hold_the_mean_and_are_the_same_for_a_seed() -> None:
    assert measured() == measured()
    for figure in measured().figures.values():
        assert 0 <= figure.low <= figure.mean <= figure.high <= 1
    assert measured().figures[f"mrr@{K}"].low < measured().figures[f"mrr@{K}"].high
