"""Promise 27: keys are kept as hashes and told nowhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serving.access import key_file, keys
from tests.support.faults.safe import CLOSED, Safe


def everything_told(
    safe: Safe, app: Flask, caplog: pytest.LogCaptureFixture, captured: Callable[[], Any]
) -> tuple[str, list[str]]:
    """All that is said in answers and logs while keys are right, wrong, expired, without scope, and things fail."""
    secrets = [*safe.keys.values(), "rk_" + "77" * 32]
    said = []
    client: FlaskClient = app.test_client()
    for key in secrets:
        for path in (CLOSED, "/boom", "/nix", "/similar/nix", "/recommend/u1?k=0", "/users/u1", "/livez"):
            for headers in (
                {"X-API-Key": key},
                {"Authorization": f"Bearer {key}"},
                {"Authorization": f"Bearer {key}", "X-API-Key": key + "0"},
            ):
                for method in ("GET", "DELETE", "POST"):
                    response = client.open(path, method=method, headers=headers)
                    said.append(f"{response.headers}\n{response.get_data().decode()}")
    for damage in (f'{{"keys": ["{secrets[0]}"]}}', f'{{"{secrets[0]}": []}}', secrets[0]):
        safe.path.write_text(damage)
        client.get(CLOSED, headers={"X-API-Key": secrets[0]})
    shown = captured()
    logged = [f"{record.getMessage()} {record.exc_text or ''} {record.__dict__}" for record in caplog.records]
    assert any("boom" in line for line in logged)
    assert any("is damaged" in line for line in logged)
    return "\n".join([*said, *logged, caplog.text, shown.out, shown.err]), secrets


def failing(app: Flask) -> Flask:
    def boom() -> str:
        raise RuntimeError("boom")

    app.add_url_rule("/boom", "recommend.boom", boom)
    return app


def test_no_answer_and_no_log_holds_a_key(
    safe: Safe,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    safe.add("reader", "read")
    safe.add("boss", "admin")
    safe.add("old", "admin", expires=datetime(2020, 1, 1, tzinfo=UTC))
    told, secrets = everything_told(safe, failing(safe.service()), caplog, capfd.readouterr)
    for secret in secrets:
        assert secret not in told
        assert secret[3:40] not in told
        assert key_file.digest(secret) not in told


def test_control_a_route_that_logs_its_headers_is_seen(
    safe: Safe,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    safe.add("boss", "admin")
    app = failing(safe.service())
    app.before_request(lambda: app.logger.info("headers %s", keys.request.headers))
    told, secrets = everything_told(safe, app, caplog, capfd.readouterr)
    assert secrets[0] in told


def test_a_file_holds_hashes_alone(safe: Safe) -> None:
    safe.service_with_all()
    content = safe.path.read_text()
    assert not any(key in content or key[3:] in content for key in safe.keys.values())
    assert len(json.loads(content)["keys"]) == 3
