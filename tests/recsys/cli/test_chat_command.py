"""`recsys chat` on a published model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recsys.cli.main import cli
from serving.app import create_app
from serving.settings import Settings
from tests.support import factories, films
from tests.support.fake_llm import speaking


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    published, _ = factories.publish(tmp_path_factory.mktemp("chat") / "store", films.model())
    return published.path


def run(store: Path, *words: object, typed: str | None = None, **settings: str) -> Result:
    keys = [f"store.path={store}", *(f"{name.replace('__', '.')}={value}" for name, value in settings.items())]
    return CliRunner().invoke(
        cli, ["chat", *map(str, words), *(word for key in keys for word in ("--set", key))], input=typed
    )


def shown(store: Path, *words: object) -> Any:
    done = run(store, *words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_turns_on_the_command_line_are_answered_as_over_http(store: Path) -> None:
    turns = ["I loved Alien but not horror", "nothing from before 1980"]
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": turns[0]}],
        "user_id": "u2",
        "k": 3,
        "exclude": ["i4"],
        "filters": [{"attribute": "year", "max": 2010}],
    }
    options = ("--user", "u2", "-k", 3, "--exclude", "i4", "--filter", "year<=2010")
    client = create_app(Settings(store)).test_client()
    first: Any = client.post("/chat", json=body).json
    assert shown(store, turns[0], *options) == first
    body["messages"] += [{"role": "assistant", "content": first["reply"]}, {"role": "user", "content": turns[1]}]
    assert shown(store, *turns, *options) == client.post("/chat", json=body).json


def test_an_answer_is_shown_in_plain_words(store: Path) -> None:
    text = run(store, "I loved Alien but not horror").stdout
    assert text.startswith("For Alien, no Horror:\n1. ")
    assert text.rstrip().endswith("?")


def test_a_conversation_goes_on_until_an_empty_line(store: Path) -> None:
    done = run(store, "-k", 2, typed="I loved Alien\nsomething funnier\n\n")
    assert done.exit_code == 0
    assert "For Alien:" in done.stdout
    assert "For Alien, Comedy:" in done.stdout
    first, second = done.stdout.split("For Alien, Comedy:")
    assert not {line[3:] for line in first.splitlines() if line[:2] in ("1.", "2.")} & {
        line[3:] for line in second.splitlines()
    }


def test_the_end_of_the_input_ends_it(store: Path) -> None:
    assert run(store, typed="").exit_code == 0
    assert run(store, typed="hello\n").exit_code == 0


def test_what_would_steer_the_terminal_is_not_printed(store: Path) -> None:
    assert "\x1b" not in run(store, "I want evil \x1b[2J words").stdout


def test_an_endpoint_may_put_it_into_words(store: Path) -> None:
    with speaking("Well, well.") as speaker:
        assert run(store, "I loved Alien", chat__phrase_url=speaker.url).stdout == "Well, well.\n"
        speaker.status = 500
        done = run(store, "I loved Alien", chat__phrase_url=speaker.url)
    assert "warning: chat.phrase_url did not answer: status 500" in done.stderr
    assert done.stdout.startswith("For Alien:")
