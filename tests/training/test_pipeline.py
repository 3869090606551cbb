"""From files to a model: reproducible, consistent, and better than popularity."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.bundle.records import REPORT
from recsys.bundle.store import Store
from recsys.chat.preference_parser import understand
from recsys.chat.preferences import Message
from recsys.config import Config
from recsys.errors import ModelRejectedError, UnansweredError
from recsys.explore.outliers import page as page_of_outliers
from recsys.index.annoy import AnnoyVectorIndex
from recsys.index.exact import ExactIndex
from recsys.progress import Advance, Stages, Unit
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support.files import table
from tests.support.sample import ITEMS, small
from training import pipeline
from training.cli import build_time
from training.evaluation.results import Comparison
from training.factors import als, neighbors
from training.report import collect
from training.run import TrainingRun

QUIET = Stages(quiet=True)


@pytest.fixture(scope="module")
def trained(some_users: Path) -> TrainingRun:
    return pipeline.train(small(some_users), QUIET)


@pytest.mark.parametrize("unlisted", ["hide", "keep"])
def test_items_without_a_record_are_learned_from_and_shown_only_when_kept(
    some_users: Path, tmp_path: Path, unlisted: str
) -> None:
    with ITEMS.open(encoding="utf-8", newline="") as stream:
        header, *records = csv.reader(stream)
    gone = {record[0] for record in records[::2]}
    few = table(tmp_path / "items.csv", records[1::2], header)
    changed = small(some_users, data={"unlisted_items": unlisted})
    data = changed.data.model_copy(update={"items": changed.data.items.model_copy(update={"file": str(few)})})
    run = pipeline.train(changed.model_copy(update={"data": data}), QUIET)
    model, recommender = run.model, Recommender(run.model, "m")
    shown = {item_id for item_id in gone if item_id in model.catalog.items}
    assert bool(shown) == (unlisted == "keep")
    assert len(run.factors.items) > len(records[1::2])  # those of the others too
    assert len(model.user_factors) == len(model.users) == len(run.dataset.interactions.users)
    request = ListRequest(50)
    lists = [recommender.recommend(user_id, request) for user_id in list(model.users)[:20]]
    lists += [recommender.popular(request), recommender.similar_items(records[1][0], request)]
    listed = {item.item_id for answer in lists for item in answer.items}
    assert bool(listed & gone) == (unlisted == "keep")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def published(folder: Path, changed: Config) -> dict[str, bytes]:
    """All files of the only version of a new store, under their paths from the store."""
    model = pipeline.train(changed, QUIET)
    Store(folder).publish(model.model, model.header, build_time.now())
    return {name: content for name, content in files_of(folder).items() if name != ".lock"}


def but_for_times(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a store whose bundle has a report, which tells how long everything took, and so has no fixed bytes."""
    kept = {}
    for name, content in files.items():
        if name.endswith("/manifest.json"):
            manifest = json.loads(content)
            assert manifest["files"].pop(REPORT)
            kept[name] = json.dumps(manifest).encode()
        elif not name.endswith((f"/{REPORT}", "/manifest.sha256")):
            kept[name] = content
    return kept


def test_the_same_data_and_seed_give_the_same_bytes(
    some_users: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    one, same = (published(tmp_path / name, small(some_users)) for name in ("one", "same"))
    other = published(tmp_path / "other", small(some_users, als={"random_state": 1}))
    assert len(one) > 8
    assert one == same
    assert one.keys() != other.keys()  # the version carries a part of the hash of the content


@pytest.mark.soak
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
        changes += ["evaluate.gate=false", 'tune.storage=""', "tune.max_factors=16", "tune.max_iterations=4"]
        sets = [part for change in changes for part in ("--set", change)]
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "OMP_NUM_THREADS": threads,
            "SOURCE_DATE_EPOCH": "1790000000",
        }
        subprocess.run(
            [*command, "train", "--tune", "2", *sets], cwd=tmp_path, env=environment, check=True, capture_output=True
        )
        stores.append(
            but_for_times({file: data for file, data in files_of(tmp_path / name).items() if file != ".lock"})
        )
    assert len(stores[0]) > 8
    assert stores[0] == stores[1]


def test_the_header_says_what_the_model_is(trained: TrainingRun, some_users: Path) -> None:
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


def test_the_checksum_of_the_data_changes_with_the_data(trained: TrainingRun, some_users: Path, tmp_path: Path) -> None:
    with some_users.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    shorter = table(tmp_path / "i.csv", rows[:-1], header)
    assert pipeline.train(small(shorter), QUIET).header.data_sha256 != trained.header.data_sha256


def test_scores_are_the_sum_of_all_parts(trained: TrainingRun) -> None:
    """score = p . q' + e s (c . t) + n^-1/2 sum (S_behavior + e S_words), summed here part by part in float64."""
    model, pairs, changed = trained.model, trained.dataset.interactions, trained.config
    factors, blend = als.fit(pairs, changed.als), changed.blend
    behavior = neighbors.by_behavior(pairs, blend.n_neighbors, blend.neighbor_power, changed.als.random_state)
    words = neighbors.by_words(trained.dataset.catalog.texts(), blend.n_neighbors)
    prior = neighbors.factor_prior(words, factors.items, pairs.item_counts())
    own = pairs.item_counts() / (pairs.item_counts() + blend.prior_at)
    own = np.where(prior.any(axis=1), own, 1)[:, None]
    shrunk = own * factors.items + (1 - own) * prior
    lengths = [np.linalg.norm(side[side.any(axis=1)], axis=1).mean() for side in (factors.users, factors.items)]
    unit = lengths[0] * lengths[1]
    table = model.items_for_user.table
    texts = table.rows(np.arange(len(model.catalog), dtype=np.int32))[:, 8:].astype(np.float64)
    texts /= np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-9)
    for user_num in range(0, len(model.users), 25):
        seen = model.histories.items_of(user_num).tolist()
        emphasis, mean = 1 + blend.short_history / len(seen), texts[seen].sum(axis=0)
        near = blend.neighbors * behavior + emphasis * blend.lexical * words
        scores = shrunk @ factors.users[user_num].astype(np.float64)
        scores += unit * blend.beta * emphasis * (texts @ (mean / np.linalg.norm(mean)))
        scores += unit * len(seen) ** -0.5 * near[seen].toarray().sum(axis=0)
        scores[seen] = -np.inf
        expected = [model.catalog.items.id(num) for num in np.argsort(-scores)[:10]]
        answer = Recommender(model, "v").recommend(model.users.id(user_num), ListRequest(exact=True))
        assert [item.item_id for item in answer.items] == expected
        assert [item.score for item in answer.items] == pytest.approx(np.sort(scores)[::-1][:10], abs=1e-4)


def test_nobody_is_recommended_what_was_seen(trained: TrainingRun) -> None:
    recommender = Recommender(trained.model, "v")
    for user_num in range(len(trained.model.users)):
        seen = {trained.model.catalog.items.id(num) for num in trained.model.histories.items_of(user_num).tolist()}
        answer = recommender.recommend(trained.model.users.id(user_num))
        assert len(answer.items) == 10
        assert not seen & {item.item_id for item in answer.items}


def test_cold_items_have_the_factors_of_the_likest_and_can_be_recommended(trained: TrainingRun) -> None:
    pairs = trained.dataset.interactions
    cold = np.flatnonzero(pairs.item_counts() == 0)
    rows = trained.model.items_for_user.table.rows(cold.astype(np.int32))
    factors = als.fit(pairs, trained.config.als).items
    assert len(cold) > 10
    assert not factors[cold].any()
    words = neighbors.by_words(trained.dataset.catalog.texts(), trained.config.blend.n_neighbors)
    assert rows[:, :8] == pytest.approx(neighbors.factor_prior(words, factors, pairs.item_counts())[cold], abs=1e-6)
    assert rows[:, :8].any(axis=1).sum() > 10
    assert rows[:, 8:].any(axis=1).all()
    alike = trained.model.items_like_item.table.rows(cold.astype(np.int32))
    assert not alike[:, :8].any()  # what is like a cold item is a question of its content alone
    recommended = {
        item.item_id
        for user_num in range(len(trained.model.users))
        for item in Recommender(trained.model, "v").recommend(trained.model.users.id(user_num)).items
    }
    assert recommended & {pairs.items.id(num) for num in cold.tolist()}


@pytest.mark.parametrize(("kind", "index"), [("exact", ExactIndex), ("annoy", AnnoyVectorIndex)])
def test_the_configured_index_serves(some_users: Path, kind: str, index: type) -> None:
    changed = small(some_users, index={"n_trees": 20, "recall": 0.8, "queries": 50, "kind": kind})
    model = pipeline.train(changed, QUIET).model
    assert isinstance(model.items_for_user, index)
    assert isinstance(model.items_like_item, index)
    assert isinstance(model.items_by_text, index)
    assert model.forests.keys() == {"items_for_user", "items_like_item", "items_by_text"}


@dataclass
class CountedStages(Stages):
    """Notes the steps of each stage, and those that were done."""

    totals: dict[str, int | None] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def stage(self, name: str, total: int | None = None, unit: Unit = "steps") -> Iterator[Advance]:
        self.totals[name] = total
        with super().stage(name, total, unit):
            yield lambda steps: self.done.update({name: steps})


def test_stages_are_told_in_their_order_and_count_their_steps(some_users: Path) -> None:
    stages = CountedStages(quiet=True)
    pipeline.train(small(some_users), stages)
    fitted = [
        "factorize",
        "neighbors",
        "blend",
        "index",
        "keywords",
        "tags",
        "anomalies",
        "baskets",
        "lists",
        "explore",
    ]
    assert list(stages.seconds) == ["read", "encode", "words", "validate", "evaluate", *fitted]
    assert stages.totals["read"] == some_users.stat().st_size + ITEMS.stat().st_size
    assert stages.done["validate"] + 1 == stages.totals["validate"]  # the last one ends the stage
    counted = ("encode", "evaluate", "factorize", "index", "keywords", "tags", "anomalies", "baskets", "lists")
    assert {name: stages.done[name] for name in counted} == {name: stages.totals[name] for name in counted}
    stages = Stages(quiet=True)
    pipeline.train(small(some_users, evaluate={"gate": False}), stages)
    assert list(stages.seconds) == ["read", "encode", "words", *fitted]


def test_parts_that_are_switched_off_are_not_made(some_users: Path) -> None:
    off = {"enabled": True, "clusters": 2, "segments": 2, "directions": 0, "map_items": 0} | dict.fromkeys(
        ("names", "tags", "anomalies"), False
    )
    stages = Stages(quiet=True)
    sections: dict[str, Any] = {
        "blend": {"n_neighbors": 0},
        "evaluate": {"gate": False},
        "together": {"enabled": False},
    }
    run = pipeline.train(small(some_users, explore=off, **sections), stages)
    assert not {"tags", "anomalies", "baskets"} & stages.seconds.keys()
    assert not {"names", "tagging", "anomalies", "item_map", "together"} & {
        part.name for part in run.model.extras.values()
    }
    assert not len(run.model.neighborhood.item_nums)
    assert "map trustworthiness" not in run.header.metrics
    page = collect.collect_report(run, stages.seconds).decode()
    for because in ("explore.map_items is 0", "explore.tags is off", "explore.anomalies is off"):
        assert because in page
    recommender = Recommender(run.model, "m")
    with pytest.raises(UnansweredError, match="trained without anomalies"):
        page_of_outliers(recommender, "users", 1)
    with pytest.raises(UnansweredError, match="trained without names"):
        understand(run.model, [Message("user", "like Alien")])
    assert len(recommender.recommend(run.model.users.id(0), ListRequest(5)).items) == 5


def test_training_says_that_it_draws_from_long_histories(some_users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(neighbors, "PRODUCTS", 2000)
    monkeypatch.setattr(neighbors, "PRODUCTS_PER_PAIR", 0)
    pipeline.train(small(some_users, evaluate={"gate": False}), QUIET, on_progress=notes.append)
    assert any(note.startswith("neighbors: of users with more than") for note in notes)


def test_the_comparison_is_shown_before_the_final_fit_and_can_refuse(some_users: Path) -> None:
    shown: list[Comparison | None] = []
    stages = Stages(quiet=True)

    def refuse(comparison: Comparison | None) -> None:
        shown.append(comparison)
        raise ModelRejectedError("gate: no")

    with pytest.raises(ModelRejectedError, match="gate: no"):
        pipeline.train(small(some_users), stages, before_publish=refuse)
    assert "factorize" not in stages.seconds
    (comparison,) = shown
    assert comparison is not None
    assert comparison.protocol.startswith("last 10% of users' interactions by time, from 231 of 250 users")
    assert comparison.k == 10
    pipeline.train(small(some_users, evaluate={"gate": False}), QUIET, before_publish=shown.append)
    assert shown[1] is None


def test_the_manifest_has_the_figures_of_the_comparison(trained: TrainingRun) -> None:
    assert trained.comparison is not None
    figures = trained.comparison.measured[0].figures
    own = {name: value for name, value in trained.header.metrics.items() if not name.startswith("tags ")}
    assert own == {
        **{name: figure.mean for name, figure in figures.items()},
        "popularity ndcg@10": trained.comparison.measured[-1].figures["ndcg@10"].mean,
        "gain ndcg@10 standard error": trained.comparison.gains["popularity"].error,
        "users": trained.comparison.measured[0].users,
    }
    assert trained.comparison.gains["popularity"].error > 0
