"""Groups of rows: what is checked when they are made, and what is read back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.errors import BundleError
from recsys.model.extras.descriptions import Meaning
from recsys.model.extras.groups import NO_GROUP, Affinity, Clusters, Group, Groups, Segments
from tests.support import explored
from tests.support.parts import arrays, opened

NAMED = [Group("first", 0.9, Meaning()), Group("second", 0.8, Meaning())]


@pytest.fixture
def groups() -> Groups:
    labels = np.array([1, 0, NO_GROUP, 0, 0], dtype=np.int32)
    return Groups.from_labels(labels, np.array([0.5, 0.1, 0, 0.3, 0.3], dtype=np.float32), NAMED)


def test_members_stand_in_the_order_of_their_closeness(groups: Groups) -> None:
    assert groups.members_of(0).tolist() == [3, 4, 1]
    assert groups.members_of(1).tolist() == [0]
    assert [groups.size(group) for group in (0, 1)] == [3, 1]
    assert [groups.of(row) for row in range(5)] == [1, 0, None, 0, 0]


def test_what_is_written_is_read_back() -> None:
    made = explored.groups(10, 3, "Grün", [Affinity(2, 0.5, 0.25)])
    read = opened(Clusters, arrays(made), items=10)
    assert read.groups == made.groups
    for one, other in zip(arrays(read).values(), arrays(made).values(), strict=True):
        assert np.array_equal(one, other)


def test_there_may_be_none() -> None:
    none = Clusters.from_labels(np.full(4, NO_GROUP, np.int32), np.zeros(4, np.float32), ())
    assert (len(none), none.groups, none.of(2)) == (4, (), None)
    assert len(opened(Clusters, arrays(none), items=4)) == 4


@pytest.mark.parametrize(
    "broken",
    [
        {"labels": np.array([1, 0, NO_GROUP, 0, 1], dtype=np.int32)},
        {"labels": np.array([1, 0, 0, 0, 0], dtype=np.int32)},
        {"labels": np.array([1, 0, NO_GROUP, 0, 0])},
        {"members": np.array([3, 3, 1, 0], dtype=np.int32)},
        {"members": np.array([3, 4, 5, 0], dtype=np.int32)},
        {"members": np.array([3, 4, -1, 0], dtype=np.int32)},
        {"indptr": np.array([0, 4, 4])},
        {"indptr": np.array([0, 2, 4])},
        {"closeness": np.array([0.5, 0.1, np.nan, 0.3, 0.3], dtype=np.float32)},
        {"closeness": np.zeros(4, dtype=np.float32)},
        {"groups": (NAMED[0],)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(groups: Groups, broken: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="groups: the arrays do not fit together"):
        replace(groups, **broken)


def test_an_item_that_the_catalog_does_not_have_is_refused() -> None:
    made = explored.groups(10, 3, "Cluster", kind=Segments)
    with pytest.raises(BundleError, match="segments: an item is out of range"):
        opened(Segments, arrays(made), users=10, items=2)


@pytest.mark.parametrize("text", [b"{}", b"[]", b"null", b"{", b'{"name": "x"}'])
def test_a_description_that_is_none_is_refused(groups: Groups, text: bytes) -> None:
    changed = arrays(groups)
    changed["groups.blob"] = np.frombuffer(text, dtype=np.uint8)
    changed["groups.offsets"] = np.array([0, len(text)], dtype=np.int64)
    with pytest.raises(BundleError, match="groups: a record cannot be read"):
        opened(Groups, changed, items=5)
