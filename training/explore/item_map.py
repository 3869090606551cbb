"""Map of items in two dimensions: PCA, then t-SNE.

t-SNE (van der Maaten and Hinton 2008; Barnes-Hut, van der Maaten 2014) keeps near vectors near and says little about
far ones. It is computed for a sample, starting from PCA, which keeps the broad arrangement and makes the result
reproducible (Kobak and Berens 2019). Every other vector is placed at the mean of its nearest sampled ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from recsys.data.vectors import Vectors, unit_rows
from recsys.score_order import best_places

DIM = 50  # of the vectors of t-SNE
PERPLEXITY = 30.0
ROUNDS = 400
FEWEST = 5  # vectors for t-SNE
NEAREST = 5  # sampled vectors between which another one is placed
POWER = 8  # of the cosine that weighs them
BLOCK = 1 << 22  # cosines at once
TRUSTED = 10  # neighbors of the trustworthiness
MEASURED = 2000

Nums = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Placed:
    """A map: `places` (n, 2) from -1 to 1, not a number for rows of zeros, and their trustworthiness.

    `trust` is measured at TRUSTED neighbors (Venna and Kaski 2001) on at most MEASURED vectors, 0 to 1: 1 when
    neighbors on the map are neighbors in the vectors.
    """

    places: Vectors
    trust: float


def place(vectors: Vectors, n_sample: int, random_state: int) -> Placed:
    """Place the rows of `vectors` (n, dim); t-SNE is computed for `n_sample` of those that are not zero."""
    places = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    nonzero = np.flatnonzero(vectors.any(axis=1))
    if not len(nonzero):
        return Placed(places, 1.0)
    random = np.random.default_rng(random_state)
    chosen = np.sort(random.permutation(nonzero)[:n_sample])
    rows = unit_rows(vectors[chosen])
    sampled = places[chosen] = _place_sample(rows, random_state)
    others = np.setdiff1d(nonzero, chosen, assume_unique=True)
    for start in range(0, len(others), step := max(1, BLOCK // len(rows))):
        some = others[start : start + step]
        places[some] = _between(unit_rows(vectors[some]), rows, sampled)
    places[nonzero] /= max(float(np.abs(places[nonzero]).max()), 1e-12)
    return Placed(np.clip(places, -1, 1), _trust(vectors, places, nonzero, random))


def _place_sample(rows: Vectors, random_state: int) -> Vectors:
    """Return places of the sampled rows, centered."""
    n = len(rows)
    if np.allclose(rows, rows[0]):
        return np.zeros((n, 2), dtype=np.float32)
    dim = min(DIM, n, rows.shape[1])
    narrow = PCA(dim, svd_solver="full" if n < rows.shape[1] else "covariance_eigh").fit_transform(rows)
    start = np.zeros((n, 2))
    start[:, : min(2, dim)] = narrow[:, :2]
    if n < FEWEST:
        return start.astype(np.float32)
    model = TSNE(
        init=(1e-4 * start / max(start[:, 0].std(), 1e-12)).astype(np.float32),
        perplexity=min(PERPLEXITY, (n - 1) / 3),
        learning_rate="auto",
        max_iter=ROUNDS,
        random_state=random_state,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(narrow.astype(np.float32)), dtype=np.float32)


def _between(rows: Vectors, sampled: Vectors, places: Vectors) -> Vectors:
    """Return the mean of the places of the nearest sampled rows, weighed by a power of the cosine, for each row."""
    cosines = rows @ sampled.T
    nearest = best_places(cosines, min(NEAREST, len(sampled)))
    weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 1e-6).astype(np.float64) ** POWER
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ij,ijk->ik", weights, places[nearest]), dtype=np.float32)


def _trust(vectors: Vectors, places: Vectors, nonzero: Nums, random: np.random.Generator) -> float:
    sample = np.sort(random.permutation(nonzero)[:MEASURED])
    k = min(TRUSTED, (len(sample) - 1) // 2)
    if k < 1:
        return 1.0
    return float(trustworthiness(unit_rows(vectors[sample]), places[sample], n_neighbors=k, metric="cosine"))
