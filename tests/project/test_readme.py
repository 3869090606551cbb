"""Every command of the README is executed, in its order, in a copy of the project; `make test` itself by .ci/run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import factories
from tests.support.running import free_port

README = (factories.ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh[^\n]*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BY_CI = "make test"
PATIENCE_SECONDS = 60
TEXTS = factories.ROOT / "var" / "texts.sqlite"
ENCODERS = factories.ROOT / "var" / "encoders"


def commands(kind: str) -> list[str]:
    return [line for name, block in BLOCKS if name == kind for line in block.strip().splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the environment of this one, which make is told to leave as it is."""
    copy = tmp_path_factory.mktemp("readme") / "project"
    left_out = shutil.ignore_patterns(".git", ".venv", "var", "*cache*", "*.egg-info")
    shutil.copytree(factories.ROOT, copy, ignore=left_out)
    (copy / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    if TEXTS.is_file():  # what `make train` encoded here need not be encoded again
        (copy / "var").mkdir()
        shutil.copy(TEXTS, copy / "var")
        if ENCODERS.is_dir():  # nor exported
            (copy / "var" / "encoders").symlink_to(ENCODERS, target_is_directory=True)
    run("make --old-file=.venv/.installed train", copy)
    return copy


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[None]:
    (command,) = commands("sh serve")
    with subprocess.Popen(["bash", "-ec", f"exec {command}"], cwd=project, env=environment()) as process:
        try:
            for _ in range(PATIENCE_SECONDS * 10):
                try:
                    urllib.request.urlopen("http://127.0.0.1:8000/readyz", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def test_every_block_of_commands_is_of_a_kind_that_is_executed() -> None:
    assert {name for name, _ in BLOCKS} == {"sh", "sh demo", "sh serve", "sh curl", "sh own"}
    assert BY_CI in (factories.ROOT / ".ci" / "run").read_text()
    assert {"make train", BY_CI} <= set(commands("sh"))


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in commands("sh") if command not in (BY_CI, "make train")])
def test_command_line(project: Path, command: str) -> None:
    run(command, project)


@pytest.mark.slow
def test_demo(project: Path) -> None:
    (command,) = commands("sh demo")
    words = ["bash", "-ec", f"exec {command} --no-browser --port {free_port()}"]
    with subprocess.Popen(words, cwd=project, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = next(line for line in process.stdout if line.startswith("the page: "))
            with urllib.request.urlopen(told.split()[2], timeout=PATIENCE_SECONDS) as answer:
                assert b"recsys" in answer.read()
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


@pytest.mark.slow
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", commands("sh curl"))
def test_request(project: Path, command: str) -> None:
    body = json.loads(run(command, project))
    if command.endswith("/events"):
        assert len(body.pop("event_ids")) == 1
        assert body == {"accepted": 1, "duplicates": 0, "unknown_items": 0}
    else:
        assert len(body["items"]) == 3
        assert body.get("fallback", False) is False


@pytest.mark.slow
def test_own_data(project: Path) -> None:
    orders = [f"000{user},{item}" for user in range(40, 50) for item in ("A-1", "B-7", f"C-{user % 3}")]
    (project / "orders.csv").write_text("\n".join(["user_id,item_id", *orders]) + "\n")
    products = [f"{item},{item} gadget" for item in ("A-1", "B-7", "C-0", "C-1", "C-2", "D-9")]
    (project / "products.csv").write_text("\n".join(["item_id,title", *products]) + "\n")
    outputs = [run(command, project) for command in commands("sh own")]
    assert "30 rows read = 30 kept" in outputs[1]
    assert "00042: personalized" in outputs[3]
    assert json.loads(outputs[4])["strategy"] == "similar"


@pytest.mark.slow
def test_the_shown_list_is_what_the_model_answers(project: Path) -> None:
    shown = re.search(r"\$ (recsys similar [^\n]*)\n\n[^\n]*\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown is not None
    answered = run(shown[1], project).strip().splitlines()[1:]
    assert [line.split() for line in answered] == [line.split() for line in shown[2].strip().splitlines()]
