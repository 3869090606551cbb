"""`recsys tag`: probable attributes of an item or a text."""

from __future__ import annotations

from collections.abc import Sequence

import click

from recsys.cli.main import configured
from recsys.cli.open_model import not_blank, open_model
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
@click.option("--text", help="instead of an item: words about something that is not in the catalog")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def tag(config: Config, item_id: str | None, text: str | None, as_json: bool) -> None:
    """Values of attributes for ITEM_ID or a text, by the votes of the nearest items."""
    if (item_id is None) == (text is None):
        raise ConfigError("give either ITEM_ID or --text, not both and not neither")
    not_blank(text)
    opened = open_model(config)
    recommender, hidden = opened.recommender, opened.changes.hidden
    if item_id is not None:
        suggestions, subject = of_item(recommender, item_id, hidden), {"item_id": item_id}
    else:
        assert text is not None
        vector = open_query_encoder(recommender.encoder).encode([text])[0]
        suggestions, subject = of_text(recommender, vector, hidden), {"text": text}
    if as_json:
        show_json(tags_object(suggestions, subject, recommender.model_version))
        return
    columns = ("attribute", "value", "confidence", "suggested", "votes", "voters")
    rows = [_row(one, of) for one in suggestions.attributes for of in one.tags]
    space = "behavior and content" if suggestions.space == "blended" else "text"
    show_table(columns, rows, f"{text or item_id}: by {space} ({opened.source})")
    for line in _notes(suggestions.attributes):
        click.echo(line)


def _row(one: Suggestions, of: Tag) -> tuple[str, ...]:
    voters = ", ".join(voter.title or voter.item_id for voter in of.voters[:NAMED])
    suggested = "yes" if of.suggested else ""
    return (one.attribute, of.value, f"{of.confidence:.2f}", suggested, f"{of.votes}/{one.asked}", voters)


def _notes(attributes: Sequence[Suggestions]) -> list[str]:
    notes = []
    for one in attributes:
        if one.known:
            notes.append(f"{one.attribute} in the catalog: {', '.join(one.known)}")
        if one.measured.tested:
            notes.append(
                f"{one.attribute}: F1 {one.measured.f1:.2f} (precision {one.measured.precision:.2f}, recall "
                f"{one.measured.recall:.2f}) on {one.measured.tested} held-out items, the most frequent values "
                f"{one.measured.base_f1:.2f}"
            )
    return notes
