"""`recsys init`: files to a configuration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recsys.config_file import load_config
from recsys.errors import ConfigError

if TYPE_CHECKING:
    from training.init import Finding, Proposal


@click.command("init")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=str)
@click.option(
    "--output", default="recsys.toml", show_default=True, type=click.Path(path_type=Path), help="file to write"
)
@click.option("--user", metavar="COLUMN", help="the column of users, instead of the one that is found")
@click.option("--item", metavar="COLUMN", help="the column of items of the interactions, likewise")
@click.option("--store", metavar="FOLDER", help="folder of the models that are trained; default: var/store")
@click.option("--yes", is_flag=True, help="take the guesses without asking")
@click.option("--force", is_flag=True, help="overwrite the output")
def init(
    files: tuple[str, ...],
    output: Path,
    user: str | None,
    item: str | None,
    store: str | None,
    yes: bool,
    force: bool,
) -> None:
    """Look at FILEs of interactions and items, also URLs and databases, and write the configuration that trains on them."""
    if output.exists() and not force:
        raise ConfigError(f"{output} exists; give another file with --output, or overwrite it with --force")
    from training.init import Finding, Proposal, propose, render

    proposal = propose(files, {"user_column": user, "item_column": item})
    if store is not None:
        of_store = Finding("store", "path", store, sure=True, why="as you said")
        proposal = replace(proposal, findings=(*proposal.findings, of_store))
    if sys.stdin.isatty() and not yes:
        proposal = Proposal(tuple(_asked(proposal.findings)), proposal.notes)
    _show(proposal)
    output.write_text(render(proposal), encoding="utf-8")
    load_config(output)
    option = "" if output == Path("recsys.toml") else f" --config {output}"
    click.echo(f"{output} is written; train with: recsys train{option}")


def _asked(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with the answers of a person where they are unsure."""
    answered = []
    for found in findings:
        if not found.sure and found.candidates:
            click.echo(f"{found.table}.{found.key}: {found.why}; or {', '.join(map(str, found.candidates))}")
            choice = click.Choice([str(found.value), *map(str, found.candidates)])
            value = click.prompt(found.key, default=str(found.value), type=choice, show_choices=False)
            answered.append(replace(found, value=value, sure=True, why="as you said"))
        else:
            answered.append(found)
    return answered


def _show(proposal: Proposal) -> None:
    from training.read.location import shown

    for found in proposal.findings:
        how = "" if found.sure else "guessed, "
        value = shown(found.value) if found.key == "file" else found.value  # a URL may have a password
        click.echo(f"  {found.table}.{found.key} = {value!r} ({how}{found.why})")
    for note in proposal.notes:
        click.echo(f"  note: {note}")
