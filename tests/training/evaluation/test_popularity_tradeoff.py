"""What a penalty of popularity costs and brings: figures of lists that were made one by one, and the section of the report."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys.progress import Stages
from recsys.recommend.batch import recommend_many
from recsys.recommend.recommender import Recommender
from tests.support.sample import small
from training import measure, pipeline
from training.evaluation import list_metrics, popularity_tradeoff
from training.evaluation.results import Comparison
from training.evaluation.segments import HeldOut
from training.evaluation.validation import held_out
from training.factors.blend import exact_model
from training.report.data import ReportData
from training.report.render import render
from training.run import Protocol

QUIET = Stages(quiet=True)


@pytest.fixture(scope="module")
def comparison(some_users: Path) -> Comparison:
    return pipeline.compare(small(some_users), Protocol("temporal", 0.2, 5), QUIET)


def test_the_first_point_is_the_model_and_more_penalty_brings_less_popular_items(comparison: Comparison) -> None:
    points = comparison.tradeoff
    assert [point.penalty for point in points] == list(popularity_tradeoff.PENALTIES)
    model = comparison.measured[0]
    assert points[0].recall == model.figures["recall@5"]
    assert points[0].ndcg == model.figures["ndcg@5"]
    assert points[0].coverage == model.lists["catalog_coverage"]
    assert points[0].head_10_percent == model.lists["head_10_percent"]
    assert points[0].percentile == model.lists["mean_popularity_percentile"]
    some = points[popularity_tradeoff.PENALTIES.index(0.2)]
    assert some.coverage > points[0].coverage
    assert some.gini < points[0].gini
    for one, more in itertools.pairwise(points):
        assert more.novelty >= one.novelty - 0.01
        assert more.percentile <= one.percentile + 0.5


def test_points_are_those_of_lists_one_by_one(some_users: Path) -> None:
    config = small(some_users)
    made = pipeline.prepare_data(config, QUIET)
    validation = held_out(made.dataset.interactions, "temporal", 0.2, 42, with_cold_items=False)
    assert validation is not None
    asking = Recommender(exact_model(measure.fitted_parts(made, validation), config), "")
    held = HeldOut(validation.train, validation.test)
    points = popularity_tradeoff.measure(asking, held, 5, 42)
    at = list(popularity_tradeoff.PENALTIES).index(0.3)
    top = np.stack([one.nums for one in recommend_many(asking, held.users, 5, exact=True, penalty=0.3)])
    counts = validation.train.item_counts()
    assert points[at].gini == pytest.approx(list_metrics.exposure_gini(top, len(counts)), abs=1e-6)
    assert points[at].coverage == pytest.approx(len(np.unique(top)) / len(counts), abs=1e-6)


def test_of_many_users_some_are_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch, some_users: Path) -> None:
    monkeypatch.setattr(popularity_tradeoff, "MOST_USERS", 40)
    one, same = (pipeline.compare(small(some_users), Protocol("temporal", 0.2, 5), QUIET).tradeoff for _ in range(2))
    assert one == same


def section_of(comparison: Comparison) -> str:
    """The section of the report about the penalty, or its reason to be left out."""
    page = " ".join(render(ReportData({}, comparison, "m", (), {}, {}, (), "")).split())
    (section,) = re.findall('<section [^>]*>(?:<h2>|<p class="lead">)The popularity penalty.*?</section>', page)
    return str(section)


def test_the_section_shows_every_penalty_and_says_how_far_it_is_free(comparison: Comparison) -> None:
    shown = section_of(comparison)
    assert shown.count("<tr") == 1 + len(popularity_tradeoff.PENALTIES)
    assert "coverage goes from" in shown
    assert 'aria-label="ndcg@5 over the share of the catalog' in shown
    dear = tuple(replace(one, ndcg=replace(one.ndcg, mean=0.0)) for one in comparison.tradeoff[1:])
    costly = section_of(replace(comparison, tradeoff=(comparison.tradeoff[0], *dear)))
    assert "Every penalty that was tried costs more hits than chance explains" in costly
    assert "it was not measured" in section_of(replace(comparison, tradeoff=()))


def test_head_share_and_percentile_by_hand() -> None:
    counts = np.array([9, 5, 5, 1, 0, 0, 0, 0, 0, 0], dtype=np.int64)
    lists = np.array([[0, 1], [0, 3], [2, -1]], dtype=np.int32)
    assert list_metrics.head_share(lists, counts, 0.1) == 2 / 5
    assert list_metrics.head_share(lists, counts, 0.11) == 3 / 5
    assert list_metrics.mean_popularity_percentile(lists, counts) == pytest.approx((95 + 80 + 95 + 65 + 80) / 5)
    nothing = np.full((2, 2), -1, dtype=np.int32)
    assert list_metrics.head_share(nothing, counts, 0.1) is None
    assert list_metrics.mean_popularity_percentile(nothing, counts) is None
