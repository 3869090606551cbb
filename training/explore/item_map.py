"""Places of items on a map of two dimensions: PCA, then t-SNE.

t-SNE (van der Maaten and Hinton 2008; Barnes-Hut, van der Maaten 2014) puts what is near in the vectors near on the map, and
says little of what is far. It is computed for a sample, from a start by PCA, which keeps the broad arrangement and makes the
result the same every time (Kobak and Berens 2019). Every other vector is placed at the mean of its nearest sampled ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

from recsys.data.vectors import Vectors, unit_rows
from recsys.score_order import best_places

DIM = 50  # of the vectors that t-SNE is given
PERPLEXITY = 30.0
ROUNDS = 400
FEWEST = 5  # vectors that t-SNE has something to do with
NEAREST = 5  # sampled vectors between which another one is placed
POWER = 8  # of the cosine that weighs them
BLOCK = 1 << 22  # cosines at once
TRUSTED = 10  # neighbors that the trust is measured with
MEASURED = 2000

Nums = NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Placed:
    """A map.

    Parameters
    ----------
    places : float32 array (n, 2)
        From -1 to 1; not a number for rows of zeros.
    trust : float
        Trustworthiness at TRUSTED neighbors (Venna and Kaski 2001), 0 to 1, on at most MEASURED vectors: 1 when whoever is near
        on the map is near in the vectors.
    """

    places: Vectors
    trust: float


def place(vectors: Vectors, n_sample: int, random_state: int) -> Placed:
    """Places of the rows of `vectors` (n, dim).

    Parameters
    ----------
    n_sample : int
        Rows that t-SNE is computed for, drawn from all that are not zero.
    """
    places = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    known = np.flatnonzero(vectors.any(axis=1))
    if not len(known):
        return Placed(places, 1.0)
    random = np.random.default_rng(random_state)
    chosen = np.sort(random.permutation(known)[:n_sample])
    rows = unit_rows(vectors[chosen])
    drawn = _drawn(rows, random_state)
    places[chosen] = drawn
    others = np.setdiff1d(known, chosen, assume_unique=True)
    for start in range(0, len(others), step := max(1, BLOCK // len(rows))):
        some = others[start : start + step]
        places[some] = _between(unit_rows(vectors[some]), rows, drawn)
    places[known] /= max(float(np.abs(places[known]).max()), 1e-12)
    return Placed(np.clip(places, -1, 1), _trust(vectors, places, known, random))


def _drawn(rows: Vectors, random_state: int) -> Vectors:
    """Places of the sampled rows, centred."""
    n = len(rows)
    if np.allclose(rows, rows[0]):
        return np.zeros((n, 2), dtype=np.float32)
    few = min(DIM, n, rows.shape[1])
    narrow = PCA(few, svd_solver="full" if n < rows.shape[1] else "covariance_eigh").fit_transform(rows)
    start = np.zeros((n, 2))
    start[:, : min(2, few)] = narrow[:, :2]
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


def _between(rows: Vectors, sampled: Vectors, drawn: Vectors) -> Vectors:
    """Each row at the mean of the places of its nearest sampled rows, weighed by a power of the cosine."""
    cosines = rows @ sampled.T
    few = min(NEAREST, len(sampled))
    nearest = best_places(cosines, few)
    weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 1e-6).astype(np.float64) ** POWER
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ij,ijk->ik", weights, drawn[nearest]), dtype=np.float32)


def _trust(vectors: Vectors, places: Vectors, known: Nums, random: np.random.Generator) -> float:
    few = np.sort(random.permutation(known)[:MEASURED])
    k = min(TRUSTED, (len(few) - 1) // 2)
    if k < 1:
        return 1.0
    return float(trustworthiness(unit_rows(vectors[few]), places[few], n_neighbors=k, metric="cosine"))
