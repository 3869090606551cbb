"""Whatever the rows are: read is kept plus rejected, and kept is pairs plus what was dropped for a reason."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.errors import DataError
from tests.support.files import Pairs, config, pairs_of, table, text
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest

EVENTS = {"watch": 1.0, "like": 2.5, "skip": 0.0}
ALL = {"max_rejected": 1.0}
TIMES = {"5": 5, "9": 9, "1970-01-01T00:00:07Z": 7, "garbage": None}
NUMBERS = {"": 1.0, "1": 1.0, "2.5": 2.5, "0": 0.0, "nan": None, "1_0": None}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]),
        st.sampled_from(["x", "y", "z", ""]),
        st.sampled_from([*NUMBERS]),
        st.sampled_from([*EVENTS, "", "unknown"]),
        st.sampled_from([*TIMES]),
    ),
    max_size=12,
)
Row = tuple[str, str, str, str, str]


def good_rows(rows: list[Row], threshold: float | None) -> list[tuple[str, str, float, float, int]]:
    """The rows without a flaw, read the simple way; a rating that is not there is a flaw."""
    rows = [row for row in rows if row[2] or threshold is None]
    weights = EVENTS | {"": 1.0}
    parsed = [(user, item, NUMBERS[value], weights.get(event), TIMES[time]) for user, item, value, event, time in rows]
    return [row for row in parsed if all(one is not None and one != "" for one in row)]  # type: ignore[misc]


def check(path: Path, rows: list[Row], expected: Pairs, threshold: float | None) -> None:
    changed = config(table(path, rows), data={**ALL, "threshold": threshold}, events=EVENTS)
    if expected:
        check_sums(rows, expected, ingest(changed), threshold)
    else:
        with pytest.raises(DataError, match=r"no usable interaction|no positive interaction is left"):
            ingest(changed)


def check_sums(rows: list[Row], expected: Pairs, dataset: Dataset, threshold: float | None) -> None:
    assert pairs_of(dataset.interactions) == expected
    accounting = dataset.accounting
    assert accounting.read["interactions"] == len(rows)
    assert (
        accounting.kept("interactions")
        == len(good_rows(rows, threshold))
        == len(expected) + sum(dataset.dropped.values())
    )
    assert sum(n for n, _ in dataset.events.values()) == sum(
        bool(row[3]) for row in rows if good_rows([row], threshold)
    )


@given(ROWS)
def test_counts_of_a_pair_add_up_and_the_accounting_closes(tmp_path: Path, rows: list[Row]) -> None:
    expected: Pairs = {}
    for user, item, value, weight, time in good_rows(rows, None):
        if value * weight > 0:
            before, latest = expected.get((user, item), (0.0, 0))
            expected[user, item] = (before + value * weight, max(latest, time))
    check(tmp_path / "i.csv", rows, expected, None)


@given(ROWS)
def test_the_later_rating_of_a_pair_decides_and_the_accounting_closes(tmp_path: Path, rows: list[Row]) -> None:
    last: dict[tuple[str, str], tuple[float, float, int]] = {}
    for user, item, value, weight, time in good_rows(rows, 2.0):
        if weight > 0 and (
            (user, item) not in last or time >= last[user, item][2]
        ):  # of weight 0: as if it were not there
            last[user, item] = (value, weight, time)
    expected = {pair: (weight, time) for pair, (value, weight, time) in last.items() if value >= 2}
    check(tmp_path / "i.csv", rows, expected, 2.0)


def test_rejects_are_listed_with_the_lines_of_the_file(tmp_path: Path) -> None:
    lines = [
        "a,x,1",
        '"multi',
        'line",y,1',
        "",
        ",z,1",
        "b,,1",
        "c,x,bad",
        '"d',
        '",x',
        "e,x,1,9",
        "f,x,1",
        'g"h,x"y,1',
    ]
    path = text(tmp_path / "i.csv", "user_id,item_id,value", *lines)
    rejects = tmp_path / "rejects.csv"
    dataset = ingest(config(path, data={**ALL, "rejects": str(rejects)}))
    with rejects.open(newline="") as stream:
        listed = [(row["file"], int(row["line"]), row["reason"]) for row in csv.DictReader(stream)]
    expected = [
        (6, "no user_id"),
        (7, "no item_id"),
        (8, "value is not a number"),
        (9, "wrong number of fields"),
        (11, "wrong number of fields"),
    ]
    assert sorted(listed) == [(str(path), line, reason) for line, reason in expected]
    assert pairs_of(dataset.interactions).keys() == {("a", "x"), ("multi\nline", "y"), ("f", "x"), ('g"h', 'x"y')}
    assert dataset.accounting.reasons == Counter(("interactions", reason) for _, reason in expected)
    assert dataset.accounting.read["interactions"] == 9


def test_too_many_rejects_refuse_with_file_line_and_reason(tmp_path: Path) -> None:
    rows = [(f"u{n}", "x", 1, "", 5) for n in range(98)] + [("", "x", 1, "", 5)] * 2
    path = table(tmp_path / "i.csv", rows)
    message = (
        r"2 of 100 rows of interactions are unusable, more than data\.max_rejected = 0\.01: "
        r"2 times 'no user_id', first in i\.csv line 100"
    )
    with pytest.raises(DataError, match=message):
        ingest(config(path))
    assert len(ingest(config(path, data={"max_rejected": 0.02})).interactions) == 98


def test_too_many_rejected_items_refuse(tmp_path: Path) -> None:
    items = table(tmp_path / "items.csv", [("x", "one"), ("x", "two")], ("item_id", "title"))
    with pytest.raises(
        DataError,
        match=r"1 of 2 rows of items .* 'another record of the same item id; the first counts', first in items\.csv line 3",
    ):
        ingest(config(table(tmp_path / "i.csv", [("a", "x", 1, "", 5)]), items))
