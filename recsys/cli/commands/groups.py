"""`recsys clusters` and `recsys segments`: items and users in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from recsys.cli.main import configured
from recsys.cli.open_model import OpenModel, open_model
from recsys.cli.output import plain, show_json, show_table
from recsys.config import Config
from recsys.explore.json import Kind, Page, cluster_object, clusters_object, segment_object, segments_object

SHOWN_ITEMS = 3
MEMBER = {"cluster": ("rank", "item_id", "title", "closeness"), "segment": ("rank", "user_id", "closeness")}


@click.command("clusters")
@configured
@click.argument("cluster_id", required=False)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many members of one")
@click.option("--offset", default=0, type=click.IntRange(0), help="members to pass over")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def clusters(config: Config, cluster_id: str | None, k: int, offset: int, as_json: bool) -> None:
    """The items in groups, or the members of group CLUSTER_ID, most typical first."""
    opened = open_model(config)
    recommender, hidden, page = opened.recommender, opened.changes.hidden, Page(k, offset)
    if cluster_id is None:
        shown = clusters_object(recommender, hidden)
    else:
        shown = cluster_object(recommender, cluster_id, page, hidden)
    _show("cluster", shown, opened, as_json)


@click.command("segments")
@configured
@click.argument("segment_id", required=False)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many members of one")
@click.option("--offset", default=0, type=click.IntRange(0), help="members to pass over")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def segments(config: Config, segment_id: str | None, k: int, offset: int, as_json: bool) -> None:
    """The users in groups of like tastes, or the members of group SEGMENT_ID, most typical first."""
    opened = open_model(config)
    recommender, hidden, page = opened.recommender, opened.changes.hidden, Page(k, offset)
    if segment_id is None:
        shown = segments_object(recommender, hidden)
    else:
        shown = segment_object(recommender, segment_id, page, hidden, opened.is_deleted)
    _show("segment", shown, opened, as_json)


def _show(kind: Kind, shown: dict[str, Any], opened: OpenModel, as_json: bool) -> None:
    if as_json:
        show_json(shown)
    elif "members" in shown:
        _show_one(kind, shown, opened.source)
    else:
        _show_all(kind, shown, opened.source)


def _show_all(kind: Kind, shown: dict[str, Any], source: str) -> None:
    rows = [
        (str(one[f"{kind}_id"]), str(one["size"]), f"{one['cohesion']:.2f}", one["name"], named(one["items"]))
        for one in shown[f"{kind}s"]
    ]
    title = f"{len(rows)} {kind}s ({source})"
    show_table(("", "size", "cohesion", "name", "such as" if kind == "cluster" else "uses"), rows, title)
    if shown["ungrouped"]:
        click.echo(f"{shown['ungrouped']} in none, as nothing is known of them")


def _show_one(kind: Kind, shown: dict[str, Any], source: str) -> None:
    head = f"{kind} {shown[f'{kind}_id']}: {shown['name']} ({shown['size']}, {source})"
    click.echo(f"\n{plain(head)}")
    for line in meaning_lines(shown):
        click.echo(f"  {plain(line)}")
    for one in shown.get("clusters", ())[:SHOWN_ITEMS]:
        click.echo(plain(f"  {one['share']:.0%} of what they use, of all {one['overall']:.0%}: {one['name']}"))
    show_table(MEMBER[kind], [[_cell(one[column]) for column in MEMBER[kind]] for one in shown["members"]])


def meaning_lines(shown: dict[str, Any]) -> list[str]:
    """Return words, values, numbers and items of a description, a line for each kind that it has."""
    words = ", ".join(one["word"] for one in shown["words"])
    values = ", ".join(
        f"{one['attribute']} {one['value']} {one['share']:.0%} (of all {one['overall']:.0%})"
        for one in shown["attributes"]
    )
    numbers = ", ".join(
        f"{one['attribute']} {one['low']:g} to {one['high']:g}, median {one['median']:g} (of all {one['overall']:g})"
        for one in shown["numbers"]
    )
    lines = {"words": words, "values": values, "numbers": numbers, "items": named(shown["items"], len(shown["items"]))}
    return [f"{kind}: {line}" for kind, line in lines.items() if line]


def named(items: Sequence[dict[str, Any]], most: int = SHOWN_ITEMS) -> str:
    """Return the titles of some items, ids of those without a title."""
    return "; ".join(one["title"] or one["item_id"] for one in items[:most])


def _cell(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
