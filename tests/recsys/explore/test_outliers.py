"""What stands out, in order and in words."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.errors import BundleError, NotFoundError
from recsys.explore.outliers import OF_ITEMS, OF_USERS, page
from recsys.model.extras.anomalies import (
    KINDS,
    LABELS,
    SUBJECTS,
    Anomalies,
    Finding,
    Found,
    Kind,
    Outliers,
    Subject,
    score_of,
)
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from tests.support import factories
from tests.support.parts import arrays, opened

DAY = 1_700_000_000.0


def of(model: Model) -> Recommender:
    return Recommender(model, "v")


def example() -> Model:
    """Three users and two items that stand out."""
    choice = Finding("choice", 0.5, (4.2, 3.0, 60.0, 90.0))
    push = Finding("push", 1.0, (5.0, 7.0, 8.0, 0.4, 1e-7), 12)
    users = [
        Found(7, score_of("users", [0.5, 1.0]), (choice, push)),
        Found(3, score_of("users", [1.0]), (Finding("volume", 1.0, (6.5, 4000.0, 70.0)),)),
        Found(2, score_of("users", [1.0]), (Finding("burst", 1.0, (7.0, 9.0, 0.01, DAY, 1e-9), 4),)),
    ]
    items = [
        Found(12, 1.0, (push._replace(other=-1),)),
        Found(5, 0.98, (Finding("duplicate", 0.98, (0.999, 1.0, 3.0, 20.0, 30.0), 6),)),
    ]
    return factories.model().with_extras(Anomalies(Outliers.of(items), Outliers.of(users)))


def test_scores_by_hand() -> None:
    assert score_of("items", []) == 0
    assert score_of("items", [0.5, 0.5]) == 0.75
    assert score_of("users", [1.0]) == 0.5
    assert score_of("users", [1.0, 1.0]) == 0.75


def test_users_with_what_speaks_for_it() -> None:
    found = page(of(example()), "users", 10)
    assert (found.total, found.next_offset) == (3, None)
    assert [(one.id, one.suspect) for one in found.outliers] == [("u7", True), ("u2", False), ("u3", False)]
    first, second = found.outliers[0].evidence
    assert (first.kind, first.item_id, second.kind) == ("push", "i12", "choice")
    assert first.sentence == (
        "It gave Title 12 (i12) the highest rating, 5, far above what others think of it: so did 8 users, and 7 of them are "
        "odd, where 0.4 would be expected."
    )
    assert first.numbers["by_chance"] == 1e-7
    assert second.sentence.startswith(
        "Its 90 items have 3 other users at the median, where those of a history as long have 60"
    )
    assert "from 2023-11-14 22:13 UTC" in found.outliers[1].evidence[0].sentence


def test_hidden_items_are_neither_listed_nor_named() -> None:
    items = page(of(example()), "items", 10, hidden=frozenset({"i12", "i6"}))
    assert [one.id for one in items.outliers] == ["i5"]
    assert items.outliers[0].evidence[0].item_id is None
    assert "nearly that of an item that is hidden now" in items.outliers[0].evidence[0].sentence
    users = page(of(example()), "users", 10, hidden=frozenset({"i12"}))
    assert "Title 12" not in str(users)
    assert len(users.outliers) == 3


def test_items_with_what_speaks_for_it() -> None:
    found = page(of(example()), "items", 10)
    assert [(one.id, one.title, one.suspect) for one in found.outliers] == [
        ("i12", "Title 12", False),
        ("i5", "Title 5", False),
    ]
    assert "it may be pushed" in found.outliers[0].evidence[0].sentence
    assert (
        "nearly that of Title 6 (i6) (cosine 0.999), and so is its title; 20 users"
        in found.outliers[1].evidence[0].sentence
    )


def test_pages_are_one_list() -> None:
    model = example()
    whole = page(of(model), "users", 10).outliers
    first, rest = page(of(model), "users", 2), page(of(model), "users", 2, 2)
    assert (first.outliers + rest.outliers, first.next_offset, rest.next_offset) == (whole, 2, None)
    assert page(of(model), "users", 2, 3).outliers == ()


def test_only_from_a_score_on_and_nobody_who_was_deleted() -> None:
    model = example()
    assert [one.id for one in page(of(model), "users", 9, least=0.6).outliers] == ["u7"]
    left = page(of(model), "users", 2, left_out=lambda one: one == "u7")
    assert ([one.id for one in left.outliers], left.total, left.next_offset) == (["u2", "u3"], 2, None)


@pytest.mark.parametrize("least", [0.0, 0.5, 0.75, 0.98, 1.0])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_only_one_id_is_its_row_of_the_list_and_no_other_id_is_asked_about(subject: Subject, least: float) -> None:
    recommender, asked = of(example()), list[str]()
    listed = {one.id: one for one in page(recommender, subject, 10, least=least).outliers}
    for name in recommender.items if subject == "items" else recommender.users:
        found = page(recommender, subject, 10, least=least, left_out=lambda one: bool(asked.append(one)), only=name)
        assert found.outliers == tuple(one for one in (listed.get(name),) if one)
        assert (found.total, found.next_offset) == (len(found.outliers), None)
    assert sorted(asked) == sorted(listed)


def test_only_one_id_that_is_left_out_hidden_or_unknown() -> None:
    recommender = of(example())
    assert page(recommender, "users", 1, left_out=lambda one: one == "u7", only="u7").outliers == ()
    assert page(recommender, "items", 1, hidden=frozenset({"i5"}), only="i5").outliers == ()
    for subject, unknown in (("items", "item 'u7' is not in the catalog"), ("users", "user 'i5' is not in model v")):
        with pytest.raises(NotFoundError, match=unknown):
            page(recommender, subject, 1, only=unknown.split("'")[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_words(kind: Kind) -> None:
    """Also for numbers that no calendar and no format expects."""
    for texts, subject in ((OF_USERS, "users"), (OF_ITEMS, "items")):
        if kind not in texts:
            continue
        for number in (0.0, -3.0, 1e300):
            numbers = (number,) * len(LABELS[kind])
            found = Outliers.of([Found(1, 0.5, (Finding(kind, 0.5, numbers, 2),))])
            sides = (found, Outliers.of(())) if subject == "items" else (Outliers.of(()), found)
            model = factories.model().with_extras(Anomalies(*sides))
            (one,) = page(of(model), subject, 1).outliers  # type: ignore[arg-type]
            assert one.evidence[0].sentence.endswith(".")
    assert kind in OF_USERS or kind in OF_ITEMS


def test_arrays_open_as_they_were_made() -> None:
    made = example().need(Anomalies)
    again = opened(Anomalies, arrays(made), items=50, users=30)
    assert [again.users.at(place) for place in range(3)] == [made.users.at(place) for place in range(3)]
    nothing = opened(Anomalies, arrays(Anomalies(Outliers.of(()), Outliers.of(()))), items=1, users=1)
    assert len(nothing.items) == len(nothing.users) == 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("users.nums", np.array([7, 2, 30], np.int32)),
        ("users.nums", np.array([7, 2, -1], np.int32)),
        ("users.nums", np.array([7, 2], np.int32)),
        ("users.scores", np.array([0.5, 0.7, 0.5], np.float32)),
        ("users.scores", np.array([1.5, 0.7, 0.5], np.float32)),
        ("users.scores", np.array([np.nan, 0.7, 0.5], np.float32)),
        ("users.indptr", np.array([0, 2, 1, 4], np.int64)),
        ("users.indptr", np.array([0, 2, 3, 5], np.int64)),
        ("users.kinds", np.array([3, 0, 6, 99], np.uint8)),
        ("users.others", np.array([50, -1, 4, -1], np.int32)),
        ("users.strengths", np.array([2, 1, 1, 1], np.float32)),
        ("users.numbers", np.full((4, 5), np.nan)),
        ("items.numbers", np.zeros((2, 4))),
        ("items.nums", np.array([12.0, 5.0])),
    ],
)
def test_arrays_that_do_not_fit_are_refused(column: str, value: np.ndarray) -> None:
    changed = {**arrays(example().need(Anomalies)), column: value}
    with pytest.raises(BundleError, match="anomalies: the arrays do not fit together"):
        opened(Anomalies, changed, items=50, users=30)
