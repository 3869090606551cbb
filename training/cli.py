"""Commands of the offline side."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.cli import configured
from recsys.config import Config
from recsys.console import Stages
from recsys.store import Store
from training import summary
from training.clock import now
from training.content import find_encoder
from training.ingest import ingest
from training.pipeline import train as fit


@click.command("validate")
@configured
def validate(config: Config) -> None:
    """Read the data and print what would be trained; exit 1 when it cannot be used."""
    find_encoder(config)
    summary.show_dataset(ingest(config), config)


@click.command("train")
@configured
@click.option("--no-publish", is_flag=True, help="fit and measure, but leave the store alone")
def train(config: Config, no_publish: bool) -> None:
    """Train a model on the configured data and publish it."""
    stages = Stages()
    trained = fit(config, stages)
    if no_publish:
        version = "not published"
    else:
        with stages.stage("publish"):
            version = Store(Path(config.store.path)).publish(trained.model, trained.header, now())
    summary.show_trained(trained, version, stages.seconds, config)
