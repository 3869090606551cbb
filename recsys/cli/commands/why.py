"""`recsys why`: the place of an item in a user's list, and why the list does not have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_model, with_context, with_penalty, with_request
from recsys.cli.output import plain, show_json, show_table
from recsys.config import Config
from recsys.recommend.answer import OF_USER, Recommendation
from recsys.recommend.json import placement_object
from recsys.recommend.placement import (
    MOST_RANK,
    Excluded,
    Filtered,
    Hidden,
    InContext,
    Outranked,
    Placement,
    Reordered,
    Seen,
    Unavailable,
    find_placement,
)
from recsys.recommend.request import MOST_CONTENT_WEIGHT, ListRequest

SENTENCES = {
    "hidden": "hidden from all lists",
    "unavailable": "not available now",
    "excluded": "excluded by the request",
    "in_context": "the item in context",
}
PARTS = ("collaborative", "neighbors", "content", "context", "popularity", "rotation")


@click.command("why")
@configured
@click.argument("user_id")
@click.argument("item_id")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many items the list has")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="a list without this item; repeatable")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@click.option("--cluster", type=click.IntRange(0), help="only items of this group")
@click.option("--include-seen", is_flag=True, help="also items of the history")
@click.option("--diversity", default=0.0, type=click.FloatRange(0, 1), help="prefer items unlike the items before them")
@with_penalty
@click.option("--rotation", default=0.0, type=click.FloatRange(0, 1), help="move back what was shown again and again")
@click.option(
    "--content-weight",
    default=1.0,
    type=click.FloatRange(0, MOST_CONTENT_WEIGHT),
    help="factor of the content part of scores; 0: behavior alone",
)
@click.option("--without", multiple=True, metavar="ITEM_ID", help="as if it were not in the history; repeatable")
@with_context
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@with_request
def why(config: Config, request: ListRequest, user_id: str, item_id: str, as_json: bool) -> None:
    """Whether ITEM_ID is in the list for USER_ID, at what rank, and why not."""
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    recommender, changes = opened.recommender, opened.changes
    trained = changes.trained_events(user_id, item_id)
    placement = find_placement(recommender, user_id, item_id, request, opened.events_for(user_id, request), trained)
    opened.warn_of_others(request.without, placement.without)
    near = "" if placement.strategy in OF_USER else opened.near_users(user_id)
    if as_json:
        show_json(placement_object(placement, {"user_id": user_id, "item_id": item_id}, recommender.model_version))
        if near:
            click.echo(f"nothing is known of user {user_id!r}{near}", err=True)
        return
    unknown = "" if placement.strategy in OF_USER else f", nothing is known of this user{near}"
    title = plain(placement.item.title) or item_id
    place = f"rank {placement.rank}" if placement.listed else f"not in the list of {request.k}"
    click.echo(f"{title} for {user_id}: {place}{unknown} ({opened.source})")
    for sentence in _sentences(placement, request.k):
        click.echo(f"* {plain(sentence)}")
    columns = ("rank", "item_id", "title", "score", *PARTS, "because of")
    show_table(columns, _rows(placement))


def _sentences(placement: Placement, k: int) -> Iterator[str]:
    if placement.listed:
        return
    for obstacle in placement.obstacles:
        if not isinstance(obstacle, Outranked):
            yield _sentence(obstacle)
    kept_out = placement.rank is None and placement.rank_without is not None
    yield f"{'without that, ' if kept_out else ''}rank {_rank(placement.rank_without)}; the list has {k} items"


def _seen(seen: Seen) -> str:
    trained = "received after training" if seen.weight is None else f"in the training data with weight {seen.weight:g}"
    last = ""
    if seen.at is not None:
        event = next(event for event in seen.events if event.timestamp == seen.at)
        last = f"; last {event.event or 'event'} on {datetime.fromtimestamp(seen.at, UTC):%Y-%m-%d %H:%M} UTC"
    return f"seen {'and liked' if seen.liked else 'but not liked'}, {trained}{last}"


def _sentence(obstacle: Seen | Hidden | Unavailable | Excluded | InContext | Filtered | Reordered) -> str:
    match obstacle:
        case Seen():
            return _seen(obstacle)
        case Hidden() | Unavailable() | Excluded() | InContext():
            return SENTENCES[obstacle.kind]
        case Filtered(by, value):
            return f"filtered by {by}; the item has {'no such value' if value is None else value}"
        case Reordered(option, rank):
            return f"moved by {option}; without it, rank {rank}"


def _rows(placement: Placement) -> Iterator[tuple[str, ...]]:
    yield _row(_rank(placement.rank_without), placement.item)
    if placement.last is not None and not placement.listed:
        yield _row(str(placement.last.rank), placement.last.item)


def _row(rank: str, item: Recommendation) -> tuple[str, ...]:
    reason = item.reason
    assert reason is not None
    parts = (item.score, *(getattr(reason, part) or 0.0 for part in PARTS))
    because = ", ".join(f"{cause.title or cause.item_id} {cause.share:.0%}" for cause in reason.because)
    return (rank, item.item_id, item.title, *(f"{part:.3f}" for part in parts), because)


def _rank(rank: int | None) -> str:
    return f"after {MOST_RANK}" if rank is None else str(rank)
