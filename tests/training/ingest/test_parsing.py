"""Attributes: numbers where they are spelt as usual, else text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.ingest.items import attribute

WIDE = str.maketrans("0123456789", "".join(chr(0xFF10 + digit) for digit in range(10)))  # what keyboards in Japan type


@pytest.mark.parametrize(
    ("text", "value"),
    [("1999", 1999), ("-5", -5), ("0", 0), ("7.5", 7.5), ("999999999999999", 999_999_999_999_999)],
)
def test_attributes_that_are_numbers(text: str, value: float) -> None:
    assert attribute(text) == value
    assert type(attribute(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("007", "1e5", "+1", ".5", "1.", " 1", "1_0", "9007199254740993123", "nan", "inf", "NA", "null", "True"),
        *("1".translate(WIDE), "0x1", "-", "00"),
    ],
)
def test_other_attributes_stay_text(text: str) -> None:
    assert attribute(text) == text


@given(st.text(st.sampled_from("0123456789.-+e") | st.characters(), max_size=20))
def test_any_attribute_can_be_written_as_json(text: str) -> None:
    value = attribute(text)
    assert json.loads(json.dumps(value, allow_nan=False)) == value
