"""`recsys directions`: meaning of the principal directions of the vectors."""

from __future__ import annotations

import click

from recsys.cli.commands.groups import meaning_lines
from recsys.cli.main import configured
from recsys.cli.open_model import open_model
from recsys.cli.output import plain, show_json
from recsys.config import Config
from recsys.explore.json import directions_object


@click.command("directions")
@configured
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def directions(config: Config, as_json: bool) -> None:
    """What the principal directions of the factors and of the text vectors tell apart."""
    opened = open_model(config)
    shown = directions_object(opened.recommender, opened.changes.hidden)
    if as_json:
        show_json(shown)
        return
    click.echo(opened.source)
    for one in shown["directions"]:
        related = [f"{other['attribute']} {other['correlation']:+.2f}" for other in one["correlations"]]
        share = f"{one['share']:.1%} of the variance"
        click.echo(f"\n{one['space']} {one['number']}: {plain('; '.join([share, *related]))}")
        for end, sign in (("low", "-"), ("high", "+")):
            for line in meaning_lines(one[end]):
                click.echo(f"  {sign} {plain(line)}")
