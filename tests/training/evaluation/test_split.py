"""Four protocols, each against a computation by loops."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.data.interactions import Interactions
from recsys.errors import DataError
from tests.support import factories
from tests.support.files import pairs_of
from training.evaluation import split as splitting
from training.evaluation.split import Kind, Split

Row = tuple[int, int, int]


def data(rows: list[Row]) -> Interactions:
    """(user, item, time), each pair once; six users, or as many as there are, and nine items."""
    users, items, times = (np.array(column) for column in zip(*rows, strict=True))
    maps = (
        IdMap.from_ids([f"{name}{num}" for num in range(size)])
        for name, size in (("u", max(6, users.max() + 1)), ("i", 9))
    )
    return Interactions(
        *maps, users.astype(np.int32), items.astype(np.int32), np.ones(len(rows), np.float32), times.astype(np.int64)
    )


def rows_of(found: Interactions) -> set[Row]:
    assert found.timestamps is not None
    return set(zip(found.user_nums.tolist(), found.item_nums.tolist(), found.timestamps.tolist(), strict=True))


def is_a_cut(found: Split, rows: list[Row]) -> bool:
    """Every row is in one of two parts, neither of them empty."""
    train, test = rows_of(found.train), rows_of(found.test)
    return bool(train and test) and train | test == set(rows) and not train & test


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 4)), min_size=1, unique_by=lambda row: row[:2]
)


@given(ROWS, st.floats(0.01, 0.99), st.integers(0, 3))
def test_the_last_share_of_each_user_rounded_up_or_down(rows: list[Row], share: float, seed: int) -> None:
    histories: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for user, item, time in rows:
        histories[user].append((time, item))
    divisible = {user: sorted(history) for user, history in histories.items() if len(history) > 1}
    if not divisible:
        with pytest.raises(DataError, match="no user has two interactions, so nothing can be held out"):
            splitting.split(data(rows), "temporal", share, seed)
        return
    split = splitting.split(data(rows), "temporal", share, seed)
    assert is_a_cut(split, rows)
    n_test = Counter(split.test.user_nums.tolist())
    for user, history in divisible.items():
        n, wanted = n_test[user], share * len(history)
        assert n <= len(history) - 1
        assert min(math.floor(wanted + 1e-6), len(history) - 1) <= n <= max(1, math.ceil(wanted))
        newest = {(user, item, time) for time, item in history[len(history) - n :]}
        assert {row for row in rows_of(split.test) if row[0] == user} == newest
    assert set(n_test) <= set(divisible)
    assert 1 <= len(split.test) <= max(1, share * len(rows) + 1e-6)


@pytest.mark.parametrize(("kind", "share"), [("temporal", 0.1), ("random", 0.1), ("temporal", 0.29), ("cutoff", 0.1)])
def test_short_histories_lose_no_more_than_the_share(kind: Kind, share: float) -> None:
    whole = data([(user, item, 7 * user + 3 * item) for user in range(500) for item in range(user % 3 + 1)])
    found = splitting.split(whole, kind, share, 0)
    divisible = sum(user % 3 + 1 for user in range(500) if user % 3)
    if kind == "cutoff":
        assert 0 < len(found.test) <= share * len(whole)
    else:
        assert len(found.test) == math.floor(share * divisible)
        assert len(found.train) + len(found.test) == len(whole)
    assert (np.bincount(whole.user_nums)[found.test.user_nums] > 1).all()


def test_the_users_who_lose_a_fraction_are_drawn_by_the_seed() -> None:
    whole = data([(user, item, item) for user in range(100) for item in range(2)])
    drawn = [set(splitting.split(whole, "temporal", 0.1, seed).test.user_nums.tolist()) for seed in (0, 0, 1)]
    assert [len(users) for users in drawn] == [20, 20, 20]
    assert drawn[0] == drawn[1] != drawn[2]
    often = Counter(
        user for seed in range(200) for user in splitting.split(whole, "temporal", 0.1, seed).test.user_nums.tolist()
    )
    # each of 100 users with chance 0.2: 40 of 200 draws, standard deviation 5.7
    assert min(often.values()) > 15
    assert max(often.values()) < 65


def test_a_fifth_of_ten_is_the_last_two() -> None:
    pairs = [("a", f"i{number}") for number in range(10)]
    split = splitting.split(
        factories.interactions(pairs, times=[50, 90, 10, 70, 20, 30, 40, 60, 80, 0]), "temporal", 0.2, 0
    )
    assert pairs_of(split.test) == {("a", "i1"): (1.0, 90), ("a", "i8"): (1.0, 80)}


def test_both_parts_keep_all_users_and_items() -> None:
    whole = factories.interactions([("a", "x"), ("a", "y"), ("b", "z")], items=["cold"], times=[1, 2, 3])
    split = splitting.split(whole, "temporal", 0.5, 0)
    assert split.train.users is split.test.users is whole.users
    assert split.train.items is split.test.items is whole.items


@pytest.mark.parametrize("kind", ["temporal", "cutoff", "leave-last-out"])
def test_without_times_there_is_no_split_by_time(kind: Kind) -> None:
    with pytest.raises(DataError, match=r"needs timestamps; set data\.timestamp_column, or split at random"):
        splitting.split(factories.interactions([("a", "x"), ("a", "y")]), kind, 0.2, 0)


@pytest.mark.parametrize("kind", ["temporal", "leave-last-out", "random"])
def test_users_with_one_interaction_cannot_be_held_out(kind: Kind) -> None:
    lonely = factories.interactions([("a", "x"), ("b", "y"), ("c", "y")], times=[1, 2, 3])
    with pytest.raises(DataError, match=r"nothing can be held out of 3; check data\.user_column"):
        splitting.split(lonely, kind, 0.2, 0)


def test_random_needs_no_times() -> None:
    found = splitting.split(factories.interactions([("a", "x"), ("a", "y")]), "random", 0.2, 0)
    assert (len(found.train), len(found.test), found.test.timestamps) == (1, 1, None)


@given(ROWS, st.floats(0.01, 0.99), st.integers(0, 9))
def test_a_random_share_holds_out_as_many_as_the_last_share(rows: list[Row], share: float, seed: int) -> None:
    whole = data(rows)
    if np.bincount(whole.user_nums).max() == 1:
        with pytest.raises(DataError, match="no user has two interactions"):
            splitting.split(whole, "random", share, seed)
        return
    found = splitting.split(whole, "random", share, seed)
    assert is_a_cut(found, rows)
    by_time = splitting.split(whole, "temporal", share, seed)
    assert sorted(found.test.user_nums) == sorted(by_time.test.user_nums)
    assert rows_of(splitting.split(whole, "random", share, seed).test) == rows_of(found.test)


def test_a_random_share_is_fair_and_of_its_seed() -> None:
    whole = data([(user, item, 0) for user in range(6) for item in range(9)])
    tests = [splitting.split(whole, "random", 1 / 3, seed).test for seed in range(300)]
    times = np.bincount(np.concatenate([test.item_nums for test in tests]), minlength=9)
    # each of 54 pairs is held out with chance 1/3: 600 of 1800 draws an item, standard deviation 20
    assert times.sum() == 300 * 18
    assert abs(times - 600).max() < 100
    assert rows_of(tests[0]) != rows_of(tests[1])


@given(ROWS)
def test_the_newest_of_each_user_with_two(rows: list[Row]) -> None:
    histories: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for user, item, time in rows:
        histories[user].append((time, item))
    newest = {user: max(history) for user, history in histories.items() if len(history) > 1}
    if not newest:
        with pytest.raises(DataError, match="no user has two interactions"):
            splitting.split(data(rows), "leave-last-out", 0.5, 0)
        return
    found = splitting.split(data(rows), "leave-last-out", 0.5, 0)
    assert is_a_cut(found, rows)
    assert rows_of(found.test) == {(user, item, time) for user, (time, item) in newest.items()}


@given(ROWS, st.floats(0.01, 0.99))
def test_one_moment_for_all(rows: list[Row], share: float) -> None:
    times, most = sorted(time for _, _, time in rows), max(1, math.floor(share * len(rows) + 1e-6))
    counts = Counter(user for user, _, _ in rows)
    if times[0] == times[-1]:
        with pytest.raises(DataError, match=f"all {len(rows)} interactions have the same timestamp"):
            splitting.split(data(rows), "cutoff", share, 0)
        return
    if times.count(times[-1]) > most:
        with pytest.raises(
            DataError, match=r"the newest timestamp has [0-9.]+ of the interactions, more than the share"
        ):
            splitting.split(data(rows), "cutoff", share, 0)
        return
    moment = min(time for time in times if sum(other >= time for other in times) <= most)
    test = {row for row in rows if row[2] >= moment and counts[row[0]] > 1}
    if not test:
        with pytest.raises(DataError, match="no user has two interactions and one after the moment"):
            splitting.split(data(rows), "cutoff", share, 0)
        return
    found = splitting.split(data(rows), "cutoff", share, 0)
    assert rows_of(found.test) == test
    assert rows_of(found.train) == {row for row in rows if row[2] < moment}


def test_a_cutoff_by_hand() -> None:
    # times 1..10: the last 30% are 8, 9, 10; user c has nothing before and stays, cold, in the test part
    pairs = [("a", f"i{time}") for time in range(1, 9)] + [("c", "i1"), ("c", "new")]
    found = splitting.split(factories.interactions(pairs, times=list(range(1, 11))), "cutoff", 0.3, 0)
    assert pairs_of(found.test) == {("a", "i8"): (1.0, 8), ("c", "i1"): (1.0, 9), ("c", "new"): (1.0, 10)}
    assert found.train.users.id(1) == "c"  # all the same, both parts know the user
    assert 1 not in found.train.user_nums
    assert np.unique(found.test.user_nums).tolist() == [0, 1]


def test_the_same_second_stays_together() -> None:
    pairs = [("a", f"i{number}") for number in range(5)]
    found = splitting.split(factories.interactions(pairs, times=[1, 2, 5, 5, 5]), "cutoff", 0.6, 0)
    assert sorted(found.test.item_nums.tolist()) == [2, 3, 4]
    found = splitting.split(factories.interactions(pairs, times=[1, 2, 2, 2, 5]), "cutoff", 0.6, 0)
    assert found.test.item_nums.tolist() == [4]  # with the second before it would be four of five
    message = (
        "^the newest timestamp has 0.6 of the interactions, more than the share 0.4 to hold out, so no moment divides them; "
        'hold out a larger share, or set evaluate.split = "temporal"$'
    )
    with pytest.raises(DataError, match=message):
        splitting.split(factories.interactions(pairs, times=[1, 2, 5, 5, 5]), "cutoff", 0.4, 0)


def test_an_only_interaction_after_the_moment_is_in_neither_part() -> None:
    whole = factories.interactions([("a", "x"), ("a", "y"), ("b", "x"), ("a", "z"), ("c", "z")], times=[1, 2, 3, 4, 5])
    found = splitting.split(whole, "cutoff", 0.4, 0)
    assert pairs_of(found.train) == {("a", "x"): (1.0, 1), ("a", "y"): (1.0, 2), ("b", "x"): (1.0, 3)}
    assert pairs_of(found.test) == {("a", "z"): (1.0, 4)}
    assert (
        splitting.describe("cutoff", whole, found)
        == "last 20% of all interactions by time, 1 single interactions of users left out"
    )


def test_kinds_differ_and_are_described() -> None:
    whole = data([(user, item, (user * item) % 5) for user in range(6) for item in range(9)])
    kinds: tuple[Kind, ...] = ("temporal", "cutoff", "leave-last-out", "random")
    tests = {kind: rows_of(splitting.split(whole, kind, 0.4, 7).test) for kind in kinds}
    assert len({frozenset(test) for test in tests.values()}) == 4
    described = {kind: splitting.describe(kind, whole, splitting.split(whole, kind, 1 / 3, 7)) for kind in kinds}
    assert described == {
        "temporal": "last 33.3% of each user's interactions by time",
        "cutoff": "last 25.9% of all interactions by time",
        "leave-last-out": "newest interaction of each user",
        "random": "random 33.3% of each user's interactions",
    }


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("temporal", "last 9.8% of users' interactions by time, from 10 of 52 users"),
        ("random", "random 9.8% of users' interactions, from 10 of 52 users"),
        ("leave-last-out", "newest interaction of each user, from 50 of 52 users"),
    ],
)
def test_the_description_counts_the_users_that_are_tested(kind: Kind, words: str) -> None:
    whole = data([(user, item, item) for user in range(50) for item in range(2)] + [(50, 0, 0), (51, 0, 0)])
    assert splitting.describe(kind, whole, splitting.split(whole, kind, 0.1, 0)) == words


def test_the_weights_stay_with_their_pairs() -> None:
    whole = data([(user, item, (user * item) % 5) for user in range(6) for item in range(9)])
    object.__setattr__(whole, "weights", np.arange(1, 55, dtype=np.float32))
    split = splitting.split(whole, "temporal", 0.3, 0)
    assert pairs_of(split.train) | pairs_of(split.test) == pairs_of(whole)
    assert math.isclose(split.train.weights.sum() + split.test.weights.sum(), 54 * 55 / 2)
