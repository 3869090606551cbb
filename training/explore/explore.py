"""What a model says of all its items and users: groups, a map, and what its directions mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys.config import Config
from recsys.data.vectors import Vectors
from recsys.model.extras.directions import Directions
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from training.explore import clustering, directions, item_map, label_groups
from training.explore.clustering import Clustering
from training.explore.describe import Describer
from training.explore.lexicon import Lexicon

STEPS = 5


@dataclass(frozen=True, eq=False)
class Explored:
    """What was found, for the report and the manifest.

    Parameters
    ----------
    clusters, segments : Clustering or None
        None where nothing was looked for.
    trust : float
        Of the map, see :class:`training.explore.item_map.Placed`.
    """

    clusters: Clustering | None = None
    segments: Clustering | None = None
    trust: float = 1.0

    def metrics(self) -> dict[str, float]:
        """What the manifest keeps."""
        if self.clusters is None or self.segments is None:
            return {}
        found = {"map trustworthiness": round(self.trust, 6)}
        for name, one in (("clusters", self.clusters), ("segments", self.segments)):
            found[name] = float(one.n_groups)
            if one.quality is not None:
                found[f"{name} silhouette"] = one.quality.silhouette
                found[f"{name} stability"] = one.quality.stability
        return found


def explore(model: Model, config: Config, advance: Callable[[int], None] = lambda _: None) -> tuple[Model, Explored]:
    """The model with groups, map and directions, and how good they are; unchanged where ``explore.enabled`` is off.

    Parameters
    ----------
    advance : callable
        Is told after each of STEPS steps.
    """
    if not config.explore.enabled:
        return model, Explored()
    with threadpool_limits(1):  # sums of several threads differ in the last digit from run to run
        return _explored(model, config, advance)


def _explored(model: Model, config: Config, advance: Callable[[int], None]) -> tuple[Model, Explored]:
    asked, seed, factors = config.explore, config.als.random_state, model.layout.factors
    items = model.items_like_item.table.rows(np.arange(len(model.catalog), dtype=np.int32))
    used = _used(model)
    users_of = np.bincount(used.indices, minlength=len(items)).astype(np.float64)
    describer = Describer(model.catalog, Lexicon.from_catalog(model.catalog), np.ones(len(items)))
    advance(1)
    clusters = clustering.cluster(items, asked.clusters, seed)
    item_groups = label_groups.of_items(clusters, describer, users_of)
    advance(1)
    segments = clustering.cluster(user_vectors(used, items), asked.segments, seed)
    user_groups = label_groups.of_users(segments, used, item_groups, replace(describer, base=users_of))
    advance(1)
    placed = item_map.place(items, asked.map_items, seed)
    advance(1)
    behaviour = directions.directions("collaborative", items[:, :factors], asked.directions, describer, users_of)
    content = directions.directions("content", items[:, factors:], asked.directions, describer, users_of)
    advance(1)
    made = model.with_extras(item_groups, user_groups, ItemMap(placed.places), Directions(behaviour + content))
    return made, Explored(clusters, segments, placed.trust)


def user_vectors(used: sparse.csr_array, items: Vectors) -> Vectors:
    """The mean of the item rows of each history, (n_users, dim); zero without a history.

    Parameters
    ----------
    used : sparse array (n_users, n_items) of ones
    items : float32 array (n_items, dim)
    """
    lengths: NDArray[np.integer] = np.diff(used.indptr)
    totals: Vectors = np.asarray(used @ items, dtype=np.float32)
    totals /= np.maximum(lengths, 1)[:, None].astype(np.float32)
    return totals


def _used(model: Model) -> sparse.csr_array:
    """Ones where an item is in a history, (n_users, n_items)."""
    histories = model.histories
    ones = np.ones(len(histories.item_nums), dtype=np.float32)
    shape = (len(model.users), len(model.catalog))
    return sparse.csr_array((ones, histories.item_nums.astype(np.int32), histories.indptr), shape=shape)
