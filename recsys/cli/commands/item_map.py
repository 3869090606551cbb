"""`recsys map`: the items on a map, as a table for map viewers or as a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_model, with_request
from recsys.config import Config
from recsys.data.table_files import check_format, write_rows
from recsys.errors import ConfigError, DataError
from recsys.explore.json import map_rows
from recsys.explore.map_html import page
from recsys.explore.map_svg import svg_file
from recsys.explore.map_table import map_table
from recsys.recommend.recommender import Recommender
from recsys.recommend.request import ListRequest

DRAWN: Mapping[str, Callable[[Recommender, Set[str]], str]] = {".svg": svg_file, ".html": page}


@click.command("map")
@configured
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help=".parquet, .csv, .csv.gz or .jsonl: a row for each item that has a place; .svg: a picture; .html: a page",
)
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@with_request
def item_map(config: Config, request: ListRequest, output: Path) -> None:
    """The items in two dimensions, like beside like, in a file that map viewers open."""
    drawn = DRAWN.get(output.suffix)
    if drawn is not None and request.filters:
        raise ConfigError("--filter chooses rows; a picture (.svg, .html) is of the most popular items")
    if drawn is None:
        check_format(output)
    opened = open_model(config)
    recommender, hidden = opened.recommender, opened.changes.hidden
    map_rows(recommender)  # first: there may be none
    if drawn is not None:
        _write(output, drawn(recommender, hidden))
        click.echo(f"{output} ({opened.source})", err=True)
        return
    columns, types, rows = map_table(recommender, request, hidden)
    written = write_rows(output, columns, rows, types)
    click.echo(f"{written} items in {output} ({opened.source})", err=True)


def _write(path: Path, picture: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
