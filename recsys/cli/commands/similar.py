"""`recsys similar`: items like an item."""

from __future__ import annotations

from typing import get_args

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_model, with_request
from recsys.cli.output import show_answer, show_json
from recsys.config import Config
from recsys.recommend.json import listed_object
from recsys.recommend.ranking import SimilarBy
from recsys.recommend.request import ListRequest


@click.command("similar")
@configured
@click.argument("item_id")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many items")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="not this item; repeatable")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@click.option("--by", default="blended", type=click.Choice(get_args(SimilarBy)), help="the data that is compared")
@with_request
def similar(config: Config, request: ListRequest, item_id: str, as_json: bool, by: SimilarBy) -> None:
    """Items like ITEM_ID, by behavior and content, or one of both."""
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    recommender = opened.recommender
    answer = recommender.similar_items(item_id, request, opened.changes.hidden, by)
    if as_json:
        show_json(listed_object(answer, {"item_id": item_id}, recommender.model_version))
        return
    title = recommender.item(item_id).title
    show_answer(answer, f"{title or item_id}: {answer.strategy} ({opened.source})")
