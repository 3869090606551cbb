"""Times of a column: what is read, what is asked for, and what is doubtful."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from recsys.errors import DataError
from tests.support.files import config, table, text
from training.ingest.dataset import Dataset
from training.ingest.ingest import ingest
from training.ingest.time_checks import bounded
from training.ingest.times import NO_TIME, NOT_A_TIME, resolve, time_part

MORNING = 1_704_448_800  # 2024-01-05 10:00 UTC
MIDNIGHT = MORNING - 36_000
YEAR = 31_536_000


def seconds(values: list[object], form: str = "") -> list[int]:
    """The seconds of one column."""
    return resolve("timestamp", [time_part(pa.array(values), form)], form).seconds.tolist()


def ingested(tmp_path: Path, moments: list[object], **data: object) -> Dataset:
    rows = [(f"u{number}", "x", 1, "", moment) for number, moment in enumerate(moments)]
    return ingest(config(table(tmp_path / "i.csv", rows), data=data))


@pytest.mark.parametrize(
    "value",
    [
        *("1704448800", "1704448800.9", "1704448800123", "1704448800123456", "1704448800123456789", "1.7044488e9"),
        *("20240105100000", "202401051000", "2024-01-05 10:00", "2024-01-05T10:00:00.123456789Z", "2024/1/5 10:00:00"),
        *("2024-01-05 10:00:00 UTC", "2024-01-05 11:00:00 +0100", "2024-01-05 11:00:00+01", "20240105T100000Z"),
        *(
            "Fri, 05 Jan 2024 11:00:00 +0100",
            "05 Jan 2024 05:00:00 EST",
            "Jan 5, 2024 10:00 AM",
            "5. January 2024 10:00",
        ),
        *("05-JAN-24 10:00:00", "Fri Jan 05 10:00:00 +0000 2024", "Fri Jan  5 10:00:00 2024", "Sept 5, 2024 10:00"),
        "Fri Jan 05 2024 11:00:00 GMT+0100 (Central European Standard Time)",
    ],
)
def test_forms_of_one_moment(value: str) -> None:
    is_september = value.startswith("Sept")
    moment = datetime(2024, 9 if is_september else 1, 5, 10, tzinfo=UTC).timestamp()
    assert seconds([value, value]) == [int(moment)] * 2


@pytest.mark.parametrize(
    ("values", "days"),
    [
        (["31/12/2024", "01/02/2024"], ["2024-12-31", "2024-02-01"]),
        (["31.12.24", "1.2.24"], ["2024-12-31", "2024-02-01"]),
        (["12-31-2024", "1-2-2024"], ["2024-12-31", "2024-01-02"]),
        (["03/03/2024", "04/04/2024"], ["2024-03-03", "2024-04-04"]),
        (["20240105", "20241231"], ["2024-01-05", "2024-12-31"]),
        ([20240105, 20241231], ["2024-01-05", "2024-12-31"]),
        ([date(2024, 1, 5), datetime(2024, 12, 31).date()], ["2024-01-05", "2024-12-31"]),
    ],
)
def test_the_whole_column_tells_how_its_dates_are_written(values: list[object], days: list[str]) -> None:
    assert [str(np.datetime64(moment, "s"))[:10] for moment in seconds(values)] == days


def test_clocks_of_twelve_hours() -> None:
    values = ["1/13/2024 12:05 AM", "1/13/2024 12:05 PM", "1/13/2024 1:05pm", "1/13/2024 13:05 PM", "1/13/2024 0:05 AM"]
    day = int(datetime(2024, 1, 13, tzinfo=UTC).timestamp())
    expected = [day + 300, day + 43_500, day + 47_100, NOT_A_TIME, NOT_A_TIME]
    assert seconds(values) == expected


def test_absent_values_and_others_than_times_are_different() -> None:
    assert seconds(["", " ", "x", "31/02/2024", "24/05/2024 24:00", "2024-01-05 10:00 XYZ", str(MORNING)]) == [
        *(NO_TIME, NO_TIME, NOT_A_TIME, NOT_A_TIME, NOT_A_TIME, NOT_A_TIME, MORNING)
    ]
    assert seconds([None, MORNING]) == [NO_TIME, MORNING]
    assert seconds([None, float("nan"), float("inf"), MORNING + 0.5]) == [NO_TIME, NO_TIME, NOT_A_TIME, MORNING]
    assert seconds([None, datetime(2024, 1, 5, 10)]) == [NO_TIME, MORNING]


def test_an_end_of_the_calendar_in_seconds_is_no_time_of_1978() -> None:
    found = seconds([MORNING] * 200 + [253_402_300_799])
    assert found == [MORNING] * 200 + [NOT_A_TIME]


def test_two_units_in_a_column_are_read_by_size_and_told() -> None:
    found = resolve("t", [time_part(pa.array([MORNING, MORNING * 1000]))])
    assert found.seconds.tolist() == [MORNING, MORNING]
    assert found.notes == ("t holds times in seconds and in milliseconds; each is read by its size",)


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("milliseconds", 5_000, 5),
        ("microseconds", "5000000", 5),
        ("nanoseconds", 5 * 10**9, 5),
        ("seconds", 20240105, 20240105),
        ("yyyymmdd", "20240105", MIDNIGHT),
        ("day-first", "05/01/2024", MIDNIGHT),
        ("month-first", "01/05/2024", MIDNIGHT),
        ("%d%m%Y", "05012024", MIDNIGHT),
        ("%Y%m%d", 20240105, MIDNIGHT),
        ("%d.%m.%y %H:%M %z", "05.01.24 11:00 +0100", MORNING),
        ("%d%m%Y", "2024-01-05", NOT_A_TIME),
    ],
)
def test_the_configured_form_is_the_one_that_is_read(form: str, value: object, expected: int) -> None:
    assert seconds([value], form) == [expected]


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        (
            ["03/04/2024", "05/04/2024"],
            r"timestamp '03/04/2024' can be 2024-04-03 or 2024-03-04, and no other value decides; ",
        ),
        (["31/12/2024", "12/31/2024"], r"timestamp holds '31/12/2024', day first, and '12/31/2024', month first; "),
    ],
)
def test_where_day_and_month_are_not_certain_the_setting_is_asked_for(
    tmp_path: Path, moments: list[object], message: str
) -> None:
    setting = r'set data\.timestamp_format = "day-first" or "month-first"\Z'
    with pytest.raises(DataError, match=r"i\.csv: " + message + setting):
        ingested(tmp_path, moments)
    found = ingested(tmp_path, moments, timestamp_format="day-first", max_rejected=1.0)
    assert found.accounting.kept("interactions") in (1, 2)


def test_a_question_comes_with_the_other_problems(tmp_path: Path) -> None:
    path = text(tmp_path / "i.csv", "user_id,item_id,timestamp", "u,x,03/04/2024", ",x,03/04/2024")
    with pytest.raises(DataError, match=r'"month-first"; besides, 1 of 2 rows .* 1 times \'no user_id\''):
        ingest(config(path))


def test_rows_without_a_time_are_told_from_rows_with_another_text(tmp_path: Path) -> None:
    found = ingested(tmp_path, ["", "soon", MORNING], max_rejected=1.0)
    assert {reason: n for (_, reason), n in found.accounting.reasons.items()} == {
        "no timestamp": 1,
        "timestamp is not a time": 1,
    }
    with pytest.raises(DataError, match=r'set data\.timestamp_format = .* or data\.timestamp_column = "" for no times'):
        ingested(tmp_path, ["soon", "later"])
    assert ingested(tmp_path, ["soon", "later"], timestamp_column="").interactions.timestamps is None


def test_times_far_from_all_others_are_bounded() -> None:
    usual = MORNING + np.arange(100) * 86_400
    moments, notes = bounded("t", np.concatenate([usual, [4_000_000_000, -1]]))
    assert moments.tolist() == [*usual, usual[-1], -1]
    assert notes == (
        "1 row of 102 has a t that is years after all others, such as 2096-10-02, and counts as of 2024-04-13",
    )
    moments, notes = bounded("t", np.concatenate([[0] * 50, usual]))
    assert moments.tolist() == [usual[0]] * 50 + usual.tolist()
    assert notes[0].startswith("50 rows of 150 have a t that is years before all others, such as 1970-01-01")


@pytest.mark.parametrize(
    "moments",
    [
        MORNING - np.arange(100) * YEAR // 4,  # a long history
        np.array([MORNING - 20 * YEAR] * 50 + [MORNING] * 50),  # two times
        np.array([MORNING - 20 * YEAR, *[MORNING] * 5]),  # few rows
    ],
)
def test_other_times_stay(moments: np.ndarray) -> None:
    found, _ = bounded("t", moments)
    assert found.tolist() == moments.tolist()


@pytest.mark.parametrize(
    ("moments", "note"),
    [
        (range(60), r"all values of timestamp are of the first year, 1970 \(0 to 59 seconds\): they count as an order"),
        (
            range(45_000, 45_060),
            r"they count as an order and no dates; if they are days of a spreadsheet, where 45000 is",
        ),
        (
            range(MORNING, MORNING + 60),
            r"all values of timestamp are within 1 minutes of 2024-01-05; .*timestamp_column = \"\"",
        ),
    ],
)
def test_times_that_are_hardly_times_are_noted(tmp_path: Path, moments: range, note: str) -> None:
    found = ingested(tmp_path, list(moments))
    assert found.interactions.timestamps is not None
    assert sorted(found.interactions.timestamps.tolist()) == list(moments)
    with pytest.raises(DataError, match=note):
        raise DataError("; ".join(found.notes))
