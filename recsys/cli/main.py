"""The ``recsys`` command. Its subcommands are entry points of the group ``recsys.commands``, so this imports neither side."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from recsys import __version__
from recsys.cli import streams
from recsys.config_file import load_config
from recsys.errors import ConfigError, RecsysError, did_you_mean

GROUP = "recsys.commands"
DEFAULT_CONFIG = Path("recsys.toml")
ONE_THREAD = ("OPENBLAS_NUM_THREADS",)


class EntryPointGroup(click.Group):
    """Group that loads a subcommand on use, so that `recsys models` does not wait for the libraries of training."""

    def list_commands(self, _: click.Context) -> list[str]:
        return sorted(point.name for point in entry_points(group=GROUP))

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        for point in entry_points(group=GROUP, name=name):
            return point.load()  # type: ignore[no-any-return]
        return None

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of a name; raises ConfigError with the nearest name."""
        name = args[0]
        if not name.startswith("-") and self.get_command(context, name) is None:
            near = did_you_mean(name, self.list_commands(context))
            raise ConfigError(f"there is no command {name!r}{near}")
        return super().resolve_command(context, args)


@click.group(cls=EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="recsys")
def cli() -> None:
    """Recommendations from interactions and texts: train a model, ask it, serve it."""


def configured(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options ``--config`` and ``--set`` and pass it the configuration as its first argument."""

    @click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file; default: ./recsys.toml")
    @click.option("--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="override one key; repeatable")
    @click.option("--debug", is_flag=True, expose_value=False, help="show the traceback of an error")
    @functools.wraps(command)
    def with_config(config_file: Path | None, overrides: tuple[str, ...], **options: Any) -> None:
        if config_file is None and DEFAULT_CONFIG.exists():
            config_file = DEFAULT_CONFIG
        command(load_config(config_file, overrides), **options)

    return with_config


def main() -> None:
    """Run the command line: 0 on success, 1 on failure, 2 on bad usage or configuration, one clear line for an error."""
    for variable in ONE_THREAD:  # implicit asks for it; its own threads do the work
        os.environ.setdefault(variable, "1")
    streams.prepare()
    code = 1
    try:
        code = _run()
    except OSError:  # standard error cannot be written
        if "--debug" in sys.argv:
            raise
    finally:
        streams.abandon()
    if code:
        sys.exit(code)


def _run() -> int:
    """Run the command and return its exit code, with a line for an error."""
    try:
        cli.main(standalone_mode=False)
        return 0
    except (RecsysError, ModuleNotFoundError, MemoryError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        for line in _message(error).splitlines():
            click.echo(f"error: {line}", err=True)
        return error.exit_code if isinstance(error, RecsysError) else 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130


def _message(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; install the extra `training` or `serving`, whichever the command needs"
    if isinstance(error, MemoryError):
        return "there is not enough memory; lower als.factors or give the machine more"
    return str(error)
