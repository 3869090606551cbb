"""What the report shows of groups, map and directions, in words."""

from __future__ import annotations

from recsys.data.catalog import Catalog
from recsys.explore.map_svg import draw
from recsys.model.extras.descriptions import Meaning
from recsys.model.extras.directions import Direction, Directions
from recsys.model.extras.groups import Clusters, Groups, Segments
from training.explore.clustering import Clustering
from training.report.data import DirectionRow, Exploration, GroupingRow, GroupRow
from training.run import TrainingRun

WORDS, VALUES, ITEMS = 8, 3, 3


def exploration(trained: TrainingRun) -> Exploration | None:
    """None where nothing was looked for."""
    model, explored = trained.model, trained.explored
    if explored.clusters is None or explored.segments is None:
        return None
    return Exploration(
        drawing=draw(model),
        trust=explored.trust,
        clusters=_groups(model.need(Clusters), model.catalog),
        segments=_groups(model.need(Segments), model.catalog),
        tried=_tried("clusters", explored.clusters) + _tried("segments", explored.segments),
        directions=tuple(_direction(one, model.catalog) for one in model.need(Directions).directions),
    )


def _groups(groups: Groups, catalog: Catalog) -> tuple[GroupRow, ...]:
    return tuple(
        GroupRow(
            one.name,
            groups.size(group),
            one.cohesion,
            _words(one.meaning),
            "; ".join(f"{value.value} {value.share:.0%}" for value in one.meaning.values[:VALUES]),
            _titles(one.meaning, catalog),
        )
        for group, one in enumerate(groups.groups)
    )


def _tried(what: str, found: Clustering) -> tuple[GroupingRow, ...]:
    return tuple(
        GroupingRow(what, one.count, one.silhouette, one.stability, one is found.quality) for one in found.tried
    )


def _direction(one: Direction, catalog: Catalog) -> DirectionRow:
    low, high = ((_words(end, values=True), _titles(end, catalog)) for end in (one.low, one.high))
    goes = "; ".join(f"{other.attribute} {other.correlation:+.2f}" for other in one.correlations)
    return DirectionRow(one.space, one.number, one.share, low, high, goes)


def _words(meaning: Meaning, values: bool = False) -> str:
    told = [value.value for value in meaning.values[:VALUES]] if values else []
    return ", ".join([*told, *(word.word for word in meaning.words[:WORDS])])


def _titles(meaning: Meaning, catalog: Catalog) -> str:
    return "; ".join(catalog.titles[num] or catalog.items.id(num) for num in meaning.items[:ITEMS])
