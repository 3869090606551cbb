"""`recsys tag`: attributes that an item or a text probably has."""

from __future__ import annotations

from collections.abc import Sequence

import click

from recsys.cli.main import configured
from recsys.cli.open_model import not_blank, open_recommender
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.encoders.opening import open_query_encoder
from recsys.errors import ConfigError
from recsys.explore.insights_json import tags_object
from recsys.explore.suggested_tags import Suggestions, Tag, of_item, of_text

NAMED = 3  # voters in the table


@click.command("tag")
@configured
@click.argument("item_id", required=False)
@click.option("--text", help="instead of an item: words about something that is not in the catalogue")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def tag(config: Config, item_id: str | None, text: str | None, as_json: bool) -> None:
    """Values of attributes for ITEM_ID or a text, by the votes of the nearest items."""
    if (item_id is None) == (text is None):
        raise ConfigError("give either ITEM_ID or --text, not both and not neither")
    not_blank(text)
    recommender = open_recommender(config)
    if item_id is not None:
        found, subject = of_item(recommender, item_id), {"item_id": item_id}
    else:
        assert text is not None
        vector = open_query_encoder(recommender.encoder).encode([text])[0]
        found, subject = of_text(recommender, vector), {"text": text}
    if as_json:
        show_json(tags_object(found, subject, recommender.model_version))
        return
    about = item_id if text is None else text
    show_table(
        ("attribute", "value", "confidence", "suggested", "votes", "voters"),
        [row for one in found.attributes for row in _rows(one)],
        f"{about}: by {'behaviour and content' if found.space == 'blended' else 'text'} (model {recommender.model_version})",
    )
    for line in _notes(found.attributes):
        click.echo(line)


def _rows(one: Suggestions) -> list[tuple[str, ...]]:
    return [_row(one, of) for of in one.tags]


def _row(one: Suggestions, of: Tag) -> tuple[str, ...]:
    voters = ", ".join(voter.title or voter.item_id for voter in of.voters[:NAMED])
    return (
        one.attribute,
        of.value,
        f"{of.confidence:.2f}",
        "yes" if of.suggested else "",
        f"{of.votes}/{one.asked}",
        voters,
    )


def _notes(found: Sequence[Suggestions]) -> list[str]:
    notes = []
    for one in found:
        if one.known:
            notes.append(f"{one.attribute} in the catalogue: {', '.join(one.known)}")
        if one.measured.tested:
            notes.append(
                f"{one.attribute}: F1 {one.measured.f1:.2f} (precision {one.measured.precision:.2f}, recall "
                f"{one.measured.recall:.2f}) on {one.measured.tested} held-out items, the most frequent values "
                f"{one.measured.base_f1:.2f}"
            )
    return notes
