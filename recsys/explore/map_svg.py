"""SVG drawing of the item map, for a page or a file.

The points of a cluster are a path of lines of length zero with round ends, a dozen bytes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from html import escape

import numpy as np
from numpy.typing import NDArray

from recsys.explore.json import item_groups
from recsys.index.exact import NOTHING
from recsys.model.extras.groups import NO_GROUP
from recsys.model.extras.item_map import ItemMap
from recsys.model.model import Model
from recsys.recommend.recommender import NONE, Recommender

SIZE = 720
MARGIN = 24
COLORS = (  # Okabe and Ito 2008, then Tol's muted scheme (2021), safe for color-blind people
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
    *("#332288", "#117733", "#999933", "#882255", "#44aa99", "#aa4499", "#ddcc77", "#88ccee"),
)
NO_COLOR = "#999999"
MOST_POINTS = 3000
MOST_NAMES = 24
LONGEST_NAME = 30
LINE = 15  # of text, in the units of the picture

Nums = NDArray[np.int32]


def draw(model: Model, most: int = MOST_POINTS, hidden: Nums = NOTHING) -> str:
    """Draw the `most` popular items that have a place, colored by cluster, with names of the largest clusters.

    `hidden` are row numbers of items to leave out. The result is empty without such items.
    """
    order = model.popularity.order
    item_map, clusters = model.extra(ItemMap), item_groups(model)
    if item_map is None:
        return ""
    drawn = item_map.placed()
    drawn[hidden] = False
    if not len(nums := order[drawn[order]][:most]):
        return ""
    places = MARGIN + (SIZE - 2 * MARGIN) * (1 + item_map.places[nums].astype(np.float64)) / 2
    places[:, 1] = SIZE - places[:, 1]
    labels = clusters.labels[nums]
    width = float(np.clip(160 / np.sqrt(len(nums)), 2.4, 7))
    dots = "".join(_dots(places[labels == label], color(label), width) for label in np.unique(labels).tolist())
    names = _names(places, labels, [group.name for group in clusters.groups])
    label = f"Map of {len(nums)} items, like beside like"
    return f'<svg viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="{label}">{dots}{names}</svg>'


def svg_file(recommender: Recommender, hidden: AbstractSet[str] = NONE) -> str:
    """Return the drawing as a file, without the item ids in `hidden`."""
    return alone(draw(recommender.model, hidden=recommender.left_out((), hidden)))


def alone(drawing: str) -> str:
    """Return a drawing as a file, on white."""
    paper = f'<rect width="{SIZE}" height="{SIZE}" fill="#fff"/>'
    begin, inside = drawing.split(">", 1)
    return f'{begin} xmlns="http://www.w3.org/2000/svg">{paper}{inside}\n'


def color(label: int) -> str:
    """Return the color of a cluster."""
    return NO_COLOR if label == NO_GROUP else COLORS[label % len(COLORS)]


def _dots(places: NDArray[np.float64], paint: str, width: float) -> str:
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places.tolist())
    stroke = f'stroke="{paint}" stroke-width="{width:.1f}" stroke-linecap="round" stroke-opacity=".75"'
    return f'<path d="{path}" fill="none" {stroke}/>'


def _names(places: NDArray[np.float64], labels: Nums, names: Sequence[str]) -> str:
    """Draw a name at the median of each cluster, the largest first; a name that would cover another moves down."""
    taken: list[tuple[float, float, float]] = []
    written = []
    for label in range(min(len(names), MOST_NAMES)):
        here = places[labels == label]
        if not len(here):
            continue
        text = names[label] if len(names[label]) <= LONGEST_NAME else names[label][: LONGEST_NAME - 1] + "…"
        half = 3.4 * len(text)
        x, y = np.median(here, axis=0).tolist()
        x = min(max(x, half), SIZE - half)
        while any(abs(y - other) < LINE and abs(x - at) < half + reach for at, other, reach in taken):
            y += LINE / 2
        taken.append((x, y, half))
        written.append(f'<text x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>')
    halo = 'paint-order="stroke" stroke="#fff" stroke-opacity=".8" stroke-width="3" stroke-linejoin="round"'
    font = 'font-family="system-ui, sans-serif" font-size="12.5" font-weight="600" text-anchor="middle" fill="#1f2329"'
    return f"<g {font} {halo}>{''.join(written)}</g>"
