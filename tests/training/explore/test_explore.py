"""The stage of training that looks at all items and users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from recsys.bundle.store import Store
from recsys.data.part import Part
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Clusters, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.progress import Stages
from tests.support import factories, tastes
from tests.support.files import config
from tests.support.parts import arrays
from training import pipeline
from training.report import collect
from training.run import TrainingRun

QUIET = Stages(quiet=True)
EXPLORE = {"enabled": True}
N_TASTES = 3

KINDS: tuple[type[Part], ...] = (Clusters, Segments, ItemMap, Directions)


def train(folder: Path, *, texts: bool = True, **explore: object) -> TrainingRun:
    pairs = tastes.tastes(90, 48, N_TASTES, cold=3)
    interactions, items = tastes.files(folder, pairs, tastes.texts(48, N_TASTES) if texts else ())
    made = config(
        interactions,
        items,
        als={"factors": 8, "iterations": 5},
        content={"encoder": "lsa" if texts else "none", "lsa_dim": 8},
        index={"n_trees": 5, "queries": 50},
        evaluate={"gate": False},
        explore=EXPLORE | explore,
    )
    return pipeline.train(made, QUIET)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    return train(tmp_path_factory.mktemp("explored"))


def test_the_tastes_are_the_clusters_and_the_segments(trained: TrainingRun) -> None:
    model = trained.model
    items = [int(one[1:]) % N_TASTES for one in model.catalog.items]
    users = [int(one[1:]) % N_TASTES for one in model.users]
    assert len(model.need(Clusters).groups) == len(model.need(Segments).groups) == N_TASTES
    assert adjusted_rand_score(items, model.need(Clusters).labels) == 1
    assert adjusted_rand_score(users, model.need(Segments).labels) > 0.9


def test_they_are_named_by_the_words_of_their_taste(trained: TrainingRun) -> None:
    model = trained.model
    for groups, ids in ((model.need(Clusters), model.catalog.items), (model.need(Segments), model.users)):
        for group, one in enumerate(groups.groups):
            taste = int(ids.id(int(groups.members_of(group)[0]))[1:]) % N_TASTES
            assert len(one.meaning.words) >= 5
            assert all(word.word.startswith(f"word{taste}x") for word in one.meaning.words)
            assert (f"word{taste}x" in one.name) == (groups is model.need(Clusters)), (
                "users share no value: titles name them"
            )


def test_segments_use_the_clusters_of_their_taste(trained: TrainingRun) -> None:
    model = trained.model
    for group, one in enumerate(model.need(Segments).groups):
        taste = int(model.users.id(int(model.need(Segments).members_of(group)[0]))[1:]) % N_TASTES
        best = one.affinities[0]
        assert int(model.catalog.items.id(int(model.need(Clusters).members_of(best.group)[0]))[1:]) % N_TASTES == taste
        assert best.share > 0.8
        assert best.overall == pytest.approx(1 / 3, abs=0.1)
        assert {int(model.catalog.items.id(num)[1:]) % N_TASTES for num in one.meaning.items} == {taste}


def test_the_quality_is_in_the_manifest(trained: TrainingRun) -> None:
    metrics = trained.header.metrics
    assert metrics["clusters"] == metrics["segments"] == 3
    assert metrics["clusters silhouette"] > 0.3
    assert metrics["clusters stability"] > 0.9
    assert metrics["map trustworthiness"] > 0.8


def test_every_item_has_a_place(trained: TrainingRun) -> None:
    assert trained.model.need(ItemMap).placed().all()


def test_directions_of_both_spaces(trained: TrainingRun) -> None:
    found = trained.model.need(Directions).directions
    assert [(one.space, one.number) for one in found] == [
        *(("collaborative", number) for number in range(1, 6)),
        *(("content", number) for number in range(1, 6)),
    ]


def test_a_bundle_keeps_it_all(trained: TrainingRun, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.publish(trained.model, trained.header, factories.NOON)
    read = store.load().model
    assert read.need(Clusters).groups == trained.model.need(Clusters).groups
    assert read.need(Segments).groups == trained.model.need(Segments).groups
    assert read.need(Directions).directions == trained.model.need(Directions).directions
    assert np.array_equal(read.need(ItemMap).places, trained.model.need(ItemMap).places)


def test_the_same_again(trained: TrainingRun, tmp_path: Path) -> None:
    again = train(tmp_path).model
    for kind in KINDS:
        first, second = (arrays(one.need(kind)) for one in (trained.model, again))
        for column, array in first.items():
            assert np.array_equal(array, second[column], equal_nan=kind is ItemMap), (kind, column)


def test_how_many_may_be_said(tmp_path: Path) -> None:
    model = train(tmp_path, clusters=5, segments=2, directions=1, map_items=20).model
    assert (len(model.need(Clusters).groups), len(model.need(Segments).groups), len(model.need(Directions))) == (
        5,
        2,
        2,
    )
    assert model.need(ItemMap).placed().all()


def test_without_texts_groups_are_named_by_items(tmp_path: Path) -> None:
    model = train(tmp_path, texts=False).model
    assert all(one.name.startswith("like i0") for one in model.need(Clusters).groups)
    assert {one.space for one in model.need(Directions).directions} == {"collaborative"}


def test_off_is_off(tmp_path: Path) -> None:
    trained = train(tmp_path, enabled=False)
    assert all(trained.model.extra(kind) is None for kind in KINDS)
    assert not [name for name in trained.header.metrics if "clusters" in name]
    assert "Groups, map and directions: left out" in collect.collect_report(trained, {}).decode()


def test_the_report_shows_them(trained: TrainingRun) -> None:
    page = collect.collect_report(trained, {"read": 1.0}).decode()
    for key in ("map", "clusters", "segments", "directions"):
        assert f'<section id="{key}"' in page
    assert trained.model.need(Clusters).groups[0].name in page
    assert "adjusted Rand index" in page
