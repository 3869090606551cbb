"""`recsys keys`: the file of API keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from recsys.cli.main import configured
from recsys.cli.output import show_json, show_table
from recsys.config import Config
from recsys.errors import ConfigError, NotFoundError
from serving.access import key_file
from serving.access.key_file import KeyRecord, Scope

DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ")
SCOPES_HELP = "what the key may do; repeatable; admin may do everything, write does not include read"
EXPIRES_HELP = "refused from then on: 2027-01-01 (midnight UTC) or 2027-01-01T12:00Z"


@click.group("keys")
def keys() -> None:
    """Add, list and remove API keys; a running server takes the change within two seconds."""


@keys.command("add")
@configured
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(get_args(Scope)), help=SCOPES_HELP)
@click.option("--expires", metavar="DATE", type=click.DateTime(DATES), help=EXPIRES_HELP)
def add(config: Config, name: str, scopes: tuple[Scope, ...], expires: datetime | None) -> None:
    """Make a key called NAME and print it, this once: only its hash is kept."""
    path, now = _path(config), datetime.now(UTC)
    expires_at = None if expires is None else expires.replace(tzinfo=UTC)
    if expires_at is not None and expires_at <= now:
        raise ConfigError(f"--expires {expires_at:%Y-%m-%dT%H:%MZ} has passed already")
    key, record = key_file.generate(name, scopes, now, expires_at)
    with key_file.changing(path) as records:
        if name in [other.name for other in records]:
            raise ConfigError(f"there is a key {name!r} already; take another name, and remove the old key once unused")
        records.append(record)
    click.echo(key)
    click.echo(f"key {name!r} is in {path}; it is shown only now", err=True)


@keys.command("list")
@configured
@click.option("--json", "as_json", is_flag=True)
def list_keys(config: Config, as_json: bool) -> None:
    """List the keys by name, oldest first."""
    records, now = key_file.read(_path(config)), datetime.now(UTC)
    if as_json:
        show_json([record.model_dump(mode="json", exclude={"sha256"}) for record in records])
    else:
        show_table(("name", "scopes", "created", "expires"), [_row(record, now) for record in records])


@keys.command("remove")
@configured
@click.argument("name")
def remove(config: Config, name: str) -> None:
    """Take the key called NAME out of the file."""
    path = _path(config)
    with key_file.changing(path) as records:
        others = [record for record in records if record.name != name]
        if len(others) == len(records):
            raise NotFoundError(f"key file {path} has no key {name!r}; `recsys keys list` shows them")
        records[:] = others
    click.echo(f"removed {name!r}")
    if not others:
        click.echo(f"{path} holds no key now: no client is admitted, and a server does not start", err=True)


def _path(config: Config) -> Path:
    if not config.serve.keys:
        raise ConfigError(
            "serve.keys is empty; name the file of keys there, for example --set serve.keys=var/keys.json"
        )
    return Path(config.serve.keys)


def _row(record: KeyRecord, now: datetime) -> tuple[str, str, str, str]:
    expires = "never" if record.expires_at is None else f"{record.expires_at:%Y-%m-%d %H:%M}Z"
    if record.expires_at is not None and record.expires_at <= now:
        expires += " (expired)"
    return record.name, ", ".join(record.scopes), f"{record.created_at:%Y-%m-%d}", expires
