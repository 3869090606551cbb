"""Ways to recommend that a model has to beat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from recsys.index.exact import Neighbors, best_of
from recsys.model.popularity import Popularity


def popular(popularity: Popularity, train: Interactions, users: NDArray[np.int32], k: int) -> Iterator[Neighbors]:
    """The `k` most popular items that each user has not seen."""
    history = train.matrix()
    for num in users.tolist():
        yield popularity.top(k, history.indices[history.indptr[num] : history.indptr[num + 1]])


def item_knn(
    behaviour: sparse.csr_matrix, train: Interactions, users: NDArray[np.int32], k: int
) -> Iterator[Neighbors]:
    """The `k` unseen items with the largest sums of likeness to the history (Sarwar et al., WWW 2001); fewer where fewer
    are like any of it.

    Parameters
    ----------
    behaviour : sparse matrix (n_items, n_items)
        The nearest items of each item.
    """
    history = train.matrix()
    history.data[:] = 1
    for num in users.tolist():
        row = (history[num] @ behaviour).tocsr()
        seen = history.indices[history.indptr[num] : history.indptr[num + 1]]
        fresh = ~np.isin(row.indices, seen)
        nums, scores = row.indices[fresh], row.data[fresh]
        yield best_of(nums.astype(np.int32), scores, k)
