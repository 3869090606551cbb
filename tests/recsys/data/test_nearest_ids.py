"""Known ids near an unknown one."""

from __future__ import annotations

import pytest

from recsys.data import nearest_ids
from recsys.data.ids import IdMap
from recsys.data.nearest_ids import LONGEST, near_ids

IDS = IdMap.from_ids(["alien-1979", "aliens-1986", "B-7", "0042", "17851", "1.0", "ünï", "toy-story-1995"])


@pytest.mark.parametrize(
    ("unknown", "named"),
    [
        ("b-7", "'B-7'"),
        (" B-7 ", "'B-7'"),
        ("17851.0", "'17851'"),
        ("42", "'0042'"),
        ("1", "'1.0'"),
        ("ÜNÏ", "'ünï'"),
        ("alien1979", "'alien-1979' or 'aliens-1986'"),
        ("toy-story", "'toy-story-1995'"),
    ],
)
@pytest.mark.parametrize("many", [False, True])
def test_near_ids_are_named(unknown: str, named: str, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if many:
        monkeypatch.setattr(nearest_ids, "MOST_BYTES", 1)
    compared = unknown in ("alien1979", "toy-story")
    assert near_ids(IDS, unknown) == ("" if many and compared else f"; did you mean {named}?")


@pytest.mark.parametrize("unknown", ["B-7", "zzz", "", "\ud800", "alien-1979" * LONGEST])
def test_no_id_is_named_for_a_known_one_and_without_a_near_one(unknown: str) -> None:
    assert near_ids(IDS, unknown) == ""


def test_an_id_that_is_left_out_is_not_named() -> None:
    assert near_ids(IDS, "b-7", {"B-7"}.__contains__) == ""
    assert near_ids(IDS, "alien1979", {"alien-1979"}.__contains__) == "; did you mean 'aliens-1986'?"
