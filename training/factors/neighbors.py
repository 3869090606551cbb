"""The nearest items of each item, by the users and by the words that they share.

By behavior: ``S_ij = sum over users of n_u^-power / sqrt(n_i n_j)`` over the users of both, a cosine in which busy users count
less (Deshpande and Karypis 2004). By words: the cosine of tf-idf rows. Both are scaled so that the nearest neighbor of an item
has weight 1 on average, which gives their weights in the blend the same meaning for any data.

The products of large data would not end, so what says least is left out until the work is bounded: of the busiest users
some interactions, so that neighbors take less time than factors, and the most frequent words.

implicit's kernel sums and selects on all processors, without the product in memory. It keeps any of equal sums, so the rows
are tilted: row ``i`` is multiplied by ``1 - TILT i / n``. Within a row of the product, sums that differ by less than a
millionth then fall with the number of the item, by more than rounding can change.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from implicit.nearest_neighbours import all_pairs_knn
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from training.content.tfidf import weigh

PRODUCTS, PRODUCTS_PER_PAIR = 1_000_000_000, 400  # by behavior at most; the larger counts
WORD_PRODUCTS = 2_000_000_000
PRIOR_NEIGHBORS = 20
STEPS = 1_000_000
TILT = 1 / STEPS


def by_behavior(interactions: Interactions, n_neighbors: int, power: float, random_state: int) -> sparse.csr_matrix:
    """Return at most `n_neighbors` other items that are nearest to each item, (n_items, n_items) float32; none for 0.

    With `power` 0 every user counts the same; with 1 a user shares one unit among the own interactions. `random_state` selects
    what is left out of the histories of the busiest users.
    """
    if not n_neighbors:
        return no_neighbors(len(interactions.items))
    rows = _bounded(interactions, random_state)
    users, items = interactions.user_nums[rows], interactions.item_nums[rows]
    weights = np.bincount(users)[users] ** (-power / 2) * np.bincount(items)[items] ** -0.5
    shape = (len(interactions.items), len(interactions.users))
    return _nearest(sparse.csr_matrix((weights, (items, users)), shape=shape), n_neighbors)


def by_words(texts: Sequence[str], n_neighbors: int) -> sparse.csr_matrix:
    """Return the items with the most similar texts, as :func:`by_behavior`; items without text have and are no neighbors."""
    if not n_neighbors or sum(bool(text) for text in texts) < 2:
        return no_neighbors(len(texts))
    rows = weigh(texts).rows
    documents = np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.int64)
    by_frequency = np.argsort(documents, kind="stable")
    work = np.cumsum(documents[by_frequency] ** 2)
    rare = np.sort(by_frequency[work <= WORD_PRODUCTS])
    return _nearest(rows[:, rare], n_neighbors)


def no_neighbors(n_items: int) -> sparse.csr_matrix:
    """Return a matrix in which no item has a neighbor, (n_items, n_items)."""
    return sparse.csr_matrix(([], ([], [])), shape=(n_items, n_items), dtype=np.float32)


def factor_prior(similar: sparse.csr_matrix, item_factors: Vectors, counts: NDArray[np.int64]) -> Vectors:
    """Return the mean factors of the most similar items that have factors, weighted by similarity, (n_items, factors).

    A row is zero where no similar item has factors. `similar` is from :func:`by_words`, `counts` (n_items,) are interactions.
    """
    warm = (similar @ sparse.diags_array((counts > 0).astype(np.float32))).tocsr()
    warm.eliminate_zeros()
    warm = _largest(warm, PRIOR_NEIGHBORS)
    totals = np.asarray(warm.sum(axis=1)).ravel()
    shares = sparse.diags_array((1 / np.where(totals > 0, totals, 1)).astype(np.float32))
    return np.asarray(shares @ (warm @ item_factors), dtype=np.float32)


def most_of_a_user(interactions: Interactions) -> int:
    """Return how many interactions of a user count at most, so that the products are bounded."""
    counts, bound = _per_user(interactions), max(PRODUCTS, PRODUCTS_PER_PAIR * len(interactions))
    most = int(counts.max(initial=1))
    while most > 1 and int((np.minimum(counts, most) ** 2).sum()) > bound:
        most = most * 9 // 10
    return most


def _per_user(interactions: Interactions) -> NDArray[np.int64]:
    return np.bincount(interactions.user_nums, minlength=len(interactions.users)).astype(np.int64)


def _bounded(interactions: Interactions, random_state: int) -> NDArray[np.int64]:
    """Return positions of the interactions that count: all, or so many of each user that the work stays bounded."""
    counts, most = _per_user(interactions), most_of_a_user(interactions)
    if most == counts.max(initial=1):
        return np.arange(len(interactions))
    chance = np.random.default_rng(random_state).random(len(interactions))
    is_busy = counts > most
    kept = ~is_busy[interactions.user_nums]
    rows, counts = np.flatnonzero(~kept), counts[is_busy]
    order = np.lexsort((chance[rows], interactions.user_nums[rows]))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept[rows[order[ranks < most]]] = True
    return np.flatnonzero(kept)


def _nearest(rows: sparse.csr_array | sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """Return the `n` largest of each row of ``rows @ rows.T`` off the diagonal, scaled so that the mean of the largest is 1."""
    n_items = rows.shape[0]
    tilts = 1 - TILT * np.arange(n_items) / n_items
    tilted = (sparse.diags_array(tilts) @ rows).T.tocsr()
    indices, indptr = tilted.indices.astype(np.int32), tilted.indptr.astype(np.int32)  # what the kernel takes
    kept = all_pairs_knn(
        sparse.csr_matrix((tilted.data, indices, indptr), shape=tilted.shape), n + 1, show_progress=False
    )
    nums, columns = np.arange(n_items), kept.col.reshape(n_items, n + 1)
    values = kept.data.reshape(columns.shape)  # zeros where fewer are positive
    own = columns == nums[:, None]
    values[own] = 0
    full = np.flatnonzero(~own.any(axis=1))  # another item is nearer than the item itself
    values[full, values[full].argmin(axis=1)] = 0
    values /= tilts[:, None] * tilts[columns]
    nearest = values.max(axis=1)
    if nearest.any():
        values /= nearest[nearest > 0].mean()
    found = values > 0
    bounds = np.concatenate(([0], np.cumsum(found.sum(axis=1))))
    matrix = sparse.csr_matrix((values[found].astype(np.float32), columns[found], bounds), shape=(n_items, n_items))
    matrix.sort_indices()
    return matrix


def _largest(matrix: sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """Return the `n` largest positive values of each row.

    Values are compared in steps of a millionth of the row's largest, so that the last bit of a sum decides nothing; of equal
    ones the first are kept.
    """
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    largest = matrix.max(axis=1).toarray().ravel()
    steps = np.rint(matrix.data * (STEPS / largest[rows]))
    order = np.lexsort((matrix.indices, -steps, rows))
    first = np.sort(order[np.arange(len(order)) - matrix.indptr[rows] < n])
    return sparse.csr_matrix((matrix.data[first], (rows[first], matrix.indices[first])), shape=matrix.shape)
