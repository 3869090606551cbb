"""The map of the items: places, and the picture."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from recsys.errors import BundleError
from recsys.explore.map_html import page
from recsys.explore.map_svg import COLORS, NO_COLOR, alone, draw
from recsys.model.extras.groups import Clusters
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from tests.support import explored
from tests.support.parts import arrays, opened


def test_what_is_written_is_read_back() -> None:
    made = explored.item_map(5)
    assert np.array_equal(opened(ItemMap, arrays(made), items=5).places, made.places, equal_nan=True)
    assert made.placed().tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("places", [np.zeros((3, 2)), np.zeros((3, 3), np.float32), np.zeros(3, np.float32)])
def test_places_of_another_shape_are_refused(places: np.ndarray) -> None:
    with pytest.raises(BundleError, match="item_map: the arrays do not fit together: places "):
        ItemMap(places)


@pytest.mark.parametrize("place", [(1.5, 0), (0, -1.01), (np.nan, 0), (np.inf, 0)])
def test_a_place_outside_of_the_map_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(BundleError, match="item_map: the arrays do not fit together"):
        ItemMap(np.array([place, (0, 0)], dtype=np.float32))


def points(drawing: str) -> dict[str, int]:
    """How many points there are of each color."""
    paths = ElementTree.fromstring(drawing).iter("path")
    return {path.attrib["stroke"]: path.attrib["d"].count("M") for path in paths}


def test_every_item_that_has_a_place_is_a_point_of_the_color_of_its_cluster(model: Model) -> None:
    drawing = draw(model)
    assert points(drawing) == {COLORS[0]: 17, COLORS[1]: 16, COLORS[2]: 16}
    assert [one.text for one in ElementTree.fromstring(drawing).iter("text")] == ["Cluster 0", "Cluster 1", "Cluster 2"]
    assert points(draw(model.without(Clusters))) == {NO_COLOR: 49}


def test_the_most_popular_are_drawn_first(model: Model) -> None:
    assert sum(points(draw(model, 10)).values()) == 10


def test_a_name_is_text_and_no_markup(model: Model) -> None:
    hostile = explored.groups(50, 1, "<script>&\"'")
    drawing = draw(model.with_extras(hostile))
    assert "<script" not in drawing
    assert [one.text for one in ElementTree.fromstring(drawing).iter("text")] == ["<script>&\"' 0"]


def test_without_places_there_is_no_picture(model: Model) -> None:
    assert draw(model.without(ItemMap)) == ""


def test_a_file_of_its_own_has_a_namespace_and_a_ground(model: Model) -> None:
    root = ElementTree.fromstring(alone(draw(model)))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].attrib["fill"] == "#fff"


def embedded(text: str) -> dict[str, list[object]]:
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    found: dict[str, list[object]] = json.loads(data)
    return found


def test_the_page_holds_every_item_with_a_place(model: Model) -> None:
    data = embedded(page(Recommender(model, "v")))
    assert len(data["id"]) == len(data["title"]) == len(data["x"]) == len(data["y"]) == len(data["cluster"]) == 49
    assert "i49" not in data["id"]
    at = data["id"].index("i7")
    assert (data["title"][at], data["cluster"][at]) == ("Title 7", 1)
    assert data["names"] == ["Cluster 0", "Cluster 1", "Cluster 2"]
    assert data["colors"] == [NO_COLOR, *COLORS[:3]]


def test_the_page_runs_only_what_it_is_made_with(model: Model) -> None:
    text = page(Recommender(model, "v"))
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
    for tag, policy in (("style", "style-src"), ("script", "script-src")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{policy} 'sha256-{digest}'" in text


def test_a_name_cannot_leave_the_data_of_the_page(model: Model) -> None:
    hostile = "</script><script>alert(1)</script>\u2028"
    text = page(Recommender(model.with_extras(explored.groups(50, 1, hostile)), "v"))
    assert text.count("<script") == 2
    assert embedded(text)["names"] == [f"{hostile} 0"]
