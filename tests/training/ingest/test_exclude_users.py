"""Users who are left out of a training by a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from recsys.cli.main import cli
from recsys.errors import DataError
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from tests.support.files import config, pairs_of, table
from training.ingest.ingest import ingest

ROWS = [
    ("00042", "x", 1, "", 5),
    ("42", "x", 1, "", 6),
    ("a", "y", 1, "", 7),
    ("a", "x", 1, "", 8),
    ("bö", "y", 1, "", 9),
]


def excluding(folder: Path, content: bytes) -> Path:
    path = folder / "out.txt"
    path.write_bytes(content)
    return path


def test_their_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    path = excluding(tmp_path, "42\r\na\n\nnobody\nbö".encode())
    found = ingest(config(table(tmp_path / "i.csv", ROWS), data={"exclude_users": str(path)}))
    assert pairs_of(found.interactions) == {("00042", "x"): (1.0, 5)}
    assert list(found.interactions.users) == ["00042"]
    assert found.dropped == {"of the 4 users that data.exclude_users names, left out": 4}


def test_their_events_are_left_out_too(tmp_path: Path) -> None:
    store = EventStore.open(str(tmp_path / "events.sqlite"), lambda: 1_700_000_000)
    store.add([ReceivedEvent("a", "z"), ReceivedEvent("b", "z")])
    data = {"exclude_users": str(excluding(tmp_path, b"a\n"))}
    changed = config(table(tmp_path / "i.csv", ROWS), data=data, store={"events": str(tmp_path / "events.sqlite")})
    assert {user for user, _ in pairs_of(ingest(changed).interactions)} == {"00042", "42", "bö", "b"}


def test_ratings_keep_every_pair_with_its_value(tmp_path: Path) -> None:
    rows = [("a", "x", 5, "", 5), ("a", "y", 1, "", 6), ("a", "x", 2, "", 7), ("b", "x", 4, "", 8)]
    rated = ingest(config(table(tmp_path / "i.csv", rows), data={"threshold": 3.5})).rated()
    assert rated.values is not None
    assert rated.timestamps is not None
    columns = zip(rated.user_nums.tolist(), rated.item_nums.tolist(), rated.values, rated.timestamps, strict=True)
    assert sorted(columns) == [(0, 0, 2.0, 7), (0, 1, 1.0, 6), (1, 0, 4.0, 8)]
    counted = ingest(config(table(tmp_path / "i.csv", rows))).rated()
    assert (counted.values, len(counted)) == (None, 3)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "out.txt" if content is None else excluding(tmp_path, content)
    with pytest.raises(DataError, match=r"data\.exclude_users .*out\.txt: cannot be read"):
        ingest(config(table(tmp_path / "i.csv", ROWS), data={"exclude_users": str(path)}))


def test_the_option_of_the_command(tmp_path: Path) -> None:
    rows = [(f"u{user}", f"i{(user + step) % 7}", 1, "", 5) for user in range(12) for step in range(3)]
    words = ["train", "--no-publish", "--exclude-users", str(excluding(tmp_path, b"u3\n"))]
    settings = {
        "data.interactions": table(tmp_path / "i.csv", rows),
        "data.items": "",
        "data.rejects": "",
        "events": "",
        "store.path": tmp_path / "store",
        "store.events": "",
        "als.factors": 4,
        "index.queries": 5,
    }
    del settings["events"]
    options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    done = CliRunner().invoke(cli, [*words, *options, "--config", str(empty(tmp_path))])
    assert done.exit_code == 0, done.exception
    assert "3 rows of the 1 users that data.exclude_users names, left out" in done.stdout
    assert "33 pairs of 11 users" in done.stdout


def empty(folder: Path) -> Path:
    path = folder / "recsys.toml"
    path.write_text("")
    return path
