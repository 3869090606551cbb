"""Makes groups with names of clusterings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.model.extras.groups import NO_GROUP, Affinity, Clusters, Group, Groups, Segments
from recsys.score_order import displayed, falling
from training.explore.clustering import Clustering
from training.explore.describe import Describer

TYPICAL = 5  # items shown for a group
NEAR = 4  # 1 / NEAR of the members are near the center
MOST_AFFINITIES = 5
MORE = 1.1  # least ratio of an affinity to the share among all users

Rows = sparse.csr_array
Floats = NDArray[np.float64]
G = TypeVar("G", bound=Groups)


def of_items(clustering: Clustering, describer: Describer, popularity: Floats) -> Clusters:
    """Return groups of items; their typical items are the most popular (n_items,) near the center."""
    items = [_popular(clustering, group, popularity) for group in range(clustering.n_groups)]
    return _label(Clusters, clustering, describer, _members(clustering), items, [()] * clustering.n_groups)


def of_users(clustering: Clustering, used: Rows, clusters: Groups, describer: Describer) -> Segments:
    """Return groups of users, described by their items, ones in `used` (n_users, n_items), and `clusters`."""
    weights = sparse.csr_array(_members(clustering) @ used)
    items, affinities = _distinct_items(weights, describer.base), _affinities(weights, clusters, describer.base)
    return _label(Segments, clustering, describer, weights, items, affinities)


def _label(
    kind: type[G],
    clustering: Clustering,
    describer: Describer,
    weights: Rows,
    items: Sequence[Sequence[int]],
    affinities: Sequence[tuple[Affinity, ...]],
) -> G:
    """Return groups with their meanings; of equal names the later ones are numbered."""
    names: Counter[str] = Counter()
    groups = []
    for group, meaning in enumerate(describer.meanings(weights, items)):
        name = describer.name(meaning, of_users=kind is Segments)
        names[name] += 1
        numbered = name if names[name] == 1 else f"{name} ({names[name]})"
        cohesion = float(clustering.closeness[clustering.labels == group].mean(dtype=np.float64))
        groups.append(Group(numbered, round(cohesion, 6), meaning, affinities[group]))
    return kind.from_labels(clustering.labels, clustering.closeness, groups)


def _members(clustering: Clustering) -> Rows:
    """Return ones where a row is in a group, (n_groups, n)."""
    labels = clustering.labels
    rows = np.flatnonzero(labels != NO_GROUP)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_array((ones, (labels[rows], rows)), shape=(clustering.n_groups, len(labels)))


def _popular(clustering: Clustering, group: int, popularity: Floats) -> list[int]:
    rows = np.flatnonzero(clustering.labels == group)
    near = rows[falling(clustering.closeness[rows])][: max(TYPICAL, len(rows) // NEAR)]
    return [int(row) for row in near[falling(popularity[near])[:TYPICAL]]]


def _distinct_items(weights: Rows, base: Floats) -> list[list[int]]:
    """Return items by ``p log(p / q)``, p the share of an item in what the group has and q in what all have."""
    overall = base / max(base.sum(), 1e-12)
    result = []
    for group in range(weights.shape[0]):
        row = weights[[group]]
        shares = row.data / max(float(row.data.sum()), 1e-12)
        surplus = shares * np.log(np.maximum(shares, 1e-12) / np.maximum(overall[row.indices], 1e-12))
        order = falling(surplus, row.indices)[:TYPICAL]
        result.append([int(num) for num in row.indices[order]])
    return result


def _affinities(weights: Rows, clusters: Groups, base: Floats) -> list[tuple[Affinity, ...]]:
    """Return the groups of items that each group of users has more often than all users."""
    n = len(clusters.groups)
    placed = np.where(clusters.labels == NO_GROUP, n, clusters.labels)
    overall = np.bincount(placed, weights=base, minlength=n + 1)[:n] / max(base.sum(), 1e-12)
    result = []
    for group in range(weights.shape[0]):
        row = weights[[group]]
        totals = np.bincount(placed[row.indices], weights=row.data, minlength=n + 1)[:n]
        shares = totals / max(float(row.data.sum()), 1e-12)
        order = falling(shares - overall)[:MOST_AFFINITIES].tolist()
        more = [num for num in order if displayed(shares[num]) > displayed(MORE * overall[num])]
        result.append(tuple(Affinity(num, round(float(shares[num]), 6), round(float(overall[num]), 6)) for num in more))
    return result
