"""Commands of the offline side."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.cli import configured
from recsys.config import Config
from recsys.console import Stages
from training.clock import now
from training.encoder import find_encoder

# pandas, implicit and scikit-learn take a second to import: only by commands that have found nothing wrong so far


@click.command("validate")
@configured
def validate(config: Config) -> None:
    """Read the data and print what would be trained; exit 1 when it cannot be used."""
    _check_encoder(config)
    from training import summary
    from training.ingest import ingest

    summary.show_dataset(ingest(config), config)


@click.command("train")
@configured
@click.option("--no-publish", is_flag=True, help="fit and measure, but leave the store alone")
def train(config: Config, no_publish: bool) -> None:
    """Train a model on the configured data and publish it."""
    _check_encoder(config)
    from recsys.store import Store
    from training import pipeline, summary

    stages = Stages()
    trained = pipeline.train(config, stages)
    if no_publish:
        version = "not published"
    else:
        with stages.stage("publish"):
            version = Store(Path(config.store.path)).publish(trained.model, trained.header, now())
    summary.show_trained(trained, version, stages.seconds, config)


@click.command("evaluate")
@configured
@click.option("-k", default=10, show_default=True, type=click.IntRange(1, 1000), help="length of the lists")
@click.option(
    "--share",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="last part of each user's history by time that is held out",
)
@click.option("--json", "as_json", is_flag=True)
def evaluate(config: Config, k: int, share: float, as_json: bool) -> None:
    """Fit on the first part of each history and measure the lists on the last; nothing is published."""
    _check_encoder(config)
    from training import pipeline, summary

    summary.show_comparison(pipeline.compare(config, share, k, Stages(quiet=as_json)), as_json)


def _check_encoder(config: Config) -> None:
    if config.data.items or config.data.preset:  # else there are no texts
        find_encoder(config.content)
