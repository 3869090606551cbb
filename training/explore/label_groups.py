"""From clusterings to groups with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys.model.extras.groups import NO_GROUP, Affinity, Clusters, Group, Groups, Segments
from recsys.score_order import displayed, falling
from training.explore.clustering import Clustering
from training.explore.describe import Describer

TYPICAL = 5  # items that stand for a group
NEAR = 4  # one of so many members is near the centre
MOST_AFFINITIES = 5
MORE = 1.1  # as much as all use, from which on an affinity is told

Rows = sparse.csr_array
Floats = NDArray[np.float64]
G = TypeVar("G", bound=Groups)


def of_items(found: Clustering, describer: Describer, popularity: Floats) -> Clusters:
    """Groups of items, described by their members; the most used of those near the centre stand for each.

    Parameters
    ----------
    popularity : float64 array (n_items,)
        Interactions of each item.
    """
    items = [_known(found, group, popularity) for group in range(found.n_groups)]
    return _described(Clusters, found, describer, _members(found), items, [()] * found.n_groups)


def of_users(found: Clustering, used: Rows, clusters: Groups, describer: Describer) -> Segments:
    """Groups of users, described by the items that they have, and by the groups of these.

    Parameters
    ----------
    used : sparse array (n_users, n_items) of ones
    clusters : Groups
        Of the items.
    """
    weights = sparse.csr_array(_members(found) @ used)
    items = _distinct_items(weights, describer.base)
    told = _affinities(weights, clusters, describer.base)
    return _described(Segments, found, describer, weights, items, told)


def _described(
    kind: type[G],
    found: Clustering,
    describer: Describer,
    weights: Rows,
    items: Sequence[Sequence[int]],
    affinities: Sequence[tuple[Affinity, ...]],
) -> G:
    """Groups with their meanings; of equal names the later ones are numbered."""
    names: dict[str, int] = {}
    groups = []
    for group, meaning in enumerate(describer.meanings(weights, items)):
        name = describer.name(meaning, of_users=kind is Segments)
        names[name] = names.get(name, 0) + 1
        numbered = name if names[name] == 1 else f"{name} ({names[name]})"
        cohesion = float(found.closeness[found.labels == group].mean(dtype=np.float64))
        groups.append(Group(numbered, round(cohesion, 6), meaning, affinities[group]))
    return kind.from_labels(found.labels, found.closeness, groups)


def _members(found: Clustering) -> Rows:
    """Ones where a row is in a group, (n_groups, n)."""
    rows = np.flatnonzero(found.labels != NO_GROUP)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_array((ones, (found.labels[rows], rows)), shape=(found.n_groups, len(found.labels)))


def _known(found: Clustering, group: int, popularity: Floats) -> list[int]:
    rows = np.flatnonzero(found.labels == group)
    near = rows[falling(found.closeness[rows])][: max(TYPICAL, len(rows) // NEAR)]
    return [int(row) for row in near[falling(popularity[near])[:TYPICAL]]]


def _distinct_items(weights: Rows, base: Floats) -> list[list[int]]:
    """Items by ``p log(p / q)``, p the share of an item in what the group has and q in what all have."""
    overall = base / max(base.sum(), 1e-12)
    found = []
    for group in range(weights.shape[0]):
        row = weights[[group]]
        shares = row.data / max(float(row.data.sum()), 1e-12)
        surplus = shares * np.log(np.maximum(shares, 1e-12) / np.maximum(overall[row.indices], 1e-12))
        order = falling(surplus, row.indices)[:TYPICAL]
        found.append([int(num) for num in row.indices[order]])
    return found


def _affinities(weights: Rows, clusters: Groups, base: Floats) -> list[tuple[Affinity, ...]]:
    """The groups of items that each group of users has more often than all have."""
    n = len(clusters.groups)
    placed = np.where(clusters.labels == NO_GROUP, n, clusters.labels)
    overall = np.bincount(placed, weights=base, minlength=n + 1)[:n] / max(base.sum(), 1e-12)
    found = []
    for group in range(weights.shape[0]):
        row = weights[[group]]
        totals = np.bincount(placed[row.indices], weights=row.data, minlength=n + 1)[:n]
        shares = totals / max(float(row.data.sum()), 1e-12)
        order = falling(shares - overall)[:MOST_AFFINITIES].tolist()
        told = [num for num in order if displayed(shares[num]) > displayed(MORE * overall[num])]
        found.append(tuple(Affinity(num, round(float(shares[num]), 6), round(float(overall[num]), 6)) for num in told))
    return found
