"""Pairs of items that share baskets: counted as by a loop."""

from __future__ import annotations

from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.config import TogetherConfig
from training.factors import together
from training.ingest.baskets import Baskets

N_ITEMS = 7


def baskets(sets: list[set[int]]) -> Baskets:
    pairs = np.array([(num, item) for num, items in enumerate(sets) for item in sorted(items)], dtype=np.int32)
    return Baskets(*pairs.reshape(-1, 2).T, n_cut=0)


def counted(sets: list[set[int]], config: TogetherConfig) -> list[list[tuple[int, int]]]:
    """Return the pairs that each item keeps: number and baskets with both."""
    sets = [items for items in sets if items]
    kept = []
    for a in range(N_ITEMS):
        scored = []
        for b in set(range(N_ITEMS)) - {a}:
            n_a, n_b, both = (sum(of <= items for items in sets) for of in ({a}, {b}, {a, b}))
            if both >= config.min_baskets:
                score = log(both * len(sets) / (n_a * n_b)) * both / (both + config.shrinkage)
                scored.append((round(score, 6), b, both))
        best = sorted((row for row in scored if row[0] > 0), key=lambda row: (-row[0], row[1]))
        kept.append([(b, both) for _, b, both in best[: config.n_items]])
    return kept


@given(
    st.lists(st.sets(st.integers(0, N_ITEMS - 1), max_size=5), max_size=25),
    st.integers(1, 3),
    st.sampled_from([0.0, 1.0, 20.0]),
    st.integers(1, 4),
    st.sampled_from([1, 40, 10**6]),
)
def test_the_pairs_are_those_of_a_loop(
    sets: list[set[int]], least: int, shrinkage: float, most: int, products: int
) -> None:
    config = TogetherConfig(min_baskets=least, shrinkage=shrinkage, n_items=most)
    steps: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "PRODUCTS", products)
        part = together.count_pairs(baskets(sets), N_ITEMS, config, steps.append)
    bounds = part.indptr.tolist()
    pairs = list(zip(part.item_nums.tolist(), part.n_both.tolist(), strict=True))
    assert [pairs[first:last] for first, last in pairwise(bounds)] == counted(sets, config)
    assert (part.total, sum(steps)) == (sum(map(bool, sets)), N_ITEMS)
