from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.data.packed import PackedStrings
from recsys.errors import BundleError
from tests.support.odd_ids import ODD_IDS
from tests.support.parts import arrays, opened


def offsets(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def blob(content: bytes) -> np.ndarray:
    return np.frombuffer(content, dtype=np.uint8)


@given(st.lists(st.text()))
def test_strings_come_back_in_their_order(strings: list[str]) -> None:
    packed = PackedStrings.from_strings(strings)
    assert list(packed) == strings
    assert len(packed) == len(strings)
    assert [packed[num] for num in range(len(packed))] == strings
    assert [packed.raw(num) for num in range(len(packed))] == [string.encode() for string in strings]


def test_odd_strings_come_back_through_arrays() -> None:
    kept = arrays(PackedStrings.from_strings(ODD_IDS))
    assert set(kept) == {"blob", "offsets"}
    assert tuple(opened(PackedStrings, kept)) == ODD_IDS


def test_any_iterable_is_packed_once() -> None:
    assert list(PackedStrings.from_strings(string for string in ("", "a", "", "bc"))) == ["", "a", "", "bc"]


def test_no_strings_are_a_value_too() -> None:
    packed = PackedStrings.from_strings([])
    assert len(packed) == 0
    assert list(packed) == []


def test_a_number_past_the_end_is_refused() -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        PackedStrings.from_strings(["a"])[1]


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        (b"abc", offsets()),
        (b"abc", offsets(1, 3)),
        (b"abc", offsets(0, 2)),
        (b"abc", offsets(0, 4)),
        (b"abc", offsets(0, 2, 1, 3)),
        (b"abc", offsets(0, 5, 3)),
        (b"abc", offsets(0, -1, 3)),
        (b"abc", np.array([0, 3], dtype=np.int32)),
        (b"abc", np.array([0.0, 3.0])),
        (b"abc", np.array([[0, 3]], dtype=np.int64)),
        (b"abc", np.array(3, dtype=np.int64)),
    ],
    ids=str,
)
def test_offsets_that_do_not_fit_are_refused(content: bytes, ends: np.ndarray) -> None:
    with pytest.raises(BundleError, match="packed strings: the arrays do not fit together"):
        PackedStrings(blob(content), ends)


def test_bytes_of_another_type_are_refused() -> None:
    with pytest.raises(BundleError, match="packed strings: the arrays do not fit together"):
        PackedStrings(np.frombuffer(b"abc", dtype=np.int8), offsets(0, 3))  # type: ignore[arg-type]
