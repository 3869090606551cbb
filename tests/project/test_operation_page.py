"""What docs/operation.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from recsys.cli.main import cli
from recsys.config import Config
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.openapi.operations import OPERATIONS
from serving.settings import Settings
from tests.support import factories
from training.cli import lock, schedule

PAGE = (factories.ROOT / "docs" / "operation.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"recsys ((?:keys|models) \w+|train|serve)((?: [A-Z]?[^`\n#&]*)?)", PAGE)))


def test_every_key_is_one_of_the_configuration() -> None:
    named = set(re.findall(r"`(serve|store)\.(\w+)", PAGE)) | set(re.findall(r"(serve)\.(\w+)=", PAGE))
    assert len(named) > 10
    for section, key in named:
        assert key in type(getattr(Config(), section)).model_fields, key


def test_every_metric_is_told_by_the_service(model: Model, tmp_path: Path) -> None:
    told = create_app(Settings(tmp_path, ""), Recommender(model, "v1")).test_client()
    told.get("/recommend/u1")
    exposed = told.get("/metrics").text
    named = set(re.findall(r"\brecsys_\w+", PAGE))
    assert len(named) > 6
    assert [name for name in named if not re.search(rf"^{name}", exposed, re.MULTILINE)] == []


@pytest.mark.parametrize(("name", "options"), COMMANDS)
def test_every_command_and_option_is_there(name: str, options: str) -> None:
    command: click.Command | None = cli
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None, name
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--\w+", options)) <= known


def test_every_path_is_an_operation() -> None:
    assert {f"/{path}" for path in re.findall(r"[ `]/(livez|readyz|metrics|docs|openapi\.json)`", PAGE)} <= {
        one.path for one in OPERATIONS
    }


def test_times_and_names_are_those_of_the_code() -> None:
    assert [schedule.parse(text) for text in re.findall(r"`(\d+[mhd])`", PAGE)] == [1800, 21600, 86400]
    assert f"`{lock.LOCK}`" in PAGE
