"""`recsys demo` trains if there is no model, serves the page, says where, and ends on Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from serving.cli import demo
from tests.support.running import PATIENCE_SECONDS, RECSYS, free_port

SMALL = {
    "data.interactions": "i.csv",
    "data.items": "",
    "data.rejects": "",
    "store.events": "",
    "evaluate.gate": "false",
}


def test_demo_trains_serves_and_ends(tmp_path: Path) -> None:
    rows = [f"u{num % 12},i{num * num % 31}" for num in range(200)]
    (tmp_path / "i.csv").write_text("\n".join(["user_id,item_id", *rows, ""]))
    words = [word for name, value in SMALL.items() for word in ("--set", f"{name}={value}")]
    command = [str(RECSYS), "demo", "--no-browser", "--port", str(free_port()), *words]
    environment = {name: value for name, value in os.environ.items() if name not in demo.SCREENS}
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if line.startswith("the page: "):
                address = line.split()[2]
                break
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
            assert b"recsys" in answer.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert "has no model yet; training on i.csv" in errors
    assert "Traceback" not in errors
    assert '"logger"' not in errors


def test_without_a_page_there_is_nothing_to_show(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(RECSYS), "demo", "--set", "serve.page=false"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "serve.page is false" in done.stderr


def test_a_port_of_another_server_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((demo.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [str(RECSYS), "demo", "--port", str(port)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"port {port} is taken" in done.stderr


def test_without_a_model_and_data_it_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run([str(RECSYS), "demo"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "recsys init" in done.stderr


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((demo.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(demo, "PORTS", range(port, port + 20))
        assert port < demo._free_port() < port + 20
