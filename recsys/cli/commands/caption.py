"""`recsys caption`: captions of a picture."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.cli.main import configured
from recsys.cli.open_model import encoded_picture, open_recommender
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.search.json import caption_object
from recsys.search.pictures import caption, captions


@click.command("caption")
@configured
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-k", default=1, show_default=True, type=click.IntRange(1), help="how many values of each attribute")
@click.option("--json", "as_json", is_flag=True, help="JSON as over HTTP")
def caption_command(config: Config, file: Path, k: int, as_json: bool) -> None:
    """What the .png or .jpg FILE shows, in values of the items' attributes."""
    recommender = open_recommender(config)
    tags = captions(recommender, encoded_picture(recommender, file), k)
    if as_json:
        show_json(caption_object(tags, recommender.model_version))
        return
    rows = [(tag.attribute, tag.value, f"{tag.share:.0%}", f"{tag.score:.3f}") for tag in tags]
    show_table(("attribute", "value", "share", "cosine"), rows, f"{file}: {caption(tags)}")
