"""Suggested attributes: the votes by hand, and arrays that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.data.packed import PackedStrings
from recsys.errors import BundleError, NotFoundError, UnansweredError
from recsys.explore.suggested_tags import Suggestions, of_item, of_text
from recsys.model.extras.tagging import SETTING, Measured, Tagging
from recsys.recommend.recommender import Recommender
from tests.support import factories, tagged
from tests.support.parts import arrays, opened


@pytest.fixture(scope="module")
def asking() -> Recommender:
    return Recommender(tagged.model(), "v1")


def attribute(found: tuple[Suggestions, ...], name: str) -> Suggestions:
    return next(one for one in found if one.attribute == name)


def test_votes_by_hand(asking: Recommender) -> None:
    """The two nearest to item 3 are 0, of likeness 2, and 1, of 1.6."""
    found = of_item(asking, "i3")
    assert found.space == "blended"
    genres = attribute(found.attributes, "genres")
    comedy, war = genres.tags
    assert (genres.known, genres.asked) == ((), 2)
    assert (comedy.value, comedy.votes) == ("comedy", 2)
    assert (comedy.share, comedy.confidence, comedy.suggested) == pytest.approx((1.0, 0.5, True))
    assert [voter.item_id for voter in comedy.voters] == ["i0", "i1"]
    assert [voter.likeness for voter in comedy.voters] == pytest.approx([2.0, 1.6])
    assert [voter.share for voter in comedy.voters] == pytest.approx([2 / 3.6, 1.6 / 3.6])
    assert (war.value, war.suggested, [voter.title for voter in war.voters]) == ("war", False, ["Title 1"])
    assert (war.share, war.confidence) == pytest.approx((1.6 / 3.6, 0.8 / 3.6))
    assert genres.measured == Measured(2, 0.4, 9, 0.8, 0.7, 0.75, 0.05, 0.4, 0.3, 0.35)


def test_what_is_known_does_not_vote_for_itself(asking: Recommender) -> None:
    genres = attribute(of_item(asking, "i1").attributes, "genres")
    assert genres.known == ("comedy", "war")
    assert all(voter.item_id != "i1" for tag in genres.tags for voter in tag.voters)


def test_of_an_attribute_of_one_value_the_first_alone_is_suggested(asking: Recommender) -> None:
    made = tagged.model()
    tied = made.with_extras(tagged.tagging(value_nums=np.array([0, 2, 0, 1, 3, 1, 3, 0, 3], np.int32)))
    land = attribute(of_item(Recommender(tied, ""), "i3").attributes, "land")
    assert [(tag.value, tag.suggested) for tag in land.tags] == [("fr", True), ("it", False)]
    assert land.tags[1].confidence >= land.measured.threshold


def test_votes_that_are_no_better_than_the_most_frequent_values_suggest_nothing() -> None:
    worse = tagged.tagging().settings.copy()
    worse[:, :, SETTING.index("base_f1")] = 0.8
    asking = Recommender(tagged.model().with_extras(tagged.tagging(settings=worse)), "")
    (genres, land) = of_item(asking, "i3").attributes
    assert genres.tags
    assert not any(tag.suggested for tag in (*genres.tags, *land.tags))


def test_a_text_is_near_by_content_alone(asking: Recommender) -> None:
    found = of_text(asking, np.array([0, 1], dtype=np.float32))
    assert found.space == "text"
    land = attribute(found.attributes, "land")
    assert (land.tags[0].value, land.tags[0].confidence) == ("it", 1.0)


def test_a_hidden_item_does_not_vote(asking: Recommender) -> None:
    for found in (of_item(asking, "i3", {"i0"}), of_text(asking, np.array([1, 0], dtype=np.float32), {"i0"})):
        voters = [voter.item_id for one in found.attributes for tag in one.tags for voter in tag.voters]
        assert "i1" in voters
        assert "i0" not in voters


def test_nobody_is_near(asking: Recommender) -> None:
    """Neither to an item that is unlike all others, nor to a text that says nothing."""
    for found in (of_item(asking, "i4"), of_text(asking, np.zeros(2, dtype=np.float32))):
        assert [(one.asked, one.tags) for one in found.attributes] == [(0, ()), (0, ())]


def test_what_cannot_be_answered_is_told(asking: Recommender) -> None:
    with pytest.raises(NotFoundError, match="item 'nix' is not in the catalog"):
        of_item(asking, "nix")
    with pytest.raises(UnansweredError, match="the model suggests no attribute"):
        of_item(Recommender(factories.model(), ""), "i1")


def test_arrays_open_as_they_were_made() -> None:
    made = tagged.tagging()
    again = opened(Tagging, arrays(made), items=5)
    assert len(again) == len(made)
    assert {name: value.tolist() for name, value in arrays(again).items()} == {
        name: value.tolist() for name, value in arrays(made).items()
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"single": np.array([0], np.uint8)},
        {"single": np.array([0, 1], np.int8)},
        {"value_indptr": np.array([0, 2, 5], np.int64)},
        {"indptr": np.array([0, 2, 1, 7, 7, 9], np.int64)},
        {"value_nums": np.array([0, 2, 0, 1, 4, 1, 3, 0, 3], np.int32)},
        {"value_nums": np.array([0, 2, 0, 1, -1, 1, 3, 0, 3], np.int32)},
        {"settings": np.full((2, 2, 10), np.nan)},
        {"settings": np.zeros((2, 2, 10))},
        {"settings": np.ones((1, 2, 10))},
        {"knots_indptr": np.array([0, 2, 4, 8, 8], np.int64)},
        {"knots": np.full((8, 2), np.inf)},
        {"names": PackedStrings.from_strings(["genres"])},
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BundleError, match="tagging: the arrays do not fit together"):
        tagged.tagging(**changes)
