"""`recsys recommend`: one user, or many into a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import OpenModel, open_model, with_context, with_penalty, with_request
from recsys.cli.output import show_answer, show_json
from recsys.config import Config
from recsys.data.table_files import check_format, read_ids, write_rows
from recsys.errors import ConfigError
from recsys.progress import Stages
from recsys.recommend.answer import OF_USER
from recsys.recommend.batch import recommend_users
from recsys.recommend.json import listed_object
from recsys.recommend.request import MOST_CONTENT_WEIGHT, ListRequest

COLUMNS = ("user_id", "rank", "item_id", "score")
ALL = "all"


@click.command("recommend")
@configured
@click.argument("user_id", required=False)
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="how many items")
@click.option("--json", "as_json", is_flag=True, help="one user: JSON as over HTTP")
@click.option("--exclude", multiple=True, metavar="ITEM_ID", help="one user: not this item; repeatable")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION", help="such as genres:drama or year>=1990")
@click.option("--include-seen", is_flag=True, help="one user: also items of the history")
@with_penalty
@click.option("--rotation", default=0.0, type=click.FloatRange(0, 1), help="move back what was shown again and again")
@click.option(
    "--content-weight",
    default=1.0,
    type=click.FloatRange(0, MOST_CONTENT_WEIGHT),
    help="one user: factor of the content part of scores; 0: behavior alone",
)
@click.option("--without", multiple=True, metavar="ITEM_ID", help="one user: as if it were not in the history")
@with_context
@click.option("--exact", is_flag=True, help="scan all items instead of asking the approximate index")
@click.option(
    "--users", metavar="FILE|all", help="many users: a file of one id a line, or all: of the model and its events"
)
@click.option("--output", type=click.Path(path_type=Path), help="many users: .csv, .csv.gz, .parquet or .jsonl")
@with_request
def recommend(
    config: Config,
    request: ListRequest,
    user_id: str | None,
    as_json: bool,
    users: str | None,
    output: Path | None,
) -> None:
    """Items for USER_ID, or for many users at once into a file."""
    if (user_id is None) == (users is None):
        raise ConfigError("give either USER_ID or --users, not both and not neither")
    if users is not None:
        of_one = request.exclude or request.include_seen or request.content_weight != 1 or request.without
        if output is None or as_json or of_one or request.context is not None:
            raise ConfigError(
                "--users needs --output FILE, and takes neither --json, --exclude, --include-seen, --content-weight, "
                "--without nor --context"
            )
        _batch(config, users, request, output)
        return
    assert user_id is not None
    if output is not None:
        raise ConfigError("--output goes with --users; for one user redirect --json")
    opened = open_model(config)
    opened.warn_of_unknown(request.exclude)
    answer = opened.recommender.recommend(user_id, request, opened.events_for(user_id, request))
    opened.warn_of_others(request.without, answer.without)
    near = "" if answer.strategy in OF_USER else opened.near_users(user_id)
    if as_json:
        show_json(listed_object(answer, {"user_id": user_id}, opened.recommender.model_version))
        if near:
            click.echo(f"nothing is known of user {user_id!r}{near}", err=True)
        return
    without = f", without {', '.join(answer.without)} in the history" if answer.without else ""
    context = f", in context of {answer.context.item_id} by {answer.context.by}" if answer.context else ""
    unknown = "" if answer.strategy in OF_USER else f", nothing is known of this user{near}"
    show_answer(answer, f"{user_id}: {answer.strategy}{without}{context}{unknown} ({opened.source})")


def _batch(config: Config, users: str, request: ListRequest, output: Path) -> None:
    check_format(output)
    stages = Stages()
    with stages.stage("load"):
        opened = open_model(config)
        if request.rotation:
            opened.check_rotation()
        ids = _all_users(opened) if users == ALL else read_ids(Path(users), "--users")
    with stages.stage("recommend", len(ids)) as advance:
        rows = _rows(opened, ids, request, advance)
        written = write_rows(output, COLUMNS, rows, {"rank": "int32", "score": "float32"})
    unknown = [] if users == ALL else [user_id for user_id in ids if not _is_known(opened, user_id)]
    popular = ""
    if unknown:
        first = f"{unknown[0]!r}{opened.near_users(unknown[0])}"
        popular = f"; {len(unknown)} unknown users (first {first}) got the popular items"
    click.echo(f"{written} rows for {len(ids)} users in {output} ({opened.source}){popular}", err=True)


def _all_users(opened: OpenModel) -> list[str]:
    """Return the users of the model, then the new ones by their first event; no user who was deleted and has no new event."""
    changed, known = opened.changes.users, opened.recommender.users
    new = (user_id for user_id in changed.active if user_id not in known)
    return [*(user_id for user_id in known if _is_known(opened, user_id)), *new]


def _is_known(opened: OpenModel, user_id: str) -> bool:
    changed = opened.changes.users
    return user_id in changed.active or (user_id in opened.recommender.users and not changed.is_deleted(user_id))


def _rows(opened: OpenModel, ids: list[str], request: ListRequest, advance) -> Iterator[tuple[object, ...]]:  # type: ignore[no-untyped-def]
    lists = recommend_users(opened.recommender, ids, request, opened.changes)
    for user_id, best in zip(ids, lists, strict=True):
        advance(1)
        for rank, (item_id, score) in enumerate(best, 1):
            yield user_id, rank, item_id, score
