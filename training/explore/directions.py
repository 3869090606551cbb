"""Principal directions of item vectors, described in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from recsys.data.vectors import Vectors
from recsys.model.extras.directions import POPULARITY, Correlation, Direction, Space
from recsys.score_order import displayed, falling, rounded
from training.explore.describe import Describer

END = 0.05  # of the items lie at an end
FEWEST, MOST = 3, 500  # items at an end
SHOWN = 5
TELLING = 0.15  # least correlation that is shown,
SURE = 2.6  # and the least in standard errors, 1 / sqrt(n)
MOST_CORRELATIONS = 3

Floats = NDArray[np.float64]


def directions(
    space: Space, vectors: Vectors, most: int, describer: Describer, popularity: Floats
) -> tuple[Direction, ...]:
    """Return up to `most` leading principal directions of the rows of `vectors` that are not zero.

    Parameters
    ----------
    vectors : float32 array (n_items, dim)
    popularity : float64 array (n_items,)
        Interactions of each item.
    """
    nonzero = np.flatnonzero(vectors.any(axis=1))
    if len(nonzero) < 2 * FEWEST:
        return ()
    rows, numbers = vectors[nonzero], {POPULARITY: popularity, **describer.lexicon.numbers}
    mean = rows.mean(axis=0, dtype=np.float64)
    covariance = (rows.T @ rows).astype(np.float64) / len(nonzero) - np.outer(mean, mean)
    variances, axes = np.linalg.eigh(covariance)
    total = float(np.maximum(variances, 0).sum())
    n = int(np.clip(END * len(nonzero), FEWEST, MOST))
    result = []
    for number in range(1, min(most, len(variances)) + 1):
        axis = axes[:, -number]
        axis = axis * (1 if axis[np.argmax(rounded(np.abs(axis)))] > 0 else -1)
        share = float(variances[-number]) / max(total, 1e-12)
        if share <= 1e-9:
            break
        along = np.asarray((rows - mean.astype(np.float32)) @ axis.astype(np.float32), dtype=np.float64)
        ends = [nonzero[falling(-along)[:n]], nonzero[falling(along)[:n]]]
        places = (np.repeat([0, 1], n), np.concatenate(ends))
        members = sparse.csr_array((np.ones(2 * n), places), shape=(2, len(popularity)))
        low, high = describer.meanings(members, [end[:SHOWN].tolist() for end in ends])
        result.append(Direction(space, number, round(share, 6), low, high, _correlations(nonzero, along, numbers)))
    return tuple(result)


def _correlations(nums: NDArray[np.integer], along: Floats, numbers: Mapping[str, Floats]) -> tuple[Correlation, ...]:
    """Return the strongest correlations of ranks (Spearman)."""
    result = []
    for name, values in numbers.items():
        there = ~np.isnan(values[nums])
        one, other = along[there], values[nums][there]
        if len(one) < 2 * FEWEST or one.min() == one.max() or other.min() == other.max():
            continue
        correlation = float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
        if displayed(abs(correlation)) >= max(TELLING, SURE / np.sqrt(len(one))):
            result.append(Correlation(name, round(correlation, 4)))
    return tuple(sorted(result, key=lambda pair: -abs(pair.correlation))[:MOST_CORRELATIONS])
