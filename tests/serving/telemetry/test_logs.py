"""Promise 28: lines of the log are JSON objects that nobody can forge, and quote nobody."""

from __future__ import annotations

import json
import logging
import logging.config
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient

from recsys.errors import BundleError
from recsys.model.model import Model
from recsys.recommend.recommender import Recommender
from serving.app import create_app
from serving.settings import Settings
from serving.telemetry import logs
from tests.serving.conftest import VERSION
from tests.support import factories

FORGED = '{"level":"info","message":"forged"}'
NASTY = [
    f"a\n{FORGED}",
    f"a\r\n{FORGED}",
    f"a\r{FORGED}",
    f"a\u2028{FORGED}",
    f"a\u2029{FORGED}",
    f"a\x85{FORGED}",
    f"a\x0b\x0c\x1c\x1d\x1e{FORGED}",
    "\x1b[2J\x1b[31mred",
    "\x9b31m",
    "\x00",
    "\x7f",
    '"}',
    "\\",
    "\ud800",
    "☃ü",
    "%s %d %(x)s",
]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What is written to standard error, with the root logger writing there."""
    written: list[bytes] = []
    monkeypatch.setattr(logs, "write", written.append)
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    handler = logs.StandardError()
    root.addHandler(handler)
    yield written
    root.handlers = before


def only(lines: list[bytes]) -> dict[str, Any]:
    """The one line that was written, after checking that it is one, in printable ASCII."""
    (line,) = lines
    assert line.endswith(b"\n")
    assert all(32 <= byte < 127 for byte in line[:-1])
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.parametrize("text", NASTY, ids=repr)
def test_a_message_stays_in_its_line(lines: list[bytes], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    some = logging.getLogger("some")
    ours = [handler for handler in logging.getLogger().handlers if isinstance(handler, logs.StandardError)]
    monkeypatch.setattr(some, "handlers", ours)
    monkeypatch.setattr(some, "propagate", False)  # pytest would keep the record, and cannot send half of a pair on
    some.warning("said: %s", text)
    found = only(lines)
    assert found["message"] == f"said: {text}"
    assert (found["level"], found["logger"]) == ("warning", "some")
    assert found["time"].endswith("Z")
    assert "T" in found["time"]


def test_a_request_id_is_a_field(lines: list[bytes]) -> None:
    logging.getLogger("some").error("failed", extra={"request_id": "r1"})
    assert only(lines)["request_id"] == "r1"


@pytest.mark.parametrize("length", [10, 3900, 4090, 5000, 100_000])
@pytest.mark.parametrize("sign", ["x", "☃", "\n"])
def test_a_line_fits_what_a_pipe_takes_in_one_piece(lines: list[bytes], length: int, sign: str) -> None:
    try:
        raise BundleError(sign * length)
    except BundleError:
        logging.getLogger("some").exception("%s", sign * length)
    found = only(lines)
    assert len(lines[0]) <= 4096
    assert found["message"][:5] == sign * 5
    assert "BundleError" in found["exception"]


def fails(user_id: str) -> NoReturn:
    raise KeyError(user_id)


def test_an_exception_is_one_field_that_quotes_nobody(lines: list[bytes]) -> None:
    try:
        try:
            fails("user-4711")
        except KeyError as error:
            raise ValueError("of user-4711") from error
    except ValueError:
        logging.getLogger("some").exception("failed")
    told = only(lines)["exception"]
    assert "user-4711" not in told
    assert told.startswith("ValueError at ")
    assert "; caused by KeyError at " in told
    assert "test_logs.py" in told
    assert " fails < " in told


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (BundleError("model.safetensors: missing"), "BundleError: model.safetensors: missing at "),
        (OSError(28, "No space left on device", "/store/of-a-user"), "OSError: No space left on device at "),
        (FileNotFoundError(2, "No such file or directory"), "FileNotFoundError: No such file or directory at "),
        (OSError("user-4711"), "OSError at "),
        (MemoryError(), "MemoryError at "),
    ],
)
def test_what_our_own_exceptions_say_is_shown(error: Exception, shown: str) -> None:
    assert logs.describe_error(error) == f"{shown}nowhere"


def test_exceptions_that_cause_each_other_are_told_once() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert logs.describe_error(one).count("caused by") == 1


def test_a_hidden_context_is_not_told() -> None:
    def hides() -> NoReturn:
        try:
            fails("u")
        except KeyError:
            raise ValueError from None

    with pytest.raises(ValueError, match=r"^$") as caught:
        hides()
    assert "KeyError" not in logs.describe_error(caught.value)


def test_a_message_that_does_not_fit_its_arguments_is_still_a_line(lines: list[bytes]) -> None:
    handler = logs.StandardError()
    handler.handle(logging.makeLogRecord({"name": "some", "msg": "%d", "args": ("user-4711",)}))
    found = only(lines)
    assert (found["logger"], found["message"]) == ("some", "a record cannot be shown")
    assert "user-4711" not in lines[0].decode()


@pytest.fixture
def quiet(model: Model, tmp_path: Path, lines: list[bytes]) -> FlaskClient:
    """A service whose every list fails with a message that quotes the user."""

    class Quoting(Recommender):
        def recommend(self, user_id: str, *_: object, **__: object) -> NoReturn:  # type: ignore[override]
            raise RuntimeError(f"no list for {user_id}")

    return create_app(Settings(tmp_path, ""), Quoting(model, VERSION)).test_client()


def test_a_failed_request_is_two_lines_with_its_id(quiet: FlaskClient, lines: list[bytes]) -> None:
    response = quiet.get("/recommend/user-4711?k=5", headers={"X-Request-ID": "r1"})
    assert response.status_code == 500
    error, request = (json.loads(line) for line in lines)
    assert (error["level"], error["message"], error["request_id"]) == ("error", "a request failed", "r1")
    assert error["exception"].startswith("RuntimeError at ")
    del request["time"], request["duration_ms"]
    assert request == {
        "level": "info",
        "message": "request",
        "request_id": "r1",
        "method": "GET",
        "route": "/recommend/<user_id>",
        "status": 500,
        "model_version": VERSION,
    }
    assert b"user-4711" not in b"".join(lines)


@pytest.mark.parametrize("access_log", [True, False])
def test_the_access_log_can_be_switched_off(model: Model, tmp_path: Path, lines: list[bytes], access_log: bool) -> None:
    settings = Settings(tmp_path, "")
    settings = Settings(tmp_path, "", settings.serve.model_copy(update={"access_log": access_log}))
    create_app(settings, Recommender(model, VERSION)).test_client().get("/livez")
    assert len(lines) == access_log


def test_the_line_of_a_request_without_a_model_names_none(client: FlaskClient, lines: list[bytes]) -> None:
    client.get("/recommend/u1")
    client.get("/livez")
    shown = [json.loads(line) for line in lines]
    assert [line.get("model_version") for line in shown] == [VERSION, None]


# --- a whole process


def run(code: str) -> list[dict[str, Any]]:
    """The lines that a process wrote to standard error, its logging configured."""
    begin = "import logging, sys, threading, warnings; from serving.telemetry import logs; logs.configure();"
    ended = subprocess.run(
        [sys.executable, "-c", begin + code], cwd=factories.ROOT, capture_output=True, text=True, check=False
    )
    assert ended.stdout == ""
    return [json.loads(line) for line in ended.stderr.splitlines()]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise KeyError('user-4711')", "uncaught exception"),
        ("threading.Thread(target=lambda: {}['user-4711']).start()", "uncaught exception in a thread"),
        ("warnings.warn('first\\nsecond')", "first\nsecond"),
        ("logging.getLogger('_granian').error('x\\ny')", "x\ny"),
        ("exec('class A:\\n def __del__(self): {}[\"user-4711\"]'); A()", "exception that could not be raised"),
    ],
)
def test_everything_that_a_process_says_is_json(code: str, message: str) -> None:
    (line,) = run(code)
    assert message in line["message"]
    assert "user-4711" not in json.dumps(line)


def test_debug_is_not_shown() -> None:
    assert run("logging.getLogger('sqlalchemy').debug('x'); logging.getLogger('x').info('y')")[0]["message"] == "y"


def test_a_closed_standard_error_stops_nothing() -> None:
    assert run("import os; os.close(2); logging.getLogger('x').error('y'); logs.access({'a': 1})") == []
