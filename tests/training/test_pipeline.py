"""From files to a model: reproducible, consistent, and better than popularity."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.annoy_index import AnnoyVectorIndex
from recsys.config import Config
from recsys.console import Stages
from recsys.index import ExactIndex
from recsys.recommender import Recommender
from recsys.store import Store
from tests import factories
from tests.training.files import config, table
from training import clock, pipeline
from training.evaluate import Measured
from training.pipeline import Trained

LATEST_SMALL = factories.SHARED_DATA / "ml-latest-small"
ITEMS = factories.SAMPLE / "items.csv"
EVENTS = {"watch": 1.0, "like": 2.0}
LSA = {"encoder": "lsa", "lsa_dim": 16}
QUIET = Stages(quiet=True)


@pytest.fixture(scope="module")
def some_users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of the first 250 users of the sample."""
    with (factories.SAMPLE / "interactions.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    chosen = [row for row in rows if row[0] <= "u0250"]
    return table(tmp_path_factory.mktemp("sample") / "i.csv", chosen, header)


def small(path: Path, **sections: Any) -> Config:
    als = {"factors": 8, "iterations": 5} | sections.pop("als", {})
    index = sections.pop("index", {"n_trees": 5, "queries": 50})
    return config(path, ITEMS, als=als, content=LSA, events=EVENTS, index=index, **sections)


@pytest.fixture(scope="module")
def trained(some_users: Path) -> Trained:
    return pipeline.train(small(some_users), QUIET)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def published(folder: Path, changed: Config) -> dict[str, bytes]:
    """All files of the only version of a new store, under their paths from the store."""
    model = pipeline.train(changed, QUIET)
    Store(folder).publish(model.model, model.header, clock.now())
    return {name: content for name, content in files_of(folder).items() if name != ".lock"}


def test_the_same_data_and_seed_give_the_same_bytes(
    some_users: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    one, same = (published(tmp_path / name, small(some_users)) for name in ("one", "same"))
    other = published(tmp_path / "other", small(some_users, als={"random_state": 1}))
    assert len(one) > 15
    assert one == same
    assert one.keys() != other.keys()  # the version carries a part of the hash of the content


@pytest.mark.slow
def test_hash_seed_and_threads_change_no_byte(some_users: Path, tmp_path: Path) -> None:
    stores = []
    for name, hash_seed, threads in (("one", "1", "1"), ("two", "2", "2")):
        command = [str(Path(sys.executable).with_name("recsys"))]
        changes = [
            f'data.interactions="{some_users}"',
            f'data.items="{ITEMS}"',
            'data.rejects=""',
            f'store.path="{tmp_path / name}"',
        ]
        changes += ['content.encoder="lsa"', "content.lsa_dim=16", "als.factors=8", "events.watch=1", "events.like=2"]
        sets = [part for change in changes for part in ("--set", change)]
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "OMP_NUM_THREADS": threads,
            "SOURCE_DATE_EPOCH": "1790000000",
        }
        subprocess.run([*command, "train", *sets], cwd=tmp_path, env=environment, check=True, capture_output=True)
        stores.append({file: content for file, content in files_of(tmp_path / name).items() if file != ".lock"})
    assert len(stores[0]) > 15
    assert stores[0] == stores[1]


def test_the_header_says_what_the_model_is(trained: Trained, some_users: Path) -> None:
    header, model, pairs = trained.header, trained.model, trained.dataset.interactions
    with some_users.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert header.counts.interactions == len(pairs) == len({(row["user_id"], row["item_id"]) for row in rows})
    assert header.counts.users == len(model.users) == len({row["user_id"] for row in rows})
    assert header.counts.items == len(model.catalog)
    assert (header.shape.factors, header.shape.text_dim) == (8, 16)
    assert header.shape.content_scale == model.layout.content_scale > 0
    assert header.encoder.name == "lsa"
    assert header.parameters["als"]["factors"] == 8  # type: ignore[index, call-overload]
    assert "store" not in header.parameters


def test_the_checksum_of_the_data_changes_with_the_data(trained: Trained, some_users: Path, tmp_path: Path) -> None:
    with some_users.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    shorter = table(tmp_path / "i.csv", rows[:-1], header)
    assert pipeline.train(small(shorter), QUIET).header.data_sha256 != trained.header.data_sha256


def test_scores_are_the_product_of_user_and_item_rows(trained: Trained) -> None:
    """score = p . q + s (c . t), summed here part by part."""
    model = trained.model
    rows = model.items_for_user.table.rows(np.arange(len(model.catalog), dtype=np.int32)).astype(np.float64)
    for user_num in range(0, len(model.users), 25):
        seen = model.histories.items_of(user_num).tolist()
        texts = rows[:, 8:] / model.layout.content_scale
        mean = texts[seen].sum(axis=0)
        mean /= np.linalg.norm(mean)
        scores = rows[:, :8] @ model.user_factors[user_num] + model.layout.content_scale * (texts @ mean)
        scores[seen] = -np.inf
        expected = [model.catalog.items.id(num) for num in np.argsort(-scores)[:10]]
        answer = Recommender(model, "v").recommend(model.users.id(user_num), exact=True)
        assert [item.item_id for item in answer.items] == expected
        assert [item.score for item in answer.items] == pytest.approx(np.sort(scores)[::-1][:10], abs=1e-4)


def test_nobody_is_recommended_what_was_seen(trained: Trained) -> None:
    recommender = Recommender(trained.model, "v")
    for user_num in range(len(trained.model.users)):
        seen = {trained.model.catalog.items.id(num) for num in trained.model.histories.items_of(user_num).tolist()}
        answer = recommender.recommend(trained.model.users.id(user_num))
        assert len(answer.items) == 10
        assert not seen & {item.item_id for item in answer.items}


def test_cold_items_can_be_recommended_by_their_content(trained: Trained) -> None:
    cold = np.flatnonzero(trained.dataset.interactions.item_counts() == 0)
    rows = trained.model.items_for_user.table.rows(cold.astype(np.int32))
    assert len(cold) > 10
    assert not rows[:, :8].any()
    assert rows[:, 8:].any(axis=1).all()
    whole = Recommender(trained.model, "v").recommend("u0001", len(trained.model.catalog)).items
    assert {item.source for item in whole} == {"blended", "content"}


@pytest.mark.parametrize(("kind", "index"), [("exact", ExactIndex), ("annoy", AnnoyVectorIndex)])
def test_the_configured_index_serves(some_users: Path, kind: str, index: type) -> None:
    changed = small(some_users, index={"n_trees": 20, "recall": 0.8, "queries": 50, "kind": kind})
    model = pipeline.train(changed, QUIET).model
    assert isinstance(model.items_for_user, index)
    assert isinstance(model.items_like_item, index)
    assert model.forests.keys() == {"items_for_user", "items_like_item"}


def figures(measured: list[Measured], metric: str) -> dict[str, tuple[float, float, float]]:
    return {one.name: (one.figures[metric].low, one.figures[metric].mean, one.figures[metric].high) for one in measured}


def check_floor(measured: list[Measured]) -> None:
    """The blend is clearly above popularity (their 95% intervals do not meet) and above each of its parts."""
    assert [one.name for one in measured] == ["blended", "behaviour alone", "content alone", "popularity"]
    for metric in ("recall@10", "ndcg@10", "hit_rate@10"):
        found = figures(measured, metric)
        assert found["blended"][0] > found["popularity"][2]
        assert found["blended"][1] > max(found["behaviour alone"][1], found["content alone"][1])
    coverage = {one.name: one.coverage for one in measured}
    assert coverage["blended"] > 3 * coverage["popularity"]


@pytest.mark.slow
def test_quality_floor_on_the_sample() -> None:
    content = {"encoder": "lsa"}
    measured = pipeline.compare(
        config(factories.SAMPLE / "interactions.csv", ITEMS, content=content, events=EVENTS), 0.2, 10, QUIET
    )
    check_floor(measured)
    assert measured[0].users > 900
    assert figures(measured, "recall@10")["blended"][1] > 0.13


@pytest.mark.slow
@pytest.mark.skipif(not LATEST_SMALL.is_dir(), reason=f"{LATEST_SMALL.name} is not on this machine")
def test_quality_floor_on_movielens() -> None:
    measured = pipeline.compare(
        config(LATEST_SMALL, data={"preset": "movielens"}, content={"encoder": "lsa"}), 0.2, 10, QUIET
    )
    check_floor(measured)
    assert measured[0].users == 671
    assert figures(measured, "ndcg@10")["blended"][1] > 0.09


def test_a_comparison_is_the_same_twice(some_users: Path) -> None:
    one, same = (pipeline.compare(small(some_users), 0.2, 5, QUIET) for _ in range(2))
    assert one == same
    assert {name for found in one for name in found.figures} == {
        "recall@5",
        "ndcg@5",
        "precision@5",
        "hit_rate@5",
        "mrr@5",
    }
    assert all(0 < found.figures["recall@5"].mean < 0.5 for found in one)


def test_stages_are_told_in_their_order(some_users: Path) -> None:
    stages = Stages(quiet=True)
    pipeline.train(small(some_users), stages)
    assert list(stages.seconds) == ["read", "factorize", "encode", "index"]
