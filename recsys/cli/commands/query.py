"""`recsys query`: items by positive and negative examples."""

from __future__ import annotations

import click

from recsys.cli.main import configured
from recsys.cli.open_model import OpenModel, not_blank, open_model, with_request
from recsys.cli.output import show_answer, show_json
from recsys.config import Config
from recsys.encoders.hub import TextEncoder
from recsys.encoders.opening import open_query_encoder
from recsys.errors import ConfigError
from recsys.recommend.json import listed_object
from recsys.recommend.request import ListRequest
from recsys.search import search_by_examples
from recsys.search.examples import STRATEGIES, Example, Strategy, VectorQuery, item_example, text_example, user_example

Arguments = tuple[str, ...]


@click.command("query")
@configured
@click.option("--like", multiple=True, metavar="ITEM_ID", help="like this item; repeatable, as all examples")
@click.option("--like-text", multiple=True, metavar="TEXT", help="like this text")
@click.option("--like-user", multiple=True, metavar="USER_ID", help="to the taste of this user")
@click.option("--unlike", multiple=True, metavar="ITEM_ID", help="unlike this item")
@click.option("--unlike-text", multiple=True, metavar="TEXT", help="unlike this text")
@click.option("--unlike-user", multiple=True, metavar="USER_ID", help="not to the taste of this user")
@click.option(
    "--strategy", default="mean", show_default=True, type=click.Choice(STRATEGIES), help="how to combine the examples"
)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many items")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="not this item")
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@with_request
def query_command(
    config: Config, request: ListRequest, strategy: Strategy, as_json: bool, **examples: Arguments
) -> None:
    """Items like some items, texts and users, and unlike others: vector arithmetic."""
    if not (examples["like"] or examples["like_text"] or examples["like_user"]):
        raise ConfigError("give an example: --like ITEM_ID, --like-text TEXT or --like-user USER_ID")
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    recommender = opened.recommender
    texts = [*examples["like_text"], *examples["unlike_text"]]
    not_blank(*texts)
    encoder = open_query_encoder(recommender.encoder) if texts else None
    positive = _examples(opened, encoder, examples["like"], examples["like_text"], examples["like_user"])
    negative = _examples(opened, encoder, examples["unlike"], examples["unlike_text"], examples["unlike_user"])
    answer = search_by_examples(recommender, VectorQuery(positive, negative, strategy), request, opened.changes.hidden)
    if as_json:
        show_json(listed_object(answer, {}, recommender.model_version))
        return
    show_answer(answer, f"{answer.strategy} ({opened.source})")


def _examples(
    opened: OpenModel, encoder: TextEncoder | None, items: Arguments, texts: Arguments, users: Arguments
) -> tuple[Example, ...]:
    recommender = opened.recommender
    vectors = encoder.encode(texts) if encoder is not None and texts else ()
    return (
        *(item_example(recommender, item_id) for item_id in items),
        *(text_example(recommender, vector) for vector in vectors),
        *(
            user_example(recommender, user_id, opened.changes.of_user(user_id), near_users=opened.near_users)
            for user_id in users
        ),
    )
