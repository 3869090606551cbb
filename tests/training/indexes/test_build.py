"""The forest is as good as promised, or training refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest

from recsys.config import IndexConfig
from recsys.data.vectors import Vectors
from recsys.errors import ModelRejectedError
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex, VectorTable
from tests.support import factories
from training.indexes.build import BuiltIndex, build_index, sample
from training.indexes.forest_or_scan import RECALL_AT, Query

N, DIM = 3000, 16


def queries(table: VectorTable) -> Sequence[Query]:
    """Sixty vectors, each with the row numbers of three seen items."""
    vectors = factories.random_vectors(60, DIM, 9)
    seen = [np.arange(row, min(row + 3, len(table)), dtype=np.int32) for row in range(len(vectors))]
    return list(zip(vectors, seen, strict=True))


def built(vectors: Vectors | None = None, seed: int = 1, **changes: Any) -> BuiltIndex:
    vectors = factories.random_vectors(N, DIM) if vectors is None else vectors
    return build_index("items_for_user", vectors, queries, IndexConfig(**{"n_trees": 20, **changes}), seed)


def dumb_recall(index: BuiltIndex, vectors: Vectors) -> float:
    """Share of the ten largest products among unseen rows that the forest returns."""
    recalls = []
    for vector, skip in queries(index.forest.table):
        scores = {num: float(vectors[num] @ vector) for num in range(len(vectors)) if num not in skip.tolist()}
        best = sorted(scores, key=lambda num: -scores[num])[:RECALL_AT]
        found = [
            num for num in index.forest.query(vector, RECALL_AT + len(skip)).nums.tolist() if num not in skip.tolist()
        ]
        recalls.append(len(set(best) & set(found[:RECALL_AT])) / RECALL_AT)
    return float(np.mean(recalls))


@pytest.mark.parametrize("floor", [0.5, 0.9, 0.98])
def test_the_forest_reaches_the_recall_that_was_asked_for(floor: float) -> None:
    index = built(recall=floor, kind="annoy")
    assert index.info.recall >= floor
    assert index.info.forest_recall == pytest.approx(dumb_recall(index, factories.random_vectors(N, DIM)))
    assert index.forest.search_k == index.info.search_k


def test_a_higher_recall_looks_at_more_vectors() -> None:
    depths = [built(recall=floor, kind="annoy").info.search_k for floor in (0.5, 0.9, 0.98)]
    assert depths == sorted(depths)
    assert depths[0] < depths[-1]


def test_the_choice_and_the_measurement_are_the_same_in_two_runs() -> None:
    one, other = built(), built()
    assert one.info == other.info
    assert type(one.serving) is type(other.serving)


@pytest.mark.parametrize(("kind", "index"), [("annoy", AnnoyVectorIndex), ("exact", ExactIndex)])
def test_what_was_asked_for_serves(kind: Literal["annoy", "exact"], index: type) -> None:
    found = built(kind=kind)
    assert isinstance(found.serving, index)
    assert found.info.serves == kind
    assert found.points[0].name.startswith(kind)  # the report fills the first one
    assert isinstance(found.forest, AnnoyVectorIndex)


def test_auto_takes_the_scan_where_it_stops_early_and_the_forest_where_it_cannot() -> None:
    early = factories.random_vectors(20_000, 4) * np.geomspace(100, 0.01, 20_000, dtype=np.float32)[:, None]
    even = factories.random_vectors(20_000, 4)
    even /= np.linalg.norm(even, axis=1, keepdims=True)

    def asked(_: VectorTable) -> Sequence[Query]:
        return [(vector, np.empty(0, np.int32)) for vector in factories.random_vectors(40, 4, 9)]

    scan, forest = (build_index("x", vectors, asked, IndexConfig(n_trees=10), 1).info for vectors in (early, even))
    assert (scan.serves, forest.serves) == ("exact", "annoy")
    assert scan.scan_rows < forest.scan_rows == 20_000
    assert scan.recall == 1.0


@pytest.mark.parametrize("kind", ["annoy", "auto"])
def test_a_search_that_is_too_shallow_is_refused(kind: str) -> None:
    message = (
        r"index items_for_user: recall@10 is 0\.\d+ \(standard error 0\.\d+\) at search_k 1 with 1 trees, "
        r"index\.recall asks for 0\.98; raise index\.n_trees, lower index\.recall, or set index\.kind = \"auto\""
    )
    with pytest.raises(ModelRejectedError, match=message):
        built(kind=kind, search_k=1, n_trees=1)


def test_a_forest_that_would_have_to_be_a_scan_is_refused_where_annoy_is_asked_for() -> None:
    vectors = factories.random_vectors(4000, DIM)
    with pytest.raises(ModelRejectedError, match=r"recall@10 is 0\.\d+ .* at search_k 2560 with 1 trees"):
        built(vectors, kind="annoy", n_trees=1, recall=1.0)
    info = built(vectors, kind="auto", n_trees=1, recall=1.0).info
    assert (info.serves, info.recall) == ("exact", 1.0)


def test_an_exact_index_needs_no_deep_forest() -> None:
    info = built(kind="exact", search_k=1, n_trees=1).info
    assert (info.serves, info.recall, info.search_k) == ("exact", 1.0, 1)
    assert info.forest_recall < 0.9


@pytest.mark.parametrize("n", [1, 2, 11])
def test_catalogs_smaller_than_an_answer(n: int) -> None:
    info = built(factories.random_vectors(n, DIM)).info
    assert (info.recall, info.forest_recall, info.scan_rows) == (1.0, 1.0, n)


def test_vectors_of_zeros_are_answered() -> None:
    assert built(np.zeros((50, DIM), dtype=np.float32)).info.recall == 1.0


def test_a_user_who_saw_everything_does_not_matter() -> None:
    def asked(_: VectorTable) -> Sequence[Query]:
        return [(vector, np.arange(20, dtype=np.int32)) for vector in factories.random_vectors(5, DIM)]

    assert build_index("x", factories.random_vectors(20, DIM), asked, IndexConfig(), 1).info.recall == 1.0


def test_a_sample_is_of_different_numbers_and_the_same_for_a_seed() -> None:
    chosen = sample(1000, 50, 3)
    assert len(set(chosen.tolist())) == 50
    assert chosen.tolist() == sorted(chosen.tolist()) == sample(1000, 50, 3).tolist()
    assert 0 <= chosen.min() <= chosen.max() < 1000
    assert chosen.tolist() != sample(1000, 50, 4).tolist()
    assert sample(5, 50, 3).tolist() == [0, 1, 2, 3, 4]
