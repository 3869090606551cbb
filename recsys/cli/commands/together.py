"""`recsys together`: what goes into the same basket."""

from __future__ import annotations

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_model, with_request
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.recommend.json import together_object
from recsys.recommend.request import ListRequest
from recsys.recommend.together import together


@click.command("together")
@configured
@click.argument("item_ids", nargs=-1, required=True, metavar="ITEM_ID...")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many items")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="not this item; repeatable")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@with_request
def together_command(config: Config, request: ListRequest, item_ids: tuple[str, ...], as_json: bool) -> None:
    """Items that are in the same baskets as the given ones more often than by chance."""
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    recommender = opened.recommender
    found = together(recommender, item_ids, request, opened.changes.hidden)
    if as_json:
        show_json(together_object(found, item_ids, recommender.model_version))
        return
    rows = [
        (str(rank), item.item_id, item.title, f"{item.lift:.2f}", str(item.n), f"{item.score:.3f}")
        for rank, item in enumerate(found.items, 1)
    ]
    names = ", ".join(recommender.item(item_id).title or item_id for item_id in item_ids)
    show_table(
        ("rank", "item_id", "title", "lift", "baskets", "score"), rows, f"together with {names} ({opened.source})"
    )
