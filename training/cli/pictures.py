"""`recsys pictures`: a catalogue of drawn pictures to search in."""

from __future__ import annotations

from pathlib import Path

import click

from recsys.cli.output import show_json, show_table
from recsys.encoders.pictures import library
from recsys.progress import Stages
from training.cli.commands import train


@click.group("pictures")
def pictures() -> None:
    """Pictures and words in one space."""


@pictures.command("demo")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seed", default=42, show_default=True, type=click.IntRange(0, 2**31 - 100), help="of everything random")
@click.option("--steps", type=click.IntRange(1), help="of the training of the towers; fewer: sooner done, and worse")
@click.option("--json", "as_json", is_flag=True, help="the figures as JSON; nothing else is printed")
@click.pass_context
def demo(context: click.Context, folder: Path, seed: int, steps: int | None, as_json: bool) -> None:
    """Draw a catalogue into FOLDER, train two towers and a model on it, and say how to search it (some minutes)."""
    library()
    from training.demo import build
    from training.demo.train_towers import TowerSettings

    defaults = TowerSettings()
    settings = build.DemoSettings(TowerSettings(steps=steps or defaults.steps, random_state=seed))
    stages = Stages(quiet=as_json)
    config = build.make(folder, settings, stages)
    with stages.stage("measure"):
        found, named = build.figures(folder, settings)
    if as_json:
        show_json({"retrieval": [vars(one) for one in found], "captions": [vars(one) for one in named]})
        return
    context.invoke(train, config_file=config, overrides=(), trials=None, no_publish=False, force=False, every=None)
    columns = (
        "",
        "questions",
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
    show_table(
        ("captions", "pictures", *named[0].right, "all four"), rows, "the nearest value of each attribute is right"
    )
    picture = folder / build.PRINTS / "print-0001.png"
    click.echo(f"\nrecsys search 'three red stars' --mode picture --config {config}")
    click.echo(f"recsys search --picture {picture} --config {config}")
    click.echo(f"recsys caption {picture} --config {config}")


def _percent(shares: dict[int, float] | dict[str, float]) -> list[str]:
    return [f"{share:.1%}" for share in shares.values()]
