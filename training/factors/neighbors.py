"""The nearest items of each item, by the users and by the words that they share.

By behavior: ``S_ij = sum over users of n_u^-power / sqrt(n_i n_j)`` over the users of both, a cosine in which busy users count
less (Deshpande and Karypis 2004). By words: the cosine of tf-idf rows. Both are scaled so that the nearest neighbor of an item
has weight 1 on average, which gives their weights in the blend the same meaning for any data.

The products of large data would not end, so what says least is left out until the work is bounded: of the busiest users
some interactions, and the most frequent words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from training.content.tfidf import weigh

MOST_PRODUCTS = 2_000_000_000
BLOCK_PRODUCTS = 20_000_000
PRIOR_NEIGHBORS = 20
STEPS = 1_000_000

Sparse = sparse.csr_matrix | sparse.csr_array


def by_behavior(interactions: Interactions, n_neighbors: int, power: float, random_state: int) -> sparse.csr_matrix:
    """Return at most `n_neighbors` other items that are nearest to each item, (n_items, n_items) float32.

    With `power` 0 every user counts the same; with 1 a user shares one unit among the own interactions. `random_state` selects
    what is left out of the histories of the busiest users.
    """
    rows = _bounded(interactions, random_state)
    ones = np.ones(len(rows), dtype=np.float32)
    shape = (len(interactions.users), len(interactions.items))
    pairs = sparse.csr_matrix((ones, (interactions.user_nums[rows], interactions.item_nums[rows])), shape=shape)
    per_user, per_item = np.diff(pairs.indptr), np.bincount(pairs.indices, minlength=shape[1])
    by_item = pairs @ sparse.diags_array(_power(per_item, 0.5))
    weighted = sparse.diags_array(_power(per_user, power)) @ by_item
    return _nearest(by_item.T.tocsr(), weighted.tocsr(), n_neighbors)


def by_words(texts: Sequence[str], n_neighbors: int) -> sparse.csr_matrix:
    """Return the items with the most similar texts, as :func:`by_behavior`; items without text have and are no neighbors."""
    if sum(bool(text) for text in texts) < 2:
        return no_neighbors(len(texts))
    rows = weigh(texts).rows.astype(np.float32)
    documents = np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.int64)
    by_frequency = np.argsort(documents, kind="stable")
    work = np.cumsum(documents[by_frequency] ** 2)
    rare = np.sort(by_frequency[work <= MOST_PRODUCTS])
    rows = rows[:, rare].tocsr()
    return _nearest(rows, rows.T.tocsr(), n_neighbors)


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


def _bounded(interactions: Interactions, random_state: int) -> NDArray[np.int64]:
    """Return positions of the interactions that count: all, or so many of each user that the work stays bounded."""
    counts = np.bincount(interactions.user_nums, minlength=len(interactions.users)).astype(np.int64)
    most = int(counts.max(initial=1))
    while most > 1 and int((np.minimum(counts, most) ** 2).sum()) > MOST_PRODUCTS:
        most = most * 9 // 10
    if most == counts.max(initial=1):
        return np.arange(len(interactions))
    chance = np.random.default_rng(random_state).random(len(interactions))
    order = np.lexsort((chance, interactions.user_nums))
    ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(order[ranks < most])


def _power(counts: NDArray[np.integer], power: float) -> Vectors:
    return np.asarray(np.maximum(counts, 1) ** -float(power), dtype=np.float32)


def _nearest(left: Sparse, right: Sparse, n: int) -> sparse.csr_matrix:
    """Return the `n` largest of each row of ``left @ right`` off the diagonal, scaled so that the mean of the largest is 1."""
    blocks = [_largest((left[a:b] @ right).tocsr(), n, own=np.arange(a, b)) for a, b in _blocks(left, right)]
    matrix = sparse.vstack(blocks).tocsr()
    nearest = matrix.max(axis=1).toarray().ravel()
    if nearest.any():
        matrix.data /= nearest[nearest > 0].mean()
    return sparse.csr_matrix(matrix)


def _blocks(left: Sparse, right: Sparse) -> list[tuple[int, int]]:
    """Return runs of rows whose product fits into memory."""
    per_column = np.diff(right.indptr).astype(np.int64)
    work = np.concatenate(([0], np.cumsum(per_column[left.indices])))[left.indptr]
    edges = [0]
    while edges[-1] < left.shape[0]:
        stop = int(np.searchsorted(work, work[edges[-1]] + BLOCK_PRODUCTS, side="right")) - 1
        edges.append(min(max(stop, edges[-1] + 1), left.shape[0]))
    return list(pairwise(edges))


def _largest(matrix: Sparse, n: int, own: NDArray[np.int64] | None = None) -> sparse.csr_matrix:
    """Return the `n` largest positive values of each row; `own` names a column of each row to leave out.

    Values are compared in steps of a millionth of the row's largest, so that the last bit of a sum decides nothing; of equal
    ones the first are kept.
    """
    mask = np.ones(matrix.nnz, dtype=bool)
    for row, (start, stop) in enumerate(pairwise(matrix.indptr.tolist())):
        values, columns = matrix.data[start:stop], matrix.indices[start:stop]
        if own is not None:
            values[columns == own[row]] = -1
        if stop - start > n:
            steps = np.rint(values * (STEPS / values.max()))
            least = np.partition(steps, -n)[-n]
            above, equal = steps > least, np.flatnonzero(steps == least)
            first = np.argsort(columns[equal])[: n - np.count_nonzero(above)]
            above[equal[first]] = True
            mask[start:stop] = above
    mask &= matrix.data > 0
    indptr = np.concatenate(([0], np.cumsum(mask)))[matrix.indptr]
    arrays = matrix.data[mask].astype(np.float32), matrix.indices[mask], indptr
    largest = sparse.csr_matrix(arrays, shape=matrix.shape)
    largest.sort_indices()
    return largest
