"""`recsys map`: the items on a map, as a table for map viewers or as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_recommender
from recsys.config import Config
from recsys.data.attributes import Kind
from recsys.data.catalog import Attribute
from recsys.data.filters import parse_filter
from recsys.data.table_files import check_format, write_rows
from recsys.errors import ConfigError, DataError
from recsys.explore.json import map_rows
from recsys.explore.map_html import page
from recsys.explore.map_svg import alone, draw
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest

TYPES = {"x": "float32", "y": "float32", "cluster": "int32", "popularity": "float32"}
COLUMNS = ("id", "title", "x", "y", "cluster", "cluster_name", "popularity", "text")
DRAWN: Mapping[str, Callable[[Model], str]] = {".svg": lambda model: alone(draw(model)), ".html": page}


@click.command("map")
@configured
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help=".parquet, .csv, .csv.gz or .jsonl: a row for each item that has a place; .svg: a picture; .html: a page",
)
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
def item_map(config: Config, output: Path, filters: tuple[str, ...]) -> None:
    """The items in two dimensions, like beside like, in a file that map viewers open."""
    drawn = DRAWN.get(output.suffix)
    if drawn is not None and filters:
        raise ConfigError("--filter chooses rows; a picture (.svg, .html) is of the most popular items")
    if drawn is None:
        check_format(output)
    request = ListRequest(filters=tuple(parse_filter(one) for one in filters))
    recommender = open_recommender(config)
    map_rows(recommender)  # first: there may be none
    if drawn is not None:
        _write(output, drawn(recommender.model))
        click.echo(f"{output} (model {recommender.model_version})", err=True)
        return
    kinds = recommender.model.attributes.names()
    own = {name: f"attribute_{name}" if name in COLUMNS else name for name in kinds}
    types = TYPES | {own[name]: "float64" for name, kind in kinds.items() if kind == "number"}
    written = write_rows(output, (*COLUMNS, *own.values()), _rows(recommender, request, kinds), types)
    click.echo(f"{written} items in {output} (model {recommender.model_version})", err=True)


def _write(path: Path, picture: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error


def _rows(
    recommender: Recommender, request: ListRequest, kinds: Mapping[str, Kind | None]
) -> Iterator[tuple[object, ...]]:
    model = recommender.model
    for num in map_rows(recommender, request).tolist():
        item, cluster = model.catalog[num], model.clusters.of(num)
        x, y = model.item_map.places[num].tolist()
        popularity = float(model.popularity.scores[num])
        called = "" if cluster is None else model.clusters.groups[cluster].name
        yield item.item_id, item.title, x, y, cluster, called, popularity, item.text, *_values(item.attributes, kinds)


def _values(attributes: Mapping[str, Attribute], kinds: Mapping[str, Kind | None]) -> Iterator[object]:
    """A number of an attribute of numbers, None without one; of the others, text."""
    for name, kind in kinds.items():
        value = attributes.get(name)
        if kind == "number":
            yield value if isinstance(value, int | float) else None
        else:
            yield ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
