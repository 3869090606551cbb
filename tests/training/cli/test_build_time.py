"""The time in the name of a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recsys.errors import ConfigError
from training.cli.build_time import now


def test_the_time_is_now_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = datetime.now(UTC)
    assert before <= now() <= before + timedelta(hours=1)
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [("0", datetime(1970, 1, 1, tzinfo=UTC)), ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))],
)
def test_the_environment_can_fix_it(monkeypatch: pytest.MonkeyPatch, text: str, moment: datetime) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert now() == moment


@pytest.mark.parametrize("text", ["", "now", "-1", "1.5", "1_0", "\uff11\uff12", " 1", "2023-11-14"])
def test_what_is_no_second_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(ConfigError, match=r"SOURCE_DATE_EPOCH is .*; it must be whole seconds since 1970"):
        now()


@pytest.mark.parametrize("text", ["999999999999", "9" * 30, "9" * 5000])
def test_a_time_that_no_calendar_holds_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(ConfigError, match=r"SOURCE_DATE_EPOCH is .*, which is beyond the year 9999"):
        now()
