from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.ids import IdMap
from recsys.errors import BundleError, DataError
from tests.support.odd_ids import ODD_IDS
from tests.support.parts import arrays, opened

UNIQUE_IDS = st.lists(st.text(min_size=1), unique=True)


def test_ids_come_back_byte_for_byte() -> None:
    ids = IdMap.from_ids(ODD_IDS)
    assert tuple(ids) == ODD_IDS
    assert [ids.id(num).encode() for num in range(len(ids))] == [one.encode() for one in ODD_IDS]
    assert [ids.get(one) for one in ODD_IDS] == list(range(len(ODD_IDS)))


@given(UNIQUE_IDS, st.lists(st.text()))
def test_the_map_agrees_with_a_dict(names: list[str], others: list[str]) -> None:
    ids, oracle = IdMap.from_ids(names), {name: num for num, name in enumerate(names)}
    assert len(ids) == len(oracle)
    assert list(ids) == names
    for asked in [*names, *others]:
        assert ids.get(asked) == oracle.get(asked)
        assert (asked in ids) == (asked in oracle)
    known = ids.known([*others, *names])
    assert known.tolist() == [oracle[one] for one in [*others, *names] if one in oracle]
    assert known.dtype == np.int32


@given(UNIQUE_IDS)
def test_a_map_opened_from_its_arrays_is_the_same(names: list[str]) -> None:
    again = opened(IdMap, arrays(IdMap.from_ids(names)))
    assert list(again) == names
    assert [again.get(name) for name in names] == list(range(len(names)))


def test_numbers_are_python_numbers() -> None:
    assert type(IdMap.from_ids(["a"]).get("a")) is int


def test_ids_of_one_hash_are_told_apart() -> None:
    first, second = "plumless", "buckeroo"  # the textbook collision of CRC-32
    assert zlib.crc32(first.encode()) == zlib.crc32(second.encode())
    ids = IdMap.from_ids([first, second])
    assert (ids.get(first), ids.get(second)) == (0, 1)
    assert IdMap.from_ids([first, "other"]).get(second) is None


def test_an_empty_map_knows_nothing() -> None:
    ids = IdMap.from_ids([])
    assert len(ids) == 0
    assert ids.get("a") is None
    assert ids.known(["a", "b"]).tolist() == []


def test_what_is_no_utf8_is_unknown() -> None:
    ids = IdMap.from_ids(["a", "?"])
    assert ids.get("\ud800") is None
    assert ids.get("") is None
    assert "a\ud800" not in ids


def test_a_repeated_id_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="id 'b' occurs twice; ids must be unique"):
        IdMap.from_ids(["a", "b", "c", "b", "a"])


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(DataError, match="an id is empty; every id needs at least one character"):
        IdMap.from_ids(["a", ""])


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("starts", np.array([0, 1, 2], np.int64), "id map: the arrays do not fit"),
        ("starts", np.array([], np.int32), "id map: the arrays do not fit"),
        ("starts", np.array([2], np.int32), "id map: the arrays do not fit"),
        ("starts", np.array([1, 1, 2], np.int32), "id map: the arrays do not fit"),
        ("starts", np.array([0, 1, 3], np.int32), "id map: the arrays do not fit"),
        ("starts", np.array([0, 5, 2], np.int32), "id map: the arrays do not fit"),
        ("nums", np.array([0, 1], np.int64), "id map: the arrays do not fit"),
        ("nums", np.array([0], np.int32), "id map: the arrays do not fit"),
        ("nums", np.array([0, 2], np.int32), "id map: .* nums holds a number"),
        ("nums", np.array([-1, 0], np.int32), "id map: .* nums holds a number"),
        ("strings.offsets", np.array([0, 1], np.int64), "packed strings: the arrays"),
        ("strings.offsets", np.array([0, 2], np.int64), "id map: the arrays do not fit"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, array: np.ndarray, message: str) -> None:
    changed = {**arrays(IdMap.from_ids(["a", "b"])), name: array}
    with pytest.raises(BundleError, match=message):
        opened(IdMap, changed)
