"""Conditions over all items against a dumb look at each record."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.attributes import Attributes
from recsys.data.catalog import Attribute, Catalog, Item
from recsys.data.filters import Condition, parse_filter
from recsys.errors import BundleError, QueryError
from tests.support.parts import arrays, opened

COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
TEXTS = st.sampled_from(
    ["Sci-Fi", "sci-fi", "DRAMA", "drama", "STRASSE", "straße", "1999", "1999.0", "-3", "007", "", "1e3"]
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
WHOLE = st.integers(-5, 5) | st.sampled_from([0, 7, 1999, 2**53])
FLOATS = WHOLE.map(float) | st.sampled_from([1.5, -0.0, 1e-300, 1e300, 1999.25])
VALUES = TEXTS | ANY_TEXT | WHOLE | FLOATS | st.lists(TEXTS | ANY_TEXT, max_size=3)
NAMES = ["genre", "year", "rate of pay", "é", ""]
RECORDS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=len(NAMES)), max_size=12)
SETS = st.builds(
    Condition,
    st.sampled_from(NAMES),
    st.sampled_from(["in", "not in"]),
    st.lists(TEXTS | ANY_TEXT | WHOLE | FLOATS, min_size=1, max_size=3).map(tuple),
)
COMPARISONS = st.builds(Condition, st.sampled_from(NAMES), st.sampled_from(list(COMPARE)), st.tuples(WHOLE | FLOATS))


def attributes(*records: Mapping[str, Attribute]) -> Attributes:
    return Attributes.from_catalog(
        Catalog.from_items([Item(f"i{num}", attributes=record) for num, record in enumerate(records)])
    )


def found(of: Attributes, *filters: str) -> list[int]:
    return np.flatnonzero(of.mask([parse_filter(text) for text in filters])).tolist()


def satisfies(record: Mapping[str, Attribute], condition: Condition) -> bool:
    """The meaning of a condition, by itself."""
    held = record.get(condition.attribute, [])
    entries = held if isinstance(held, list) else [held]
    if condition.operator in COMPARE:
        return any(
            not isinstance(one, str) and COMPARE[condition.operator](one, condition.values[0]) for one in entries
        )
    among = any(equal(one, value) for one in entries for value in condition.values)
    return among == (condition.operator == "in")


def equal(held: str | float, value: str | float) -> bool:
    if isinstance(held, str):
        text = value if isinstance(value, str) else str(int(value)) if value == int(value) else repr(value)
        return held.casefold() == text.casefold()
    return held == value if not isinstance(value, str) else plain(value) and float(value) == held


def plain(text: str) -> bool:
    """Whether a text is a number as people write one: digits before a point, and after it, and no zero that means nothing."""
    whole, point, rest = text.removeprefix("-").partition(".")
    digits = whole.isdigit() and (rest.isdigit() or not point) and text.isascii()
    return digits and (whole == "0" or not whole.startswith("0"))


@given(RECORDS, st.lists(SETS | COMPARISONS, max_size=4))
def test_a_condition_holds_for_the_items_whose_record_says_so(
    records: list[Mapping[str, Attribute]], conditions: list[Condition]
) -> None:
    made = attributes(*records)
    for of in (made, opened(Attributes, arrays(made), items=len(records))):
        refused = any(unanswerable(records, condition) for condition in conditions)
        if refused:
            with pytest.raises(QueryError, match=r"items have no attribute|holds no numbers|has no value"):
                of.mask(conditions)
            continue
        expected = [all(satisfies(record, condition) for condition in conditions) for record in records]
        assert of.mask(conditions).tolist() == expected


def unanswerable(records: Sequence[Mapping[str, Attribute]], condition: Condition) -> bool:
    held = [record[condition.attribute] for record in records if condition.attribute in record]
    no_numbers = all(isinstance(value, str | list) for value in held)
    return not held or (
        no_numbers if condition.operator in COMPARE else any(odd(held, one) for one in condition.values)
    )


def odd(held: Sequence[Attribute], value: str | float) -> bool:
    """Whether no item has a value, and it is several of which an item has one."""
    entries = [one for many in held for one in (many if isinstance(many, list) else [many])]
    if not isinstance(value, str) or any(equal(one, value) for one in entries):
        return False
    return any(isinstance(one, str) and equal(one, part) for one in entries for part in value.split("|"))


def test_case_does_not_matter_beyond_ascii() -> None:
    of = attributes({"genre": "Straße"}, {"genre": "STRASSE"}, {"genre": ["ΣΊΣΥΦΟΣ", "drama"]})
    assert found(of, "genre:strasse") == [0, 1]
    assert found(of, "genre:σίσυφοσ") == [2]


def test_an_empty_string_is_a_value_and_a_missing_attribute_is_none() -> None:
    of = attributes({"genre": ""}, {}, {"genre": []}, {"genre": "drama"})
    assert np.flatnonzero(of.mask([Condition("genre", "in", ("",))])).tolist() == [0]
    assert found(of, "genre!:drama") == [0, 1, 2]


def test_a_number_is_found_by_its_value() -> None:
    of = attributes({"year": 1999}, {"year": 1999.0}, {"year": "1999"}, {"year": "1999.0"}, {"year": 1999.5}, {})
    assert found(of, "year:1999") == [0, 1, 2]
    assert found(of, "year:1999.0") == [0, 1, 3]
    assert found(of, "year:1999.50") == [4]
    assert np.flatnonzero(of.mask([Condition("year", "in", (1999,))])).tolist() == [0, 1, 2]
    assert found(of, "year!:1999") == [3, 4, 5]
    assert found(of, "year>=1999") == [0, 1, 4]
    assert found(of, "year>1999") == [4]
    assert found(of, "year<=1999") == [0, 1]
    assert found(of, "year<1999") == []


def test_numbers_of_two_attributes_are_kept_apart() -> None:
    of = attributes({"a": 5, "b": 1}, {"a": 3}, {"b": 3})
    assert found(of, "a>=3") == [0, 1]
    assert found(of, "b<=3") == [0, 2]
    assert found(of, "b>3") == []


def test_a_value_that_no_item_has_matches_nothing() -> None:
    of = attributes({"genre": "drama", "year": 1999}, {"genre": "horror"})
    assert found(of, "genre:western") == []
    assert found(of, "year:2000") == []
    assert found(of, "genre!:western") == [0, 1]
    assert np.flatnonzero(of.mask([Condition("genre", "in", ("\ud800",))])).tolist() == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year:1990-2000", "attribute 'year' holds numbers; for a range write year>=1990 and year<=2000"),
        ("year!:1990 to 2000", "attribute 'year' holds numbers; for a range write year>=1990 and year<=2000"),
        ("stock:1", "attribute 'stock' holds true and false, and not '1'; write stock:true or stock:false"),
        ("genre:drama|horror", "no value 'drama|horror'; for any of several write 'genre:drama,horror'"),
    ],
)
def test_a_value_in_a_form_that_no_item_can_have_is_refused(text: str, message: str) -> None:
    of = attributes({"genre": ["drama", "a|b"], "year": 1999, "stock": True}, {"genre": "horror", "stock": "maybe"})
    with pytest.raises(QueryError, match=message.replace("|", r"\|")):
        found(of, text)
    assert found(of, "genre:a|b") == [0]
    assert found(of, "stock:maybe") == [1]
    assert found(of, "year:new") == []


def test_all_items_satisfy_no_condition() -> None:
    assert attributes({}, {}).mask([]).tolist() == [True, True]
    assert attributes().mask([]).tolist() == []


def test_each_attribute_is_listed_with_what_it_holds() -> None:
    of = attributes(
        {"year": 1999, "genre": ["a"], "size": 1, "flag": True}, {"size": "XL", "tags": [], "huge": 10**400}
    )
    expected = {
        "year": "number",
        "genre": "text",
        "size": "number and text",
        "flag": "text",
        "tags": None,
        "huge": "text",
    }
    assert of.names() == expected
    assert found(of, "flag:true") == [0]
    assert found(of, f"huge:{10**400}") == [1]


def test_an_unknown_attribute_is_refused_with_the_nearest_and_the_known_ones() -> None:
    of = attributes({"genre": "drama", "year": 1999})
    with pytest.raises(
        QueryError, match=r"^items have no attribute 'genr'; did you mean 'genre'\?; known are genre, year$"
    ):
        found(of, "genr:drama")
    with pytest.raises(QueryError, match=r"^items have no attribute 'xyz'; known are genre, year$"):
        found(of, "xyz!:drama")
    with pytest.raises(QueryError, match=r"^items have no attribute 'xyz'; they have none at all$"):
        found(attributes({}), "xyz:drama")
    with pytest.raises(
        QueryError, match=r"no attribute 'title'; known are genre, year; an item is found by its title with a"
    ):
        found(of, "title:Alien")


def test_many_known_attributes_are_not_all_listed() -> None:
    of = attributes({f"column {num}": num for num in range(100)})
    with pytest.raises(QueryError, match=r"^items have no attribute 'colum 7'; did you mean 'column 7'\?$"):
        found(of, "colum 7:1")
    with pytest.raises(QueryError, match=r"^items have no attribute 'zzz'$"):
        found(of, "zzz:1")


def test_a_comparison_without_numbers_is_refused() -> None:
    of = attributes({"genre": ["drama"], "year": 1999})
    with pytest.raises(QueryError, match="attribute 'genre' holds no numbers to compare with; ask for equality"):
        found(of, "genre>=3")


def test_a_truth_value_is_not_a_number() -> None:
    with pytest.raises(QueryError, match="attribute 'flag' holds no numbers"):
        found(attributes({"flag": True}), "flag>=1")


def test_the_arrays_have_the_same_bytes_every_time() -> None:
    records = [{"genre": ["b", "a", "B"], "year": 1999}, {"year": 1998, "size": "XL"}]
    first, second = arrays(attributes(*records)), arrays(attributes(*records))
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


SOUND = ({"genre": ["b", "a"], "year": 1999, "price": 2.5}, {"year": 1998, "genre": "a"})


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("strings.blob", np.frombuffer(b"genreyear", np.uint8), "packed strings: the arrays"),
        ("strings.blob", np.frombuffer(b"genre\xffear" + b"price", np.uint8), "a name is not UTF-8"),
        ("strings.blob", np.array(7, np.uint8), "packed strings: the arrays"),
        ("strings.offsets", np.array([0, 5, 9, 15], np.int64), "packed strings: the arrays"),
        ("strings.offsets", np.array([0, 0, 0, 14], np.int64), "a name occurs twice"),
        ("numbers.indptr", np.array([0, 0, 2], np.int64), "do not fit together"),
        ("numbers.indptr", np.array([0, 2, 1, 3], np.int64), "do not fit together"),
        ("numbers.indptr", np.array([0, 0, 2, 4], np.int64), "do not fit together"),
        ("numbers.indptr", np.array([1, 1, 2, 3], np.int64), "do not fit together"),
        ("numbers.indptr", np.array([0, 0, 2, 3], np.int32), "do not fit together"),
        ("numbers.indptr", np.array([0, 3, 3, 3], np.int64), "do not fit together"),
        ("numbers.indptr", np.array(0, np.int64), "do not fit together"),
        ("numbers.values", np.array([1999, 1998, 2.5]), "do not fit together"),
        ("numbers.values", np.array([1998, np.nan, 2.5]), "do not fit together"),
        ("numbers.values", np.array([1998, np.inf, 2.5]), "do not fit together"),
        ("numbers.values", np.array([1998, 1999]), "do not fit together"),
        ("numbers.values", np.array([1998, 1999, 2], np.float32), "do not fit together"),
        ("numbers.items", np.array([1, 0, 2], np.int32), "do not fit together"),
        ("numbers.items", np.array([1, 0, -1], np.int32), "do not fit together"),
        ("numbers.items", np.array([1, 0, 0], np.int64), "do not fit together"),
        ("numbers.items", np.array([[1], [0], [0]], np.int32), "do not fit together"),
        ("texts.indptr", np.array([0, 3], np.int64), "do not fit together"),
        ("texts.indptr", np.array([0, 4, 3], np.int64), "do not fit together"),
        ("texts.items", np.array([0, 1, 5], np.int32), "do not fit together"),
        ("texts.items", np.array([0, 1], np.int32), "do not fit together"),
        ("texts.attributes", np.array([3], np.int32), "do not fit together"),
        ("texts.attributes", np.array([-1], np.int32), "do not fit together"),
        ("texts.attributes", np.array(0, np.int32), "do not fit together"),
        ("texts.high", np.array([2, 1], np.uint64), "do not fit together"),
        ("texts.high", np.array([1, 2], np.int64), "do not fit together"),
        ("texts.high", np.array([1], np.uint64), "do not fit together"),
        ("texts.low", np.array([[1, 2]], np.uint64), "do not fit together"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: np.ndarray, message: str) -> None:
    sound = arrays(attributes(*SOUND))
    assert opened(Attributes, sound, items=2).names() == {"genre": "text", "year": "number", "price": "number"}
    with pytest.raises(BundleError, match=message):
        opened(Attributes, {**sound, name: array}, items=2)


def test_equal_digests_are_refused() -> None:
    sound = arrays(attributes(*SOUND))
    same = {name: np.array([1, 1], np.uint64) for name in ("texts.high", "texts.low")}
    with pytest.raises(BundleError, match="do not fit together"):
        opened(Attributes, {**sound, **same}, items=2)


def test_arrays_of_more_items_than_there_are_are_refused() -> None:
    with pytest.raises(BundleError, match="do not fit together"):
        opened(Attributes, arrays(attributes(*SOUND)), items=1)


@given(st.data())
def test_any_change_of_the_arrays_is_refused_or_answered(data: st.DataObject) -> None:
    changed = {name: array.copy() for name, array in arrays(attributes(*SOUND)).items()}
    for name in data.draw(st.lists(st.sampled_from(sorted(changed)), min_size=1, max_size=3)):
        raw = bytearray(changed[name].tobytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        changed[name] = np.frombuffer(bytes(raw), changed[name].dtype)
    try:
        of = opened(Attributes, changed, items=2)
    except BundleError:
        return
    for name in of.names():
        assert of.mask([Condition(name, "in", ("a", 1999.0)), Condition(name, "not in", ("b",))]).shape == (2,)
