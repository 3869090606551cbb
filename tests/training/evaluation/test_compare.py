"""The model beside its parts and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.config import Config
from recsys.data.histories import Histories
from recsys.model.popularity import Popularity
from recsys.progress import Stages
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest
from tests.support import factories
from tests.support.files import config
from tests.support.sample import EVENTS, ITEMS, small
from training import measure, pipeline
from training.evaluation import compare
from training.evaluation.results import Measured
from training.evaluation.validation import Validation, held_out
from training.factors.blend import FittedParts, exact_model
from training.run import Protocol
from training.tuning import search
from training.tuning.search import Task, Tuned

LATEST_SMALL = factories.SHARED_DATA / "ml-latest-small"
QUIET = Stages(quiet=True)


def figures(measured: Sequence[Measured], metric: str) -> dict[str, tuple[float, float, float]]:
    return {one.name: (one.figures[metric].low, one.figures[metric].mean, one.figures[metric].high) for one in measured}


def check_floor(measured: Sequence[Measured]) -> None:
    """The blend is clearly above popularity (their 95% intervals do not meet) and above each of its parts."""
    assert [one.name for one in measured] == ["blended", "behaviour alone", "content alone", "item-KNN", "popularity"]
    for metric in ("recall@10", "ndcg@10", "hit_rate@10"):
        found = figures(measured, metric)
        assert found["blended"][0] > found["popularity"][2]
        assert found["blended"][1] > max(found[name][1] for name in ("behaviour alone", "content alone", "item-KNN"))
    coverage = {one.name: one.lists["catalog_coverage"] for one in measured}
    assert coverage["blended"] > 3 * coverage["popularity"]


@pytest.mark.slow
def test_quality_floor_on_the_sample() -> None:
    changed = config(factories.SAMPLE / "interactions.csv", ITEMS, content={"encoder": "lsa"}, events=EVENTS)
    measured = pipeline.compare(changed, Protocol("temporal", 0.2, 10), QUIET).measured
    check_floor(measured)
    assert measured[0].users > 900
    assert figures(measured, "recall@10")["blended"][1] > 0.13


@pytest.mark.slow
@pytest.mark.skipif(not LATEST_SMALL.is_dir(), reason=f"{LATEST_SMALL.name} is not on this machine")
def test_quality_floor_on_movielens() -> None:
    changed = config(LATEST_SMALL, data={"preset": "movielens"}, content={"encoder": "lsa"})
    measured = pipeline.compare(changed, Protocol("temporal", 0.2, 10), QUIET).measured
    check_floor(measured)
    assert measured[0].users == 668  # of 671; three have too few liked films for a share to be held out
    assert figures(measured, "ndcg@10")["blended"][1] > 0.09


def test_a_comparison_is_the_same_twice(some_users: Path) -> None:
    one, same = (pipeline.compare(small(some_users), Protocol("temporal", 0.2, 5), QUIET) for _ in range(2))
    assert one == same
    assert (one.k, one.protocol) == (5, "last 20% of users' interactions by time, from 238 of 250 users")
    assert {name for found in one.measured for name in found.figures} == {
        *("recall@5", "ndcg@5", "precision@5", "hit_rate@5", "mrr@5", "ndcg_full@5", "map@5"),
    }
    assert all(0 < found.figures["recall@5"].mean < 0.5 for found in one.measured)
    assert all(found.recall_over_k is not None and max(found.recall_over_k) == 100 for found in one.measured)


def test_leave_one_out_is_the_same_twice_and_easier(some_users: Path) -> None:
    one, same = (
        pipeline.leave_one_out(small(some_users), Protocol("leave-last-out", 0.2, 10), 50, QUIET) for _ in range(2)
    )
    assert one == same
    assert one.keys() == {"hr@10", "ndcg@10"}
    assert 0.3 < one["hr@10"].mean < 1


def test_a_search_before_a_comparison_sees_nothing_of_what_is_tested(
    some_users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[Task] = []
    really = search.search

    def noted(task: Task, *rest: Any) -> Tuned:
        tasks.append(task)
        return really(task, *rest)

    monkeypatch.setattr(search, "search", noted)
    tune = {"storage": "", "max_factors": 8, "cheap_factors": 8, "max_iterations": 4}
    searched = pipeline.compare(small(some_users, tune=tune), Protocol("temporal", 0.2, 10, 2), QUIET)
    plain = pipeline.compare(small(some_users), Protocol("temporal", 0.2, 10), QUIET)
    assert searched.measured[-1].figures == plain.measured[-1].figures  # popularity: the same users and test part
    assert searched.measured[0].figures != plain.measured[0].figures
    (task,) = tasks
    seen = len(task.validation.train) + len(task.validation.test)
    assert seen <= 0.85 * len(pipeline.prepare_data(small(some_users), QUIET).dataset.interactions)


def parts_of(path: Path, **sections: Any) -> tuple[FittedParts, Validation, Config]:
    changed = small(path, **sections)
    made = pipeline.prepare_data(changed, QUIET)
    validation = held_out(made.dataset.interactions, "auto", 0.2, 42)
    assert validation is not None
    return measure.fitted_parts(made, validation), validation, changed


def test_nothing_that_is_held_out_is_learned_from(some_users: Path) -> None:
    parts, validation, _ = parts_of(some_users)
    assert parts.interactions is validation.train
    gone = validation.train.item_counts() == 0
    assert not parts.factors.items[gone].any()
    assert not parts.behavior[gone].nnz
    assert not parts.behavior[:, gone].nnz


def test_a_disliked_item_may_stand_in_a_list_that_is_measured(some_users: Path) -> None:
    """When it was disliked is not told, so it must not be taken from the lists: here everybody dislikes what is tested."""
    changed = small(some_users)
    made = pipeline.prepare_data(changed, QUIET)
    validation = held_out(made.dataset.interactions, "auto", 0.2, 42)
    assert validation is not None
    test = validation.test
    disliked = Histories.from_pairs(test.user_nums, test.item_nums, len(test.users), len(test.items))
    bothered = replace(made, dataset=replace(made.dataset, seen_only=disliked))
    one, other = (
        compare.compare_baselines(measure.fitted_parts(of, validation), validation, changed, 10)
        for of in (made, bothered)
    )
    assert one == other
    assert one.measured[0].figures["recall@10"].mean > 0.05


def test_pair_scores_are_those_of_the_lists(some_users: Path) -> None:
    parts, validation, changed = parts_of(some_users)
    recommender = Recommender(exact_model(parts, changed), "v")
    user = int(validation.users[3])
    answer = recommender.recommend(parts.interactions.users.id(user), ListRequest(5)).items
    nums = np.array([parts.catalog.items.get(item.item_id) for item in answer], dtype=np.int32)
    scores = compare.pair_scores(parts, changed)(np.full(5, user, dtype=np.int32), nums)
    assert scores.dtype == np.float64
    assert scores == pytest.approx([item.score for item in answer], abs=1e-5)


def test_without_texts_there_is_no_content_alone(some_users: Path) -> None:
    changed = config(some_users, als={"factors": 4, "iterations": 3}, events=EVENTS)
    comparison = pipeline.compare(changed, Protocol("auto", 0.2, 10), QUIET)
    assert [one.name for one in comparison.measured] == ["blended", "behaviour alone", "item-KNN", "popularity"]


def test_popularity_is_the_popular_unseen_items(some_users: Path) -> None:
    parts, validation, changed = parts_of(some_users)
    measured = compare.compare_baselines(parts, validation, changed, 10).measured[-1]
    order = Popularity.from_interactions(validation.train).order
    history, test = (of.matrix() for of in (validation.train, validation.test))
    recalls = []
    for user in validation.users.tolist():
        seen, wanted = set(history[user].indices.tolist()), set(test[user].indices.tolist())
        top = [num for num in order.tolist() if num not in seen][:10]
        recalls.append(len(wanted & set(top)) / len(wanted))
    assert measured.figures["recall@10"].mean == pytest.approx(np.mean(recalls), abs=1e-6)
