"""A part is checked by what it declares, at birth and against its model, and comes back from its tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from recsys.data.packed import PackedStrings, Records
from recsys.data.part import Column, Fields, Nested, Part, Pointers, Scalar, Size
from recsys.errors import BundleError
from tests.support.parts import arrays, opened


@dataclass(frozen=True, eq=False)
class Inner(Part):
    name: ClassVar[str] = "inner"
    fields: ClassVar[Fields] = {"nums": Column(np.int32, "entries", low=0, below="items")}

    nums: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Outer(Part):
    """A field of each kind."""

    name: ClassVar[str] = "outer"
    fields: ClassVar[Fields] = {
        "rows": Pointers("users", "entries"),
        "square": Column(np.float32, ("users", "users", 2), high=1, finite=True),
        "labels": Nested(PackedStrings, "users"),
        "inner": Nested(Inner),
        "weight": Scalar(low=0),
        "notes": Records(lambda note: {"text": note}, lambda kept: str(kept["text"]), "notes"),
        "n_groups": Size("groups"),
    }

    rows: NDArray[np.int64]
    square: NDArray[np.float32]
    labels: PackedStrings
    inner: Inner
    weight: float
    notes: tuple[str, ...]
    n_groups: int


def outer(**changes: Any) -> Outer:
    sound = {
        "rows": np.array([0, 1, 3]),
        "square": np.zeros((2, 2, 2), np.float32),
        "labels": PackedStrings.from_strings(["a", "b"]),
        "inner": Inner(np.array([0, 4, 2], np.int32)),
        "weight": 0.5,
        "notes": ("ü", ""),
        "n_groups": 7,
    }
    return Outer(**(sound | changes))  # type: ignore[arg-type]


def test_what_is_kept_comes_back() -> None:
    made = outer()
    again = opened(Outer, arrays(made), groups=7, users=2, items=5)
    assert [*arrays(made)] == [
        *("rows", "square", "labels.blob", "labels.offsets", "inner.nums", "weight", "notes.blob", "notes.offsets")
    ]
    assert all(np.array_equal(array, arrays(again)[name]) for name, array in arrays(made).items())
    assert (again.notes, again.weight, again.n_groups, [*again.labels]) == (("ü", ""), 0.5, 7, ["a", "b"])
    assert again.sizes == {"users": 2, "entries": 3, "notes": 2, "groups": 7}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rows": np.array([0, 1, 3], np.int32)}, "rows is int32"),
        ({"rows": np.array([0, 2, 1])}, "rows does not rise"),
        ({"rows": np.array([1, 2, 3])}, "rows does not begin at 0"),
        ({"rows": np.array([0, 1, 4])}, "inner has 3 entries where 4 are expected"),
        ({"square": np.zeros((2, 2), np.float32)}, "square is float32 of shape (2, 2)"),
        ({"square": np.zeros((2, 3, 2), np.float32)}, "square has the shape (2, 3, 2)"),
        ({"square": np.zeros((2, 2, 3), np.float32)}, "square has the shape (2, 2, 3)"),
        ({"square": np.full((2, 2, 2), np.nan, np.float32)}, "square holds a number that is not finite"),
        ({"square": np.full((2, 2, 2), 2, np.float32)}, "square holds a number above 1"),
        ({"labels": PackedStrings.from_strings("abc")}, "labels has 3 users where 2 are expected"),
        ({"weight": -0.1}, "weight is -0.1, out of range"),
        ({"weight": float("nan")}, "weight is nan, out of range"),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BundleError, match=f"^{re.escape(f'outer: the arrays do not fit together: {reason}')}"):
        outer(**changes)


def test_a_value_under_the_least_one_is_refused() -> None:
    with pytest.raises(BundleError, match=r"inner: the arrays do not fit together: nums holds a number under 0"):
        Inner(np.array([-1], np.int32))


def test_a_model_of_other_sizes_refuses_it() -> None:
    with pytest.raises(BundleError, match="outer: users are 2 where the model has 3"):
        outer().confirm({"users": 3})
    with pytest.raises(BundleError, match=r"inner: .* nums holds a number that is not under 4 \(items\)"):
        outer().confirm({"items": 4})


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("weight", np.zeros(2), "weight is not one number"),
        ("notes.blob", np.frombuffer(b'{"text": 1}{}', np.uint8), "notes: a record cannot be read: KeyError"),
    ],
)
def test_tensors_that_cannot_be_read_are_refused(name: str, array: NDArray[Any], reason: str) -> None:
    offsets = {"notes.offsets": np.array([0, 11, 13])} if name == "notes.blob" else {}
    with pytest.raises(BundleError, match=reason):
        opened(Outer, {**arrays(outer()), name: array, **offsets}, groups=7)
