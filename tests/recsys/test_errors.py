from __future__ import annotations

import pytest

from recsys.errors import did_you_mean

KNOWN = ["user_id", "item_id", "timestamp"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("userid", "user_id"), ("item_idd", "item_id"), ("timestmp", "timestamp"), ("user_ID", "user_id")],
)
def test_the_nearest_name_is_offered(name: str, meant: str) -> None:
    assert did_you_mean(name, KNOWN) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["price", "", "xyz"])
def test_all_names_are_listed_in_order_when_none_is_near(name: str) -> None:
    assert did_you_mean(name, KNOWN) == "; known are item_id, timestamp, user_id"


def test_any_iterable_of_names_will_do() -> None:
    assert did_you_mean("als", {"alz": 1}) == "; did you mean 'alz'?"
    assert did_you_mean("als", iter(["alz"])) == "; did you mean 'alz'?"
    assert did_you_mean("als", []) == "; known are "


def test_of_two_names_that_are_as_similar_the_last_in_the_alphabet_is_offered() -> None:
    assert did_you_mean("bat", ["cat", "hat", "mat!"]) == "; did you mean 'hat'?"
