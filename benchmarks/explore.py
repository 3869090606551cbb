"""Quality of groups, item map and names: `python -m benchmarks.explore STORE ...` for trained models,
`python -m benchmarks.explore --users CONFIG [section.key=value ...]` for predictions of held-out interactions by segments.

Needs scikit-learn and a model with `[explore]` enabled; docs/explore.md explains the figures.
"""

from __future__ import annotations

import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import HDBSCAN
from sklearn.metrics import normalized_mutual_info_score, silhouette_score
from threadpoolctl import threadpool_limits

from recsys.bundle.store import Store
from recsys.config import Config
from recsys.config_file import load_config
from recsys.data.histories import Histories
from recsys.data.interactions import Interactions
from recsys.data.vectors import Vectors
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.progress import Stages
from training import measure
from training.evaluation.validation import held_out
from training.explore import clustering, explore
from training.factors.blend import blend_parts
from training.pipeline import prepare_data

MEASURED = 2000
COUNTS = (2, 4, 8, 16, 32)
K = 10


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--users":
        _users(load_config(Path(sys.argv[2]), sys.argv[3:]))
        return
    for path in sys.argv[1:]:
        _model(path, Store(Path(path)).load().model)


def _model(path: str, model: Model) -> None:
    started, steps = time.process_time(), [time.process_time()]
    _, found = explore.explore(model, Config(), lambda _: steps.append(time.process_time()))
    spent = ", ".join(f"{after - before:.1f}" for before, after in pairwise(steps))
    print(f"{path}: {len(model.catalog)} items, {len(model.users)} users, {steps[-1] - started:.1f} s of CPU ({spent})")
    print("  " + ", ".join(f"{name} {value:g}" for name, value in found.metrics().items()))
    assert found.clusters is not None
    assert found.segments is not None
    for what, tried in (("items", found.clusters.tried), ("users", found.segments.tried)):
        summary = " | ".join(f"{one.count}: {one.silhouette:.3f}, {one.stability:.2f}" for one in tried)
        print(f"  {what} by count, silhouette and stability: {summary}")
    rows = model.items_like_item.table.rows(np.arange(len(model.catalog), dtype=np.int32))
    known = np.flatnonzero(rows.any(axis=1))
    few = np.random.default_rng(0).permutation(known)[:MEASURED]
    labels = found.clusters.labels
    whole = silhouette_score(rows[few], labels[few], metric="cosine")
    print(f"  silhouette of the clusters in all dimensions {whole:.3f}, on the map {_on_map(model, labels, few):.3f}")
    for name, truth in _values(model).items():
        print(f"  clusters and the first {name}: normalized mutual information {_shared(labels, truth, known):.3f}")
    _hdbscan(rows, few)


def _on_map(model: Model, labels: NDArray[np.int32], few: NDArray[np.integer]) -> float:
    return float(silhouette_score(model.need(ItemMap).places[few], labels[few]))


def _values(model: Model) -> dict[str, NDArray[np.str_]]:
    """Return the first value of each attribute that is a list of words."""
    found: dict[str, list[str]] = {}
    for num, item in enumerate(model.catalog):
        for name, value in item.attributes.items():
            if isinstance(value, list):
                found.setdefault(name, [""] * len(model.catalog))[num] = value[0]
    return {name: np.array(values) for name, values in found.items()}


def _shared(labels: NDArray[np.int32], truth: NDArray[np.str_], known: NDArray[np.integer]) -> float:
    labeled = known[truth[known] != ""]
    return float(normalized_mutual_info_score(truth[labeled], labels[labeled]))


def _hdbscan(rows: Vectors, few: NDArray[np.integer]) -> None:
    """Measure HDBSCAN on the same vectors, for comparison."""
    narrow = clustering._along(clustering._leading(rows[few]), rows[few]).astype(np.float64)
    for smallest in (5, 10, 20):
        labels = HDBSCAN(min_cluster_size=smallest, copy=True).fit(narrow).labels_
        print(f"  HDBSCAN, groups of {smallest} or more: {labels.max() + 1} groups, {np.mean(labels < 0):.0%} in none")


def _users(config: Config) -> None:
    """Print the recall of the most popular unseen items of a user's segment, by number of segments."""
    prepared = prepare_data(config, Stages(quiet=True))
    validation = held_out(prepared.dataset.interactions, "auto", config.evaluate.share, config.als.random_state)
    assert validation is not None
    parts = measure.fitted_parts(prepared, validation)
    items, used = blend_parts(parts, config.blend).like_item, _matrix(validation.train)
    vectors = explore.user_vectors(used, items)
    one_segment = np.zeros(len(vectors), dtype=np.int32)
    print(f"recall@{K} of items popular among all users: {_recall(one_segment, used, validation.test):.4f}")
    with threadpool_limits(1):
        for count in (*COUNTS, "auto"):
            found = clustering.cluster(vectors, count, config.als.random_state)  # type: ignore[arg-type]
            labels = np.maximum(found.labels, 0)
            print(f"  with the {found.n_groups} segments of {count}: {_recall(labels, used, validation.test):.4f}")


def _matrix(pairs: Interactions) -> sparse.csr_array:
    shape = (len(pairs.users), len(pairs.items))
    return sparse.csr_array((np.ones(len(pairs), dtype=np.float32), (pairs.user_nums, pairs.item_nums)), shape=shape)


def _recall(labels: NDArray[np.int32], used: sparse.csr_array, test: Interactions) -> float:
    groups = sparse.csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))))
    counts = np.asarray((groups @ used).todense())
    counts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) + 1e-9 * used.sum(axis=0)
    wanted, found = Histories.from_interactions(test), []
    for user in np.unique(test.user_nums).tolist():
        scores = counts[labels[user]].copy()
        scores[used.indices[used.indptr[user] : used.indptr[user + 1]]] = -1
        best = np.argsort(-scores, kind="stable")[:K]
        relevant = wanted.items_of(user)
        found.append(np.isin(best, relevant).sum() / min(K, len(relevant)))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
