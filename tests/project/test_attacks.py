"""The program that plants false profiles: what it plants, and the figures it compares with."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.attack_features import FEATURES, auc, hv, rdma, wdma
from benchmarks.attackers import Attack, Kind, plant
from tests.support.crowd import DAY, crowd
from training.ingest.dataset import Ratings

GENUINE = crowd()


@pytest.mark.parametrize("kind", ["random", "average", "bandwagon", "popular"])
def test_an_attack_is_as_it_was_ordered(kind: Kind) -> None:
    attack = Attack(kind, "push", 0.04, 0.1, "one day")
    planted = plant(GENUINE, attack, 3)
    ratings, n = planted.ratings, 70 + 1 + 10 * (kind == "bandwagon")
    assert ratings.values is not None
    assert ratings.timestamps is not None
    assert planted.false.sum() == ratings.n_users - GENUINE.n_users == 10
    false = planted.false[ratings.user_nums]
    assert false.sum() == 10 * n
    assert ratings.take(~false).user_nums.tolist() == GENUINE.user_nums.tolist()
    on_target = false & (ratings.item_nums == planted.target)
    assert ratings.values[on_target].tolist() == [5.0] * 10
    assert np.ptp(ratings.timestamps[false]) < DAY + 3600
    assert 5 <= (GENUINE.item_nums == planted.target).sum() <= 20
    pairs = ratings.user_nums.astype(np.int64) * ratings.n_items + ratings.item_nums
    assert len(np.unique(pairs)) == len(ratings)
    assert set(np.unique(ratings.values * 2)) <= set(range(1, 11))


def test_a_seed_repeats_an_attack_and_another_one_does_not() -> None:
    attack = Attack("average", "push", 0.02, 0.05)
    one, same, other = (plant(GENUINE, attack, seed) for seed in (1, 1, 2))
    assert one.ratings.values is not None
    assert same.ratings.values is not None
    assert one.ratings.values.tolist() == same.ratings.values.tolist()
    assert one.target == same.target != other.target


def test_figures_by_hand() -> None:
    ratings = Ratings(
        np.array([0, 0, 1], np.int32), np.array([0, 1, 0], np.int32), np.array([5.0, 2.0, 3.0]), None, 2, 2
    )
    assert rdma(ratings).tolist() == pytest.approx([(1 / 2 + 0) / 2, 1 / 2])
    assert wdma(ratings).tolist() == pytest.approx([(1 / 4 + 0) / 2, 1 / 4])
    mean = 10 / 3
    left = (5 - 3.5 - 4 + mean) ** 2 + (2 - 3.5 - 2 + mean) ** 2
    assert hv(ratings)[0] == pytest.approx(left / (1.5**2 + 1.5**2))
    assert auc(np.array([3.0, 1.0, 2.0, 2.0]), np.array([True, False, True, False])) == pytest.approx((2 + 1.5) / 4)


@pytest.mark.parametrize("name", FEATURES)
def test_figures_are_one_of_each_user(name: str) -> None:
    found = FEATURES[name](GENUINE)
    assert found.shape == (GENUINE.n_users,)
    assert np.all(np.isfinite(found))
