"""What may be loaded by what: the serving side stays light, and importing does nothing."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import factories

USER_STATE = "recsys.recommend.user_state"
HEAVY = {"torch", "implicit", "pandas", "sklearn", "sentence_transformers", "transformers", "optuna"}


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=factories.ROOT
    )
    return set(done.stdout.split())


def test_the_service_loads_nothing_of_training() -> None:
    loaded = loaded_by(
        "import serving.server.wsgi, serving.cli.serve, recsys.cli.commands.recommend, recsys.cli.commands.models"
    )
    assert "flask" in loaded
    assert not loaded & (HEAVY | {"training"})


def test_a_service_that_has_answered_has_loaded_nothing_of_training(tmp_path: object) -> None:
    loaded = loaded_by(
        "from pathlib import Path\nfrom tests.support import factories\nfrom serving.app import create_app\n"
        "from serving.settings import Settings\n"
        f"store, _ = factories.publish(Path({str(tmp_path)!r}) / 'store')\n"
        "client = create_app(Settings(store.path)).test_client()\n"
        "assert client.get('/recommend/u1').status_code == client.get('/similar/i1').status_code == 200"
    )
    assert not loaded & (HEAVY | {"training"})


def test_training_loads_no_web_framework() -> None:
    loaded = loaded_by("import training.cli.commands, training.pipeline, training.cli.summary")
    assert "implicit" in loaded
    assert not loaded & {"flask", "granian", "serving", "torch"}


@pytest.mark.parametrize("module", ["serving.server.wsgi", "serving.app", "training.pipeline", "recsys.cli.main"])
def test_importing_sets_no_threads_and_writes_nothing(module: str) -> None:
    code = (
        "import os\nbefore = dict(os.environ)\n"
        f"import {module}\n"
        "changed = {k for k in os.environ if os.environ[k] != before.get(k)} - {'KMP_INIT_AT_FORK', 'KMP_DUPLICATE_LIB_OK'}\n"
        "assert not changed, changed"
    )
    assert loaded_by(code)


ROOMS = sorted(
    path.parent
    for package in ("recsys", "training", "serving")
    for path in (factories.ROOT / package).glob("**/__init__.py")
)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: ".".join(room.relative_to(factories.ROOT).parts))
def test_a_room_says_what_it_is_and_its_public_names_load(room: Path) -> None:
    module = importlib.import_module(".".join(room.relative_to(factories.ROOT).parts))
    assert module.__doc__
    for name in getattr(module, "__all__", ()):
        assert not isinstance(getattr(module, name), ModuleType)


FOLDERS = sorted(
    {
        path.parent
        for package in ("recsys", "training", "serving", "tests")
        for path in (factories.ROOT / package).glob("**/*.py")
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(factories.ROOT)))
def test_a_folder_has_at_most_two_dozen_modules(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 24


def test_other_rooms_use_only_the_public_names_of_chat() -> None:
    others = [path for room in ("serving", "training", "recsys/cli") for path in (factories.ROOT / room).rglob("*.py")]
    users = {path.name for path in others if "from recsys.chat import" in path.read_text("utf-8")}
    assert users == {"chat.py"}
    assert [path for path in others if "recsys.chat." in path.read_text("utf-8")] == []


def inner_parts(source: str) -> list[str]:
    """What a source text reads of a recommender's inside."""
    nodes = list(ast.walk(ast.parse(source)))
    read = [node.attr for node in nodes if isinstance(node, ast.Attribute) and node.attr in ("model", "rules")]
    return read + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module == USER_STATE]


@pytest.mark.parametrize("folder", ["serving/routes", "recsys/cli"])
def test_routes_and_commands_ask_the_recommender_and_not_its_parts(folder: str) -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in Path(factories.ROOT, folder).rglob("*.py")}
    assert len(sources) > 10
    assert {name: found for name, source in sources.items() if (found := inner_parts(source))} == {}


def test_control_the_parts_of_a_recommender_are_seen() -> None:
    source = f"from {USER_STATE} import of_user\nof_user(recommender.model, recommender.rules, 'u')\nrecommender.model_version"
    assert sorted(inner_parts(source)) == sorted(["model", "rules", USER_STATE])
