"""What is held out to choose and to judge a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys.data.interactions import Interactions
from recsys.errors import DataError
from tests.support import factories, tastes
from training.evaluation.split import split
from training.evaluation.validation import COLD_SHARE, Validation, held_out


def untimed(pairs: Interactions) -> Interactions:
    return replace(pairs, timestamps=None)


def cut(pairs: Interactions, share: float = 0.25, **options: bool) -> Validation:
    found = held_out(pairs, "auto", share, 7, **options)
    assert found is not None
    return found


def keys(pairs: Interactions) -> set[tuple[int, int]]:
    return set(zip(pairs.user_nums.tolist(), pairs.item_nums.tolist(), strict=True))


def test_auto_is_temporal_with_timestamps() -> None:
    pairs = tastes.tastes()
    found = cut(pairs)
    assert found.protocol == "last 25% of each user's interactions by time"
    assert keys(found.test) == keys(split(pairs, "temporal", 0.25, 7).test)
    assert found.users.tolist() == list(range(60))


def test_auto_is_random_without_timestamps() -> None:
    pairs = untimed(tastes.tastes())
    found = cut(pairs)
    assert found.protocol == "random 25% of each user's interactions"
    assert keys(found.test) == keys(split(pairs, "random", 0.25, 7).test)
    other = held_out(pairs, "auto", 0.25, 8)
    assert other is not None
    assert keys(other.test) != keys(found.test)


@pytest.mark.parametrize("kind", ["temporal", "cutoff", "leave-last-out"])
def test_a_kind_that_needs_times_is_refused_without(kind: str) -> None:
    with pytest.raises(DataError, match="a split by time needs timestamps"):
        held_out(untimed(tastes.tastes()), kind, 0.2, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["auto", "temporal", "cutoff", "leave-last-out", "random"])
def test_nothing_is_held_out_where_nobody_has_two(kind: str) -> None:
    pairs = factories.interactions([("u", "a"), ("v", "a"), ("w", "b")], times=[1, 2, 3])
    assert held_out(pairs, kind, 0.2, 0) is None  # type: ignore[arg-type]


def test_a_user_with_one_interaction_is_learned_from_and_not_tested() -> None:
    found = cut(factories.interactions([("u", "a"), ("v", "a"), ("v", "b")], times=[1, 2, 3]))
    assert found.users.tolist() == [1]
    assert keys(found.train) == {(0, 0), (1, 0)}
    assert keys(found.test) == {(1, 1)}


def test_the_parts_are_disjoint_and_all_where_nothing_is_cold() -> None:
    pairs = tastes.tastes()
    found = cut(pairs)
    assert not keys(found.train) & keys(found.test)
    assert keys(found.train) | keys(found.test) == keys(pairs)


def cold_hits(found: Validation) -> float:
    """Share of the held-out interactions whose item has none to learn from."""
    return float((found.train.item_counts()[found.test.item_nums] == 0).mean())


def test_items_are_held_out_as_a_whole_where_the_catalog_has_many_cold_ones() -> None:
    pairs = tastes.tastes(n_users=120, n_items=60, cold=30)
    found = cut(pairs)
    wanted = COLD_SHARE * 0.5
    assert wanted <= cold_hits(found) < wanted + 0.1
    gone = (found.train.item_counts() == 0) & (pairs.item_counts() > 0)
    assert (
        found.protocol
        == f"last 25% of each user's interactions by time, {gone.sum()} items held out with all their interactions"
    )
    assert 3 < gone.sum() < 15
    plain = split(pairs, "temporal", 0.25, 7)
    assert keys(found.test) == keys(plain.test)
    assert keys(found.train) == {pair for pair in keys(plain.train) if not gone[pair[1]]}
    assert keys(cut(pairs).train) == keys(found.train)


def test_no_item_is_held_out_where_chance_brings_enough_cold_ones_or_nobody_asks() -> None:
    assert cold_hits(cut(tastes.tastes(n_items=60, cold=30), with_cold_items=False)) < 0.02
    lonely = [(f"u{user}", f"own{user}x{number}") for user in range(40) for number in range(4)]
    pairs = factories.interactions(lonely, items=[f"cold{number}" for number in range(80)], times=range(160))
    found = cut(pairs)
    assert cold_hits(found) == 1.0
    assert "held out with" not in found.protocol


def test_something_is_left_to_learn_from_where_nearly_all_items_are_cold() -> None:
    pairs = factories.interactions([("u", "a"), ("u", "b")], items=[f"cold{num}" for num in range(500)], times=[1, 2])
    found = cut(pairs, 0.5)
    assert len(found.train) == len(found.test) == 1


def test_a_sample_of_the_users() -> None:
    found = cut(tastes.tastes())
    few = found.sampled(13, 3)
    assert len(few.users) == 13
    assert few.users.tolist() == sorted(set(few.users.tolist())) == sorted(set(few.test.user_nums.tolist()))
    assert few.train is found.train
    assert keys(few.test) == {pair for pair in keys(found.test) if pair[0] in few.users.tolist()}
    assert few.protocol == "last 25% of each user's interactions by time of 13 sampled users"
    assert found.sampled(13, 3).users.tolist() == few.users.tolist() != found.sampled(13, 4).users.tolist()
    assert found.sampled(60, 3) is found
    assert (np.diff(few.users) > 0).all()
