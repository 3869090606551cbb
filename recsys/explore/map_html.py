"""Item map as a self-contained HTML page that can be moved, zoomed and searched.

Titles are data of the page; its script writes them as text only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Set as AbstractSet
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader

from recsys.explore.json import item_groups, map_rows
from recsys.explore.map_svg import color
from recsys.model.extras.item_map import ItemMap
from recsys.recommend.recommender import NONE, Recommender

MOST_POINTS = 50_000
DIGITS = 4


def page(recommender: Recommender, hidden: AbstractSet[str] = NONE) -> str:
    """Return the page of the most popular MOST_POINTS items that have a place, without the ids in `hidden`."""
    model = recommender.model
    item_map, clusters = model.need(ItemMap), item_groups(model)
    nums = map_rows(recommender, hidden=hidden)[:MOST_POINTS]
    data: dict[str, Any] = {
        "id": [model.catalog.items.id(num) for num in nums.tolist()],
        "title": [model.catalog.titles[num] for num in nums.tolist()],
        "x": item_map.places[nums, 0].astype(float).round(DIGITS).tolist(),
        "y": item_map.places[nums, 1].astype(float).round(DIGITS).tolist(),
        "cluster": clusters.labels[nums].tolist(),
        "names": [group.name for group in clusters.groups],
        "colors": [color(label) for label in range(-1, len(clusters.groups))],
    }
    templates = Environment(loader=PackageLoader("recsys.explore"), autoescape=True, keep_trailing_newline=True)
    templates.filters["sha256"] = _digest
    templates.policies["json.dumps_kwargs"] = {"allow_nan": False}
    style, script = (files("recsys.explore").joinpath(f"templates/map.{kind}").read_text() for kind in ("css", "js"))
    return templates.get_template("map.html.j2").render(data=data, style=style, script=script)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
