"""``python -m examples.pictures FOLDER``: see README.md beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from examples.pictures.demo import PRINTS, DemoSettings, figures, make
from examples.pictures.figures import Captions, Retrieval
from examples.pictures.towers import TowerSettings
from recsys.cli.output import show_table
from recsys.progress import Stages

STEPS = TowerSettings().steps


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=42, show_default=True, type=click.IntRange(0, 2**31 - 100), help="of everything random")
@click.option("--steps", default=STEPS, show_default=True, type=click.IntRange(1), help="of the training of the towers")
def main(folder: Path, seed: int, steps: int) -> None:
    """Draw a catalog into FOLDER, train two towers on such pictures, and print their figures (some minutes)."""
    settings = DemoSettings(TowerSettings(steps=steps, random_state=seed))
    stages = Stages()
    config = make(folder, settings, stages)
    with stages.stage("measure"):
        found, named = figures(folder, settings)
    _show(found, named)
    picture = folder / PRINTS / "print-0001.png"
    click.echo(f"\nrecsys train --config {config}")
    click.echo(f"recsys search 'three red stars' --mode picture --config {config}")
    click.echo(f"recsys search --picture {picture} --config {config}")
    click.echo(f"recsys caption {picture} --config {config}")


def _show(found: list[Retrieval], named: list[Captions]) -> None:
    columns = (
        "",
        "queries",
        "among",
        "caption finds picture @1",
        "@5",
        "picture finds caption @1",
        "@5",
        "chance @1",
    )
    rows = [
        (
            one.name,
            str(one.questions),
            str(one.among),
            *_percent(one.to_picture),
            *_percent(one.to_text),
            f"{one.chance(1):.2%}",
        )
        for one in found
    ]
    show_table(columns, rows, "the towers on pictures that they have not seen")
    rows = [(one.name, str(one.pictures), *_percent(one.right), f"{one.whole:.1%}") for one in named]
    attributes = tuple(named[0].right)
    title = "the nearest value of each attribute is right"
    show_table(("captions", "pictures", *attributes, "all four"), rows, title)


def _percent(shares: Mapping[int, float] | Mapping[str, float]) -> list[str]:
    return [f"{share:.1%}" for share in shares.values()]


if __name__ == "__main__":
    main()
