from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from recsys.data.filters import Condition
from serving.schemas.filters import FilterIn


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"attribute": "genre", "any": ["a, b", "c"]}', [Condition("genre", "in", ("a, b", "c"))]),
        ('{"attribute": "genre", "none": ["a:b"]}', [Condition("genre", "not in", ("a:b",))]),
        ('{"attribute": "year", "any": [1999, 1e-7, "x"]}', [Condition("year", "in", (1999, 1e-7, "x"))]),
        ('{"attribute": "year", "min": 1990}', [Condition("year", ">=", (1990.0,))]),
        ('{"attribute": "year", "max": 0}', [Condition("year", "<=", (0.0,))]),
        (
            '{"attribute": "year", "min": -1.5, "max": 2000}',
            [Condition("year", ">=", (-1.5,)), Condition("year", "<=", (2000.0,))],
        ),
    ],
)
def test_a_filter_of_a_body(body: str, expected: list[Condition]) -> None:
    assert list(FilterIn.model_validate(json.loads(body)).conditions()) == expected


def test_a_whole_number_stays_one() -> None:
    (condition,) = FilterIn.model_validate({"attribute": "year", "any": [1999]}).conditions()
    assert [type(value) for value in condition.values] == [int]


@pytest.mark.parametrize(
    ("body", "where", "message"),
    [
        ({"any": ["a"]}, ("attribute",), "Field required"),
        ({"attribute": "", "any": ["a"]}, ("attribute",), "at least 1 character"),
        ({"attribute": 5, "any": ["a"]}, ("attribute",), "valid string"),
        ({"attribute": "a", "any": ["a"], "some": 1}, (), "there is no key 'some'"),
        ({"attribute": "a"}, (), "must have either any, or none, or min and max"),
        ({"attribute": "a", "any": ["a"], "none": ["a"]}, (), "must have either any, or none, or min and max"),
        ({"attribute": "a", "any": ["a"], "min": 1}, (), "must have either any, or none, or min and max"),
        ({"attribute": "a", "any": []}, ("any",), "at least 1 item"),
        ({"attribute": "a", "any": ["a"] * 1001}, ("any",), "at most 1000 items"),
        ({"attribute": "a", "any": "abc"}, ("any",), "valid tuple"),
        ({"attribute": "a", "any": None}, (), "the key 'any' is null; leave it out"),
        ({"attribute": "a", "none": [None]}, ("none", 0), "must be a string or a number"),
        ({"attribute": "a", "none": ["a", True]}, ("none", 1), "must be a string or a number"),
        ({"attribute": "a", "none": [["a"]]}, ("none", 0), "must be a string or a number"),
        ({"attribute": "a", "any": ["x" * 10_001]}, ("any", 0), "at most 10000 characters"),
        ({"attribute": "a", "any": [float("nan")]}, ("any", 0), "must lie between -1e"),
        ({"attribute": "a", "any": [10**400]}, ("any", 0), "must lie between -1e"),
        ({"attribute": "a", "min": "5"}, ("min",), "valid number"),
        ({"attribute": "a", "min": True}, ("min",), "valid number"),
        ({"attribute": "a", "max": float("inf")}, ("max",), "finite number"),
        ({"attribute": "a", "max": 10**400}, ("max",), "valid number"),
        ({"attribute": "a", "min": 1e19}, ("min",), "less than or equal to 10"),
        ({"attribute": "a", "min": None}, (), "the key 'min' is null; leave it out"),
    ],
)
def test_a_bad_filter_is_refused_where_it_is_bad(body: object, where: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        FilterIn.model_validate(body)
    assert caught.value.errors()[0]["loc"] == where


def test_the_json_schema_says_what_is_accepted() -> None:
    schema = FilterIn.model_json_schema()
    one_way = [{"required": ["any"]}, {"required": ["none"]}, {"anyOf": [{"required": ["min"]}, {"required": ["max"]}]}]
    assert schema["oneOf"] == one_way
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["attribute"]
    assert {name: field["type"] for name, field in schema["properties"].items()} == {
        "attribute": "string",
        "any": "array",
        "none": "array",
        "min": "number",
        "max": "number",
    }
    assert [len(FilterIn.model_validate(example).conditions()) for example in schema["examples"]] == [1, 1, 2]
