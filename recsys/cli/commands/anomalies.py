"""`recsys anomalies`: items and users that stand out."""

from __future__ import annotations

import click

from recsys.cli.main import configured
from recsys.cli.open_model import open_model
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.errors import ConfigError
from recsys.explore.insights_json import anomalies_object
from recsys.explore.outliers import Outlier, page, suspects
from recsys.model.extras.anomalies import SUBJECTS, SUSPECT, Subject


@click.command("anomalies")
@configured
@click.option("--kind", type=click.Choice(SUBJECTS), default="items", show_default=True, help="of what")
@click.option("-k", default=20, show_default=True, type=click.IntRange(1), help="how many, the oddest first")
@click.option(
    "--min-score", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="only from this score on"
)
@click.option(
    "--suspects",
    "only_suspects",
    is_flag=True,
    help=f"the ids of all users above {SUSPECT:g}, one a line, for --exclude-users",
)
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def anomalies(config: Config, kind: Subject, k: int, min_score: float, only_suspects: bool, as_json: bool) -> None:
    """Items and users that stand out, with a score from 0 to 1 and the evidence."""
    if only_suspects and (as_json or kind == "items" or min_score):
        raise ConfigError("--suspects prints ids of users: give --kind users, and neither --json nor --min-score")
    opened = open_model(config)
    recommender, deleted = opened.recommender, opened.changes.users.is_deleted
    if only_suspects:
        for user_id in suspects(recommender):
            if not deleted(user_id):
                click.echo(user_id)
        return
    outliers = page(recommender, kind, k, least=min_score, left_out=deleted, hidden=opened.changes.hidden)
    if as_json:
        show_json(anomalies_object(outliers, kind, recommender.model_version))
        return
    title = f"{len(outliers.outliers)} of {outliers.total} {kind} that stand out ({opened.source})"
    about = ("item_id", "title") if kind == "items" else ("user_id", "suspect")
    rows = [row for one in outliers.outliers for row in _rows(one, kind)]
    show_table(("score", *about, "evidence"), rows, title)


def _rows(one: Outlier, kind: Subject) -> list[tuple[str, ...]]:
    """Return a row for each piece of evidence; the first row also names the subject."""
    first = (f"{one.score:.2f}", one.id, one.title if kind == "items" else "yes" if one.suspect else "no")
    return [(*(("", "", "") if num else first), evidence.sentence) for num, evidence in enumerate(one.evidence)]
