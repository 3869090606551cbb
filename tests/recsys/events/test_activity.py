"""Weights below 0: dislikes, which are never shown again, and skips."""

from __future__ import annotations

import pytest

from recsys.events.activity import REFUSED, Event, EventRules

COUNTS = EventRules({"click": 1.0, "buy": 5.0, "skip": -0.2, "dislike": -1.0, "ignored": 0.0})
RATINGS = EventRules({**COUNTS.weights, "rate": 1.0}, threshold=4.0)


def events(*types: str) -> list[Event]:
    return [Event("x", name) for name in types]


@pytest.mark.parametrize(
    ("types", "weight"),
    [
        (["dislike"], -1.0),
        (["click", "dislike"], 0.0),
        (["buy", "dislike"], 4.0),
        (["skip", "skip", "skip"], -0.6),
        (["click", *["skip"] * 5], 0.0),  # though 1 - 5 * 0.2 is 5.6e-17 in steps
        ([*["skip"] * 5, "click"], 0.0),
        (["ignored", "unheard of"], None),
    ],
)
def test_weights_of_a_pair_add_up(types: list[str], weight: float | None) -> None:
    found = COUNTS.aggregated(events(*types))
    assert found == ({} if weight is None else {"x": pytest.approx(weight)})
    if weight == 0:
        assert found["x"] == 0


def test_counts_multiply_weights_below_zero_too() -> None:
    assert COUNTS.aggregated([Event("x", "skip", 3.0), Event("x", "skip", 0.0)]) == {"x": pytest.approx(-0.6)}


def test_with_ratings_the_last_event_holds_and_a_dislike_needs_none() -> None:
    assert RATINGS.aggregated([Event("x", "rate", 5.0), Event("x", "dislike")]) == {"x": -1.0}
    assert RATINGS.aggregated([Event("x", "dislike", 5.0)]) == {"x": -1.0}
    assert RATINGS.aggregated([Event("x", "skip"), Event("x", "rate", 2.0)]) == {"x": 0.0}
    assert RATINGS.aggregated([Event("x", "skip"), Event("x", "rate", 5.0)]) == {"x": 1.0}


def test_only_an_item_without_any_other_event_was_skipped() -> None:
    assert COUNTS.skipped(events("skip", "ignored")) == {"x"}
    assert COUNTS.skipped(events("skip", "click")) == frozenset()
    assert RATINGS.skipped([Event("x", "rate", 1.0), Event("x", "skip"), Event("y", "skip")]) == {"y"}


def test_half_a_weight_is_refused_in_single_precision_too() -> None:
    assert -0.5 < REFUSED < -0.49
