"""What is shown of groups, map and directions."""

from __future__ import annotations

import pytest

from recsys.data.filters import parse_filter
from recsys.errors import NotFoundError, QueryError, UnansweredError
from recsys.explore.json import (
    Page,
    cluster_object,
    cluster_of,
    clusters_object,
    directions_object,
    map_object,
    segment_object,
    segment_of,
    segments_object,
)
from recsys.model.extras.directions import Directions
from recsys.model.extras.groups import Clusters, Segments
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest

HIDDEN = frozenset({"i0", "i3"})


@pytest.fixture
def recommender(model: Model) -> Recommender:
    return Recommender(model, "v1")


@pytest.fixture
def bare(model: Model) -> Recommender:
    """A model that was trained without all this."""
    none = model.without(Clusters, Segments, ItemMap, Directions)
    return Recommender(none, "v1")


def test_clusters_with_what_is_distinctive(recommender: Recommender) -> None:
    found = clusters_object(recommender)
    assert (found["model_version"], found["ungrouped"]) == ("v1", 1)
    assert [(one["cluster_id"], one["name"], one["size"]) for one in found["clusters"]] == [
        (0, "Cluster 0", 17),
        (1, "Cluster 1", 16),
        (2, "Cluster 2", 16),
    ]
    first = found["clusters"][0]
    assert first["share"] == 0.34
    assert first["words"] == [{"word": "text", "weight": 0.5}, {"word": "odd", "weight": 0.25}]
    assert first["attributes"] == [{"attribute": "genre", "value": "drama", "share": 0.5, "overall": 0.125}]
    assert first["numbers"] == [{"attribute": "year", "low": 1990, "median": 1995, "high": 2000, "overall": 2010}]
    assert first["items"] == [{"item_id": "i0", "title": "Title 0"}]
    assert "clusters" not in first


def test_segments_with_the_clusters_that_they_use(recommender: Recommender) -> None:
    found = segments_object(recommender)
    assert [one["size"] for one in found["segments"]] == [15, 14]
    assert found["segments"][0]["clusters"] == [{"cluster_id": 0, "name": "Cluster 0", "share": 0.75, "overall": 0.25}]


def test_members_in_pages_that_repeat_and_lose_nothing(recommender: Recommender) -> None:
    whole = cluster_object(recommender, "1", Page(100))
    assert [one["item_id"] for one in whole["members"]] == [f"i{num}" for num in range(1, 49, 3)]
    assert whole["next_offset"] is None
    assert [one["rank"] for one in whole["members"]] == [*range(1, 17)]
    falling = [one["closeness"] for one in whole["members"]]
    assert falling == sorted(falling, reverse=True)
    pages, offset = [], 0
    while offset is not None:
        page = cluster_object(recommender, "1", Page(5, offset))
        pages += page["members"]
        offset = page["next_offset"]
    assert pages == whole["members"]


def test_a_hidden_item_is_no_member_and_stands_for_nothing(recommender: Recommender) -> None:
    found = cluster_object(recommender, "0", Page(3), HIDDEN)
    assert [one["item_id"] for one in found["members"]] == ["i6", "i9", "i12"]
    assert found["items"] == []
    assert found["next_offset"] == 5
    assert segments_object(recommender, HIDDEN)["segments"][0]["items"] == []
    assert directions_object(recommender, HIDDEN)["directions"][0]["low"]["items"] == []
    assert not HIDDEN & set(map_object(recommender, Page(50), hidden=HIDDEN)["item_id"])


def test_a_user_who_is_gone_is_not_named(recommender: Recommender) -> None:
    found = segment_object(recommender, "0", Page(2), gone=lambda user_id: user_id == "u2")
    assert [one["user_id"] for one in found["members"]] == ["u0", "u4"]
    assert found["next_offset"] == 3


def test_a_page_behind_the_last_one_is_empty(recommender: Recommender) -> None:
    found = cluster_object(recommender, "0", Page(10, 1000))
    assert (found["members"], found["next_offset"]) == ([], None)


@pytest.mark.parametrize("group_id", ["3", "-1", "00", "0 ", "x", "", "\u0660", "1e0"])
def test_a_group_that_is_not_there(recommender: Recommender, group_id: str) -> None:
    with pytest.raises(NotFoundError, match=r"^cluster .* is not in model v1; it has 0 to 2$"):
        cluster_object(recommender, group_id, Page())


def test_what_an_item_or_user_belongs_to(recommender: Recommender) -> None:
    assert cluster_of(recommender, "i4") == {"cluster_id": 1, "name": "Cluster 1", "closeness": 0.92}
    assert segment_of(recommender, "u4") == {"segment_id": 0, "name": "Segment 0", "closeness": 0.866667}
    assert cluster_of(recommender, "i49") is None
    assert segment_of(recommender, "nobody") is None


def test_the_map_in_columns_most_popular_first(recommender: Recommender, model: Model) -> None:
    found = map_object(recommender, Page(10))
    best = [num for num in model.popularity.order.tolist() if num != 49][:10]
    assert found["item_id"] == [f"i{num}" for num in best]
    assert found["title"] == [f"Title {num}" for num in best]
    assert found["x"] == found["y"] == [round(-1 + 2 * num / 48, 4) for num in best]
    assert found["cluster"] == [num % 3 for num in best]
    assert found["clusters"] == {"0": "Cluster 0", "1": "Cluster 1", "2": "Cluster 2"}
    assert found["popularity"] == [pytest.approx(float(model.popularity.scores[num]), abs=1e-6) for num in best]
    assert found["next_offset"] == 10
    rest = map_object(recommender, Page(100, 10))
    assert len({*found["item_id"], *rest["item_id"]}) == 49
    assert rest["next_offset"] is None


def test_a_part_of_the_map(recommender: Recommender) -> None:
    asked = ListRequest(filters=(parse_filter("year>=2035"),), exclude=["i46"])
    assert sorted(map_object(recommender, Page(10), asked)["item_id"]) == ["i45", "i47", "i48"]
    with pytest.raises(QueryError, match="items have no attribute 'yaer'"):
        map_object(recommender, Page(), ListRequest(filters=(parse_filter("yaer>=2035"),)))


def test_directions_with_both_ends(recommender: Recommender) -> None:
    found = directions_object(recommender)
    assert [(one["space"], one["number"], one["share"]) for one in found["directions"]] == [
        ("collaborative", 1, 0.25),
        ("content", 1, 0.125),
    ]
    assert found["directions"][0]["correlations"] == [{"attribute": "popularity", "correlation": -0.5}]
    assert found["directions"][0]["high"]["items"] == [{"item_id": "i0", "title": "Title 0"}]
    assert found["directions"][1]["high"] == {"words": [], "attributes": [], "numbers": [], "items": []}


def test_a_model_without_them_says_so(bare: Recommender) -> None:
    because = r"the model was trained without them \(explore.enabled\), or its items have too little data$"
    with pytest.raises(UnansweredError, match="no clusters: " + because):
        clusters_object(bare)
    with pytest.raises(UnansweredError, match="no clusters: " + because):
        cluster_object(bare, "0", Page())
    with pytest.raises(UnansweredError, match="no segments: " + because):
        segment_object(bare, "0", Page())
    with pytest.raises(UnansweredError, match="no map: " + because[:-1] + ", or explore.map_items is 0$"):
        map_object(bare, Page())
    with pytest.raises(UnansweredError, match="no directions: " + because):
        directions_object(bare)
