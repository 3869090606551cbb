"""Classical figures for the detection of false profiles, one number for each user, for comparison.

RDMA, WDMA, the variance of the length and the degree of similarity: Chirita, Nejdl and Zamfir, WIDM 2005, and Burke, Mobasher,
Williams and Bhaumik, KDD 2006; Hv: Bryan, O'Mahony and Cunningham (UnRAP), RecSys 2008; PCA: Mehta and Nejdl (VarSelect), UMUAI
2009. Signs are such that a false profile should have the larger figure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from training.ingest.dataset import Ratings
from training.insights import odd_users

NEIGHBORS = 25
COMPONENTS = 3

Numbers = NDArray[np.float64]


def auc(figures: Numbers, false: NDArray[np.bool_]) -> float:
    """Return the probability that a false profile has a larger figure than a genuine profile."""
    ranks = rankdata(figures)
    n_false = int(false.sum())
    return float((ranks[false].sum() - n_false * (n_false + 1) / 2) / (n_false * (~false).sum()))


def rdma(ratings: Ratings) -> Numbers:
    """Return the mean deviation from item means, weighted by the inverse number of their ratings."""
    return _deviation(ratings, 1)


def wdma(ratings: Ratings) -> Numbers:
    """Return the mean deviation, weighted by the square of the inverse number of ratings."""
    return _deviation(ratings, 2)


def length_variance(ratings: Ratings) -> Numbers:
    """Return the distance from the mean number of ratings."""
    n_of = odd_users.lengths(ratings)
    return np.abs(n_of - n_of.mean())


def similarity(ratings: Ratings) -> Numbers:
    """Return the mean correlation with the 25 most similar users."""
    rows = _centered(ratings)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -1)
    return np.sort(likeness, axis=1)[:, -NEIGHBORS:].mean(axis=1)


def hv(ratings: Ratings) -> Numbers:
    """Return the residual after user and item means, as a share of the user's variance."""
    values = _values(ratings)
    of_users, of_items = (
        _means(ratings.user_nums, values, ratings.n_users),
        _means(ratings.item_nums, values, ratings.n_items),
    )
    own = values - of_users[ratings.user_nums]
    left = own - of_items[ratings.item_nums] + values.mean()
    sums = [np.bincount(ratings.user_nums, weights=one**2, minlength=ratings.n_users) for one in (left, own)]
    return sums[0] / np.maximum(sums[1], 1e-9)


def pca(ratings: Ratings) -> Numbers:
    """Return the negative share of a user in the first three principal components of the users."""
    rows = np.zeros((ratings.n_users, ratings.n_items))
    rows[ratings.user_nums, ratings.item_nums] = _values(ratings)
    rows = (rows - rows.mean(axis=1, keepdims=True)) / np.maximum(rows.std(axis=1, keepdims=True), 1e-9)
    covariance = rows @ rows.T / ratings.n_items
    vectors = np.linalg.eigh(covariance)[1][:, -COMPONENTS:]
    return -np.asarray((vectors**2).sum(axis=1))


FEATURES: Final[dict[str, Callable[[Ratings], Numbers]]] = {
    "RDMA": rdma,
    "WDMA": wdma,
    "length variance": length_variance,
    "degree of similarity": similarity,
    "Hv (UnRAP)": hv,
    "PCA (VarSelect)": pca,
    "choice (this engine)": odd_users.odd_choice,
}


def _deviation(ratings: Ratings, power: int) -> Numbers:
    values = _values(ratings)
    counts = np.bincount(ratings.item_nums, minlength=ratings.n_items)
    deviations = np.abs(values - _means(ratings.item_nums, values, ratings.n_items)[ratings.item_nums])
    weighted = deviations / counts[ratings.item_nums].astype(np.float64) ** power
    return _means(ratings.user_nums, weighted, ratings.n_users)


def _centered(ratings: Ratings) -> Numbers:
    values = _values(ratings)
    rows = np.zeros((ratings.n_users, ratings.n_items))
    rows[ratings.user_nums, ratings.item_nums] = (
        values - _means(ratings.user_nums, values, ratings.n_users)[ratings.user_nums]
    )
    return rows


def _means(nums: NDArray[np.int32], values: Numbers, n: int) -> Numbers:
    return np.bincount(nums, weights=values, minlength=n) / np.maximum(np.bincount(nums, minlength=n), 1)


def _values(ratings: Ratings) -> Numbers:
    assert ratings.values is not None
    return ratings.values
