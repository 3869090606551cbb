"""Numbers and moments, strictly."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.events.timestamps import number, seconds

WIDE = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))  # what keyboards in Japan type
NO_NUMBERS = [
    *("", " ", "1 ", " 1", "1\n", "nan", "NaN", "inf", "-inf", "Infinity", "1_0", "1e", "e5", ".", "+", "--1", "0x10"),
    *("12".translate(WIDE), "\u0663", "\u00b2", "\u00bd", "1,5", "1.2.3", "1e400", "-1e400", "1" * 400, "one", "1f"),
    *("1e1_0", "\x001", "1e5.0", "True"),
]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("007", 7),
        ("1.", 1),
        (".5", 0.5),
        ("1e5", 1e5),
        ("1E-2", 0.01),
        ("-0", 0),
        ("0.1", 0.1),
    ],
)
def test_plain_and_scientific_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_not_plainly_a_number_is_none(text: str) -> None:
    assert number(text) is None


@given(st.text(st.sampled_from("0123456789+-.eE_ ") | st.characters(), max_size=8))
def test_a_number_is_always_finite_and_what_float_says(text: str) -> None:
    value = number(text)
    if value is not None:
        assert text.isascii()
        assert math.isfinite(value)
        assert value == float(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_is_read(value: float) -> None:
    assert number(repr(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        *("1700000000", "1700000000.0", "1700000000.9", "1.7e9", "1700000000000", "1700000000999"),
        *("2023-11-14T22:13:20", "2023-11-14 22:13:20", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20+00:00"),
        *("2023-11-14T23:13:20+01:00", "2023-11-14T16:43:20-05:30", "20231114T221320Z", " 2023-11-14T22:13:20.999Z "),
    ],
)
def test_seconds_milliseconds_and_iso_mean_the_same_moment(text: str) -> None:
    assert seconds(text) == 1_700_000_000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("4102444799", 4_102_444_799),
        ("100000000000", 100_000_000),
        ("1970-01-01", 0),
        ("2000-02-29", 951_782_400),
    ],
)
def test_limits_of_time(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "-1.5", "1e14", "4102444800", "99999999999", "2100-01-01", "1700000000000000", "nan", "inf"),
        *("1_700_000_000", "1700000000".translate(WIDE), "yesterday", "2023-02-29", "2023-13-01", "14.11.2023"),
        *("11/14/2023", "2023-11-14T25:00", "1 700 000 000", "1969-12-31T23:59:59Z", "0001-01-01"),
        *("9999-12-31T23:59:59-14:00", "2023-11-14T22:13:20 Europe/Paris", "2023".translate(WIDE) + "-11-14", "\x00"),
    ],
)
def test_garbage_and_times_out_of_range_are_none(text: str) -> None:
    assert seconds(text) is None


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_any_time_with_a_zone_is_its_moment(naive: datetime, minutes: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert seconds(moment.isoformat()) == expected
    assert datetime.fromtimestamp(expected, UTC) == moment


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:+-]{0,14}", fullmatch=True))
def test_any_text_is_a_showable_time_or_none(text: str) -> None:
    value = seconds(text)
    if value is not None:
        assert datetime.fromtimestamp(value, UTC).year >= 1970
