"""Users that stand out: false profiles in a made-up crowd are found, people are not accused, figures are those of loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.attackers import Attack, Direction, Kind, plant
from recsys.model.extras.anomalies import SUSPECT, Outliers
from tests.support.crowd import DAY, crowd
from training.ingest.dataset import Ratings
from training.insights import anomalies, coordinated_users, odd_users

GENUINE = crowd()


def suspects(found: Outliers) -> list[int]:
    return sorted(found.nums[found.scores > SUSPECT].tolist())


@pytest.mark.parametrize("kind", ["random", "average", "bandwagon"])
@pytest.mark.parametrize("direction", ["push", "nuke"])
def test_false_profiles_are_found_and_the_target_named(kind: Kind, direction: Direction) -> None:
    attack = Attack(kind, direction, 0.05, 0.1)
    for seed in range(2):
        planted = plant(_rated(GENUINE), attack, seed)
        found = anomalies.odd_users(planted.ratings)
        accused = suspects(found)
        false = np.flatnonzero(planted.false).tolist()
        assert len(set(accused) & set(false)) >= 0.9 * len(false)
        assert len(set(accused) - set(false)) <= 2
        first = found.at(0)
        assert planted.target in {finding.other for finding in first.findings}
        assert {"choice", direction} <= {finding.kind for finding in first.findings}


def _rated(ratings: Ratings) -> Ratings:
    """With an item that is rated often and well, so that there is one to attack."""
    assert ratings.values is not None
    values = ratings.values.copy()
    values[ratings.item_nums == 0] = np.maximum(values[ratings.item_nums == 0], 4)
    return replace(ratings, values=values)


def test_people_are_not_accused() -> None:
    for seed in range(3):
        assert suspects(anomalies.odd_users(crowd(seed=seed))) == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("skew", [0.0, 0.8])
def test_tastes_are_not_accused(seed: int, skew: float) -> None:
    """Four groups of one taste each, in a catalog whose items are all as popular, or some far more: nobody is false."""
    random = np.random.default_rng(seed)
    taste, kind = random.integers(4, size=200), np.arange(300) % 4
    popularity = random.permutation(np.arange(1.0, 301.0) ** -skew)
    chances = popularity * np.where(kind == taste[:, None], 8.0, 1.0)
    chosen = [random.choice(300, 15, replace=False, p=row / row.sum()) for row in chances]
    users, items = np.repeat(np.arange(200, dtype=np.int32), 15), np.concatenate(chosen).astype(np.int32)
    found = anomalies.odd_users(Ratings(users, items, None, None, 200, 300))
    assert suspects(found) == []
    assert len(found) < 10


def test_without_ratings_having_the_item_is_what_odd_users_have_in_common() -> None:
    planted = plant(GENUINE, Attack("random", "push", 0.1, 0.15), 1)
    found = anomalies.odd_users(replace(planted.ratings, values=None))
    assert len(set(suspects(found)) & set(np.flatnonzero(planted.false).tolist())) >= 0.9 * planted.false.sum()
    assert "together" in {finding.kind for finding in found.at(0).findings}


def test_choice_against_a_loop() -> None:
    """The first round, in which everybody counts."""
    n_of = odd_users.lengths(GENUINE)
    users_of = np.bincount(GENUINE.item_nums, minlength=GENUINE.n_items)
    mean = len(GENUINE) / GENUINE.n_items
    for user in (0, 17, 249):
        items = GENUINE.item_nums[GENUINE.user_nums == user]
        by_hand = np.mean([np.log((users_of[item] - 1 + 0.5) / (mean + 0.5)) for item in items])
        assert odd_users._choice(GENUINE, np.ones(GENUINE.n_users), n_of)[0][user] == pytest.approx(by_hand)
        others = np.median([users_of[item] - 1 for item in items])
        assert anomalies._medians(GENUINE)[user] == pytest.approx(others)


def test_a_group_by_hand() -> None:
    """Four odd users and one other give item 0 the highest rating; others give it to twenty other items, and low ones too."""
    users = np.arange(185, dtype=np.int32)
    items = np.array([0] * 5 + [1 + num % 20 for num in range(180)], dtype=np.int32)
    values = np.array([5.0] * 5 + [5.0] * 60 + [1.0] * 120)
    ratings = Ratings(users, items, values, None, 185, 21)
    odd = np.isin(np.arange(185), [0, 1, 2, 3])
    (found,) = coordinated_users.groups(ratings, odd, coordinated_users.ends(ratings, odd))
    assert (found.item_num, found.kind, found.numbers[0]) == (0, "push", 5.0)
    assert (found.members.tolist(), found.numbers[1:3]) == ([0, 1, 2, 3], (4, 5))
    assert found.numbers[3] == pytest.approx(1 / 61 * 5)
    assert found.numbers[4] == pytest.approx(2 * 21 * binom.sf(3, 5, 1 / 61))


def test_what_others_think_of_an_item_is_no_surprise() -> None:
    """Everybody loves item 0, so it says nothing that odd users do as well."""
    users = np.arange(60, dtype=np.int32)
    items = np.array([0] * 40 + [1] * 20, dtype=np.int32)
    values = np.array([5.0] * 40 + [1.0, 2.0] * 10)
    ratings = Ratings(users, items, values, None, 60, 2)
    push, nuke = coordinated_users.ends(ratings, np.zeros(60, dtype=bool))
    assert not push.there.any()
    assert (push.kind, nuke.kind) == ("push", "nuke")


def test_a_burst_is_found_and_named() -> None:
    seldom = int(np.flatnonzero(np.bincount(GENUINE.item_nums, minlength=700) == 6)[0])
    assert GENUINE.timestamps is not None
    times = GENUINE.timestamps.copy()
    there = np.flatnonzero(GENUINE.item_nums == seldom)
    times[there[0]] = times.min()
    day = int(np.sort(times)[len(times) // 2])
    times[there[1:]] = day + np.arange(5) * 600
    found = coordinated_users.bursts(replace(GENUINE, timestamps=times))
    assert found[0].item_num == seldom
    assert found[0].members.tolist() == sorted(GENUINE.user_nums[there[1:]].tolist())
    assert (found[0].numbers[1], found[0].numbers[3]) == (6, day)
    assert seldom not in {burst.item_num for burst in coordinated_users.bursts(GENUINE)}
    assert coordinated_users.bursts(replace(GENUINE, timestamps=None)) == []


def test_a_burst_that_makes_the_opinion_of_its_item_is_still_a_surprise() -> None:
    """More came within the day than there were before: together with theirs, the mean is near their own rating."""
    ratings = _with_a_burst(others=[2.0] * 8, value=5.0)
    (found,) = coordinated_users.surprising_bursts(ratings)
    assert (found.item_num, len(found.members), found.numbers[1]) == (0, 20, 20)
    assert (
        coordinated_users.ends(ratings, np.zeros(ratings.n_users, dtype=bool))[0].there[ratings.item_nums == 0].sum()
        == 0
    )


@pytest.mark.parametrize("others", [[5.0] * 4 + [4.5] * 4, []], ids=["they agree", "there are none"])
def test_a_burst_that_contradicts_nobody_speaks_against_no_user(others: list[float]) -> None:
    ratings = _with_a_burst(others, value=5.0)
    assert 0 in {burst.item_num for burst in coordinated_users.bursts(ratings)}
    assert coordinated_users.surprising_bursts(ratings) == []


def _with_a_burst(others: list[float], value: float) -> Ratings:
    """Item 0 has some ratings at any time and then 20 of one value within a day; 30 other items have 100 each over a year."""
    n_others = len(others)
    items = np.array([0] * (n_others + 20) + [1 + num % 30 for num in range(3000)], dtype=np.int32)
    values = np.concatenate((others, [value] * 20, np.resize([1.0, 2.0, 3.0, 4.0, 5.0], 3000)))
    times = np.concatenate(
        (np.arange(n_others) * 30 * DAY, 300 * DAY + np.arange(20), np.arange(3000) * DAY * 365 // 3000)
    )
    users = np.arange(len(items), dtype=np.int32)
    return Ratings(users, items, values, times.astype(np.int64), len(items), 31)


def test_a_bot_is_told_by_its_pace_and_volume_and_is_no_suspect_by_one_of_them() -> None:
    assert GENUINE.timestamps is not None
    times = GENUINE.timestamps.copy()
    busiest = int(np.argmax(odd_users.lengths(GENUINE)))
    times[GENUINE.user_nums == busiest] = int(times.max()) - np.arange((GENUINE.user_nums == busiest).sum())
    found = anomalies.odd_users(replace(GENUINE, timestamps=times))
    place = found.nums.tolist().index(busiest)
    (pace,) = (one for one in found.at(place).findings if one.kind == "pace")
    assert pace.numbers[1] == odd_users.lengths(GENUINE)[busiest]
    assert pace.strength > 0.5


def test_paces_by_hand() -> None:
    users = np.array([0, 0, 0, 0, 1], dtype=np.int32)
    times = np.array([0, 3599, 3600, 9000, 5], dtype=np.int64)
    ratings = Ratings(users, np.arange(5, dtype=np.int32), None, times, 3, 5)
    assert anomalies._paces(ratings).tolist() == [2, 1, 0]


def test_the_same_data_says_the_same() -> None:
    one, same = (anomalies.odd_users(crowd(seed=4)).numbers for _ in range(2))
    assert one.tolist() == same.tolist()


@pytest.mark.parametrize("n", [0, 1, 20])
def test_of_few_users_nothing_is_said(n: int) -> None:
    nums = np.arange(n, dtype=np.int32)
    ratings = Ratings(nums, nums, np.full(n, 3.0), np.full(n, DAY, dtype=np.int64), max(1, n), max(1, n))
    assert len(anomalies.odd_users(ratings)) == 0


def test_robust_deviations_by_hand() -> None:
    everybody = np.ones(4, dtype=bool)
    assert odd_users.robust_z(np.array([2.0, 2.0, 2.0, 6.0]), everybody, 0.5).tolist() == [0, 0, 0, 8]
    found = odd_users.robust_z(np.array([1.0, 2.0, 3.0, 99.0]), np.array([True, True, True, False]), 0.5)
    assert found.tolist() == pytest.approx([-1 / 1.4826, 0, 1 / 1.4826, 97 / 1.4826])


def test_deviations_of_short_histories_are_wider() -> None:
    random = np.random.default_rng(0)
    noise = np.repeat([4.0, 0.01], 500)
    values = random.normal(0, np.sqrt(0.25 + noise))
    found = odd_users._deviations(values, noise, np.ones(1000, dtype=bool))
    assert found[:500].std() == pytest.approx(1, abs=0.1)
    assert found[500:].std() == pytest.approx(1, abs=0.1)
