"""Spherical k-means groups of vectors, and their quality.

The vectors are first reduced to their DIM leading principal directions, as distances of hundreds of dimensions are much
alike, and get length 1: the squared distance of k-means is then twice one minus the cosine (Dhillon and Modha 2001).
Directions and centers are fitted on a sample, and every vector goes to the nearest center.

"auto" tries some counts. A count is stable when fits with other seeds, each on another half of the sample, agree: the
mean of their adjusted Rand indices (Hubert and Arabie 1985) is at least STABLE (Ben-Hur, Elisseeff and Guyon 2002). Of
the stable counts the one with the largest silhouette (Rousseeuw 1987) is taken; where none is stable, the most stable
one.

HDBSCAN leaves 36% to 76% of the sample's items in no group, and each item needs one (docs/explore.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.metrics.pairwise import cosine_distances

from recsys.data.vectors import Vectors, unit_rows
from recsys.model.extras.groups import NO_GROUP
from recsys.score_order import shown

COUNTS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
PER_GROUP = 10  # vectors of a group on average, at least
STABLE = 0.5
SEEDS = 3
DIM = 50
SAMPLE = 5000  # vectors that centers are fitted on
MEASURED = 2000  # vectors of the silhouette
STARTS = 3  # of which the best is kept
TRIAL_STARTS = 2  # for each count that is tried
BLOCK = 1 << 22  # cosines at once

Nums = NDArray[np.int32]


@dataclass(frozen=True)
class Quality:
    """Quality of a number of groups.

    `silhouette` is the mean by cosine distance along the leading directions, -1 to 1; above 0 a vector is nearer to its
    group than to any other. `stability` is the mean adjusted Rand index of fits: 1 alike, 0 chance.
    """

    count: int
    silhouette: float
    stability: float


@dataclass(frozen=True, eq=False)
class Clustering:
    """Groups of the rows of a matrix, the largest first.

    Parameters
    ----------
    labels : int32 array (n,)
        NO_GROUP for rows of zeros.
    closeness : float32 array (n,)
        Cosine with the center of the group along the leading directions, 0 for rows of zeros.
    quality : Quality or None
        None with fewer than two groups.
    tried : tuple of Quality
        All counts that were tried, rising.
    """

    labels: Nums
    closeness: Vectors
    quality: Quality | None
    tried: tuple[Quality, ...] = ()

    @property
    def n_groups(self) -> int:
        return int(self.labels.max(initial=NO_GROUP)) + 1


def cluster(vectors: Vectors, n_groups: int | Literal["auto"], random_state: int) -> Clustering:
    """Group the rows of `vectors` (n, dim).

    Parameters
    ----------
    n_groups : int or "auto"
        How many groups; there are no more than half as many as rows that are not zero.
    """
    nonzero = np.flatnonzero(vectors.any(axis=1))
    labels, closeness = np.full(len(vectors), NO_GROUP, dtype=np.int32), np.zeros(len(vectors), dtype=np.float32)
    if not len(nonzero):
        return Clustering(labels, closeness, None)
    random = np.random.default_rng(random_state)
    sampled = unit_rows(vectors[np.sort(random.permutation(nonzero)[:SAMPLE])])
    leading = _leading(sampled)
    rows = _along(leading, sampled)
    if n_groups == "auto":
        counts = [count for count in COUNTS if count * PER_GROUP <= len(rows)] or [2] * (len(rows) >= 2 * 2)
    else:
        counts = [min(n_groups, len(rows) // 2)]
    measured = np.sort(np.random.default_rng(random_state).permutation(len(rows))[:MEASURED])
    distances = cosine_distances(rows[measured])
    tried = tuple(_quality(rows, count, random_state, measured, distances) for count in counts if count > 1)
    chosen = _chosen(tried)
    centers = _centers(rows, chosen.count if chosen else 1, random_state, STARTS)
    for start in range(0, len(nonzero), step := max(1, BLOCK // len(centers))):
        some = nonzero[start : start + step]
        cosines = shown(_along(leading, unit_rows(vectors[some])) @ centers.T)
        labels[some] = np.argmax(cosines, axis=1)  # the first of equal ones
        closeness[some] = np.clip(cosines.max(axis=1), -1, 1)
    return Clustering(_largest_first(labels), closeness, chosen, tried)


def _chosen(tried: Sequence[Quality]) -> Quality | None:
    """Return the stable count with the largest silhouette, else the most stable one; of equal ones the fewer groups."""
    stable = [quality for quality in tried if quality.stability >= STABLE]
    if stable:
        return max(stable, key=lambda quality: (quality.silhouette, -quality.count))
    return max(tried, key=lambda quality: (quality.stability, -quality.count), default=None)


def _leading(rows: Vectors) -> PCA | None:
    """Return the leading directions, None where all rows are equal."""
    alike = np.allclose(rows, rows[0])
    return None if alike else PCA(min(DIM, *rows.shape), svd_solver="full").fit(rows)


def _along(leading: PCA | None, rows: Vectors) -> Vectors:
    """Return unit vectors along the leading directions."""
    return rows if leading is None else unit_rows(np.asarray(leading.transform(rows), dtype=np.float32))


def _quality(rows: Vectors, count: int, random_state: int, measured: NDArray[np.int64], distances: Vectors) -> Quality:
    """Measure a number of groups; `distances` (m, m) are those between the `measured` rows (m,)."""
    n = len(rows)
    fits = []
    for seed in range(random_state, random_state + SEEDS):
        half = np.sort(np.random.default_rng(seed).permutation(n)[: max(count, -(-n // 2))])
        fits.append(np.argmax(shown(rows @ _centers(rows[half], count, seed, TRIAL_STARTS).T), axis=1))
    stability = float(np.mean([adjusted_rand_score(*pair) for pair in combinations(fits, 2)]))
    labels = fits[0][measured]
    n_labels = len(np.unique(labels))
    several = 1 < n_labels < len(measured)
    silhouette = float(silhouette_score(distances, labels, metric="precomputed")) if several else 0.0
    return Quality(count, round(silhouette, 6), round(stability, 6))


def _centers(rows: Vectors, count: int, random_state: int, starts: int) -> Vectors:
    """Return unit centers of k-means, (count, dim)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of fewer different vectors than groups
        fitted = KMeans(count, n_init=starts, random_state=random_state, algorithm="lloyd").fit(rows)
    return unit_rows(np.asarray(fitted.cluster_centers_, dtype=np.float32))


def _largest_first(labels: Nums) -> Nums:
    """Number groups anew by falling size, without empty ones."""
    groups, first, sizes = np.unique(labels[labels != NO_GROUP], return_index=True, return_counts=True)
    places = np.full(int(groups.max()) + 1, NO_GROUP, dtype=np.int32)
    places[groups[np.lexsort((first, -sizes))]] = np.arange(len(groups), dtype=np.int32)
    return np.where(labels == NO_GROUP, NO_GROUP, places[labels]).astype(np.int32)
