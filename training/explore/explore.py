"""Groups, map and directions of all items and users of a model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    """Clusterings, None where ``explore.enabled`` is off, and the trust in the map, None without a map."""

    clusters: Clustering | None = None
    segments: Clustering | None = None
    trust: float | None = None

    def metrics(self) -> dict[str, float]:
        """Return the metrics for the manifest."""
        if self.clusters is None or self.segments is None:
            return {}
        metrics = {} if self.trust is None else {"map trustworthiness": round(self.trust, 6)}
        for name, groups in (("clusters", self.clusters), ("segments", self.segments)):
            metrics[name] = float(groups.n_groups)
            if groups.quality is not None:
                metrics[f"{name} silhouette"] = groups.quality.silhouette
                metrics[f"{name} stability"] = groups.quality.stability
        return metrics


def explore(model: Model, config: Config, advance: Callable[[int], None] = lambda _: None) -> tuple[Model, Explored]:
    """Return the model with groups, map and directions, and their quality; unchanged where ``explore.enabled`` is off.

    `advance` is called after each of STEPS steps.
    """
    if not config.explore.enabled:
        return model, Explored()
    # sums of several threads differ in the last digit from run to run; OpenMP counts for each thread that asks
    with threadpool_limits(1), ThreadPoolExecutor(1, initializer=threadpool_limits, initargs=(1,)) as beside:
        return _explored(model, config, beside, advance)


def _explored(
    model: Model, config: Config, beside: ThreadPoolExecutor, advance: Callable[[int], None]
) -> tuple[Model, Explored]:
    options, seed, factors = config.explore, config.als.random_state, model.layout.factors
    items = model.items_like_item.table.rows(np.arange(len(model.catalog), dtype=np.int32))
    placing = beside.submit(item_map.place, items, options.map_items, seed) if options.map_items else None
    used = sparse.csr_array(model.histories.matrix())
    users_of = np.bincount(used.indices, minlength=len(items)).astype(np.float64)
    describer = Describer(model.catalog, Lexicon.from_catalog(model.catalog), np.ones(len(items)))
    advance(1)
    clusters = clustering.cluster(items, options.clusters, seed)
    item_groups = label_groups.of_items(clusters, describer, users_of)
    advance(1)
    segments = clustering.cluster(user_vectors(used, items), options.segments, seed)
    user_groups = label_groups.of_users(segments, used, item_groups, replace(describer, base=users_of))
    advance(1)
    behavior = directions.directions("collaborative", items[:, :factors], options.directions, describer, users_of)
    content = directions.directions("content", items[:, factors:], options.directions, describer, users_of)
    advance(1)
    placed = placing.result() if placing else None
    advance(1)
    extras = [item_groups, user_groups, Directions(behavior + content), *([ItemMap(placed.places)] if placed else [])]
    return model.with_extras(*extras), Explored(clusters, segments, placed.trust if placed else None)


def user_vectors(used: sparse.csr_array, items: Vectors) -> Vectors:
    """Return the mean of `items` (n_items, dim) over each history (n_users, n_items), ones; zero without a history."""
    lengths: NDArray[np.integer] = np.diff(used.indptr)
    totals: Vectors = np.asarray(used @ items, dtype=np.float32)
    totals /= np.maximum(lengths, 1)[:, None].astype(np.float32)
    return totals
