"""`recsys models`: the store of bundles."""

from __future__ import annotations

import click

from recsys.bundle.store import verify_all
from recsys.cli.main import configured
from recsys.cli.open_model import open_store
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.errors import BundleError, NoModelError


@click.group("models")
def models() -> None:
    """List, show, check, switch and remove published models."""


@models.command("list")
@configured
@click.option("--json", "as_json", is_flag=True)
def list_models(config: Config, as_json: bool) -> None:
    """All versions, oldest first; the current one is marked."""
    store = open_store(config)
    current = store.current_or_none()
    if as_json:
        show_json([{"model_version": version, "current": version == current} for version in store.versions()])
        return
    show_table(("version", "current"), [(version, "*" if version == current else "") for version in store.versions()])


@models.command("show")
@configured
@click.argument("version", required=False)
def show(config: Config, version: str | None) -> None:
    """The manifest of VERSION (default: the current one) as JSON, after checking every file."""
    store = open_store(config)
    show_json(store.verify(version or store.current()).model_dump())


@models.command("rollback")
@configured
@click.argument("version", required=False)
def rollback(config: Config, version: str | None) -> None:
    """Make VERSION current again (default: the one published before the current)."""
    click.echo(f"current is now {open_store(config).rollback(version)}")


@models.command("verify")
@configured
@click.argument("version", required=False)
def verify(config: Config, version: str | None) -> None:
    """Check every byte of VERSION (default: of all) and open it; exit 1 when one is damaged."""
    store = open_store(config)
    if version:
        store.load(version)
    checked = [(version, "")] if version else list(verify_all(store))
    if not checked:
        raise NoModelError(f"store {store.path} holds no model; run `recsys train` first")
    for name, problem in checked:
        click.echo(f"{name} {problem or 'sound'}")
    if damaged := sum(bool(problem) for _, problem in checked):
        count = f"{damaged} of {len(checked)} models are damaged"
        raise BundleError(f"{count}; roll back or train again, and remove the folders")


@models.command("prune")
@configured
@click.option("--keep", type=click.IntRange(1), help="how many of the newest to keep; default: store.keep")
def prune(config: Config, keep: int | None) -> None:
    """Remove old versions, never the current one."""
    removed = open_store(config).prune(keep or config.store.keep)
    for version in removed:
        click.echo(f"removed {version}")
    click.echo(f"{len(removed)} removed")
