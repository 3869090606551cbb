"""`recsys openapi`: the document of the service, without a service."""

from __future__ import annotations

import json

import click

from recsys.cli.main import configured
from recsys.config import Config
from serving.openapi.document import document


@click.command("openapi")
@configured
def openapi(config: Config) -> None:
    """Print the OpenAPI document of the service."""
    click.echo(json.dumps(document(config.serve), ensure_ascii=False, indent=2))
