from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.filters import MOST_VALUES, Condition, number_in, parse_filter, plain_text, short_form
from recsys.errors import QueryError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("genre:sci-fi", Condition("genre", "in", ("sci-fi",))),
        ("genre:sci-fi,drama", Condition("genre", "in", ("sci-fi", "drama"))),
        ("genre!:horror", Condition("genre", "not in", ("horror",))),
        ("genre!:horror,war", Condition("genre", "not in", ("horror", "war"))),
        ("year>=1990", Condition("year", ">=", (1990.0,))),
        ("year<=1990.5", Condition("year", "<=", (1990.5,))),
        ("year>-1", Condition("year", ">", (-1.0,))),
        ("year<0", Condition("year", "<", (0.0,))),
        ("rate of pay>=3", Condition("rate of pay", ">=", (3.0,))),
        ("time:10:30", Condition("time", "in", ("10:30",))),
        ("link:https://example.org/?a>=b", Condition("link", "in", ("https://example.org/?a>=b",))),
        ("genre: sci-fi ", Condition("genre", "in", (" sci-fi ",))),
        ("size:>=5", Condition("size", "in", (">=5",))),
        ("a!b:c", Condition("a!b", "in", ("c",))),
        ("two\nlines:a\nb", Condition("two\nlines", "in", ("a\nb",))),
    ],
)
def test_the_short_form_of_a_condition(text: str, expected: Condition) -> None:
    assert parse_filter(text) == expected
    assert short_form(expected) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "filter '' is not understood; write attribute:value, attribute:value,value"),
        ("genre", "filter 'genre' is not understood; write attribute:value"),
        (":drama", "filter ':drama' is not understood"),
        (">=3", "filter '>=3' compares with '3'|filter '>=3' is not understood"),
        (
            "genre=drama",
            "filter 'genre=drama' is not understood; for equality write : in place of =; write attribute:value",
        ),
        ("genre:", "filter 'genre:' has an empty value; write attribute:value"),
        ("genre:a,,b", "filter 'genre:a,,b' has an empty value"),
        ("genre!:a,", "filter 'genre!:a,' has an empty value"),
        ("year>=", "filter 'year>=' compares with '', which is not a number in plain digits"),
        ("year>==5", "compares with '=5', which is not a number"),
        ("year>=" + "1" * 300 + "0" * 90, "which is not a number"),
        ("x" * 1000, re.escape(f"filter '{'x' * 100}…' is not understood")),
        ("genre:" + ",".join("a" * (MOST_VALUES + 1)), "has 1001 values; it must have 1 to 1000"),
    ],
)
def test_what_is_not_of_the_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        parse_filter(text)


@pytest.mark.parametrize(
    "text",
    [
        "+5",
        "1_0",
        "1e3",
        "0x10",
        "nan",
        "inf",
        "-inf",
        " 5",
        "5 ",
        "5.",
        ".5",
        "٣",
        "\uff11\uff19",
        "1,5",
        "--5",
        "007",
        "5\n",
        "",
        "-",
    ],
)
def test_numbers_are_strict(text: str) -> None:
    assert number_in(text) is None
    with pytest.raises(QueryError, match=r"which is not a number in plain digits; write attribute:value"):
        parse_filter(f"year>={text}")


def test_a_number_of_any_length_is_read_or_refused() -> None:
    assert number_in("9" * 308) == float("9" * 308)
    assert number_in("9" * 309) is None
    assert number_in("0." + "1" * 100_000) is None


@given(st.text(max_size=12) | st.from_regex(r"[a-z ]{1,3}(!:|:|>=|<=|>|<|=)[0-9a,.\-]{0,4}", fullmatch=True))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        condition = parse_filter(text)
    except QueryError:
        return
    assert text.startswith(condition.attribute)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_a_number_that_is_printed_is_read_back(number: float) -> None:
    assert plain_text(number) == repr(number).removesuffix(".0") or float(plain_text(number)) == number
    if "e" not in plain_text(number):
        assert number_in(plain_text(number)) == number


@pytest.mark.parametrize(
    ("operator", "values", "message"),
    [
        ("in", (), "the filter on 'year' has 0 values; it must have 1 to 1000"),
        ("not in", ("a",) * 1001, "the filter on 'year' has 1001 values"),
        (">=", ("5",), r"the filter on 'year' compares with \('5',\); it must compare with one finite number"),
        ("<", (1.0, 2.0), "must compare with one finite number"),
        ("<=", (), "must compare with one finite number"),
        (">", (float("nan"),), "must compare with one finite number"),
        (">", (float("inf"),), "must compare with one finite number"),
    ],
)
def test_a_condition_checks_its_values(operator: str, values: tuple[str | float, ...], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        Condition("year", operator, values)  # type: ignore[arg-type]
