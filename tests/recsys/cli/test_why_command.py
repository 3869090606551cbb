"""`recsys why` as sentences; test_events_counted compares it with the service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import Result

from recsys.errors import NotFoundError
from recsys.events.store import EventStore
from tests.recsys.cli.test_events_counted import run
from tests.support import factories
from tests.support.event_stores import NOW, event


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    factories.publish(folder / "store")
    with EventStore.open(str(folder / "events.sqlite")) as store:
        store.add([event("u5", "i20", event="like", timestamp=NOW), event("u5", "i21", timestamp=NOW)])
        store.hide("i9")
    return folder


def lines(done: Result) -> list[str]:
    assert done.exit_code == 0, done.exception
    return [line.strip() for line in done.stdout.splitlines()]


def test_an_item_that_is_listed(folder: Path) -> None:
    first, columns, row = lines(run(folder, "why", "u1", "i34"))
    assert first.startswith("Title 34 for u1: rank 2 (model 20261123T120000Z-")
    assert first.endswith(f", events of {folder}/events.sqlite)")
    assert columns.split()[:4] == ["rank", "item_id", "title", "score"]
    assert row.split()[:4] == ["2", "i34", "Title", "34"]
    assert "%" in row


def test_all_that_keeps_an_item_out(folder: Path) -> None:
    text = lines(run(folder, "why", "u5", "i20", "--exclude", "i20", "--filter", "year>=2030", "-k", 1))
    assert text[0].startswith("Title 20 for u5: not in the list of 1 (model ")
    assert text[1:4] == [
        "* seen and liked, received after training; last like on 2023-11-14 22:13 UTC",
        "* excluded by the request",
        "* filtered by year>=2030; the item has 2010",
    ]
    assert re.fullmatch(r"\* without that, rank \d+; the list has 1 items", text[4])


def test_an_item_of_the_training_data_has_no_time(folder: Path) -> None:
    assert "* seen and liked, in the training data with weight 1" in lines(run(folder, "why", "u5", "i6"))
    assert "* seen but not liked, in the training data with weight 0" in lines(run(folder, "why", "u29", "i48"))


def test_hidden_and_outranked(folder: Path) -> None:
    hidden = lines(run(folder, "why", "u1", "i9", "-k", 50))
    assert hidden[1] == "* hidden from all lists"
    assert re.fullmatch(r"\* without that, rank \d+; the list has 50 items", hidden[2])
    outranked = lines(run(folder, "why", "u1", "i49", "-k", 2))
    assert (found := re.fullmatch(r"\* rank (\d+); the list has 2 items", outranked[1]))
    assert [row.split()[0] for row in outranked[3:]] == [found[1], "2"]


def test_an_option_that_moved_the_item(folder: Path) -> None:
    moved = lines(run(folder, "why", "u1", "i34", "-k", 2, "--diversity", 1))
    assert moved[1:3] == ["* moved by diversity; without it, rank 2", moved[2]]
    assert re.fullmatch(r"\* rank \d+; the list has 2 items", moved[2])


def test_unknown_ids_name_near_ones(folder: Path) -> None:
    done = run(folder, "why", "u1", "I3")
    assert isinstance(done.exception, NotFoundError)
    assert "did you mean 'i3'?" in str(done.exception)
    assert "nothing is known of this user; did you mean 'u1'? (model" in run(folder, "why", "U1", "i3").stdout
    quiet = run(folder, "why", "U1", "i3", "--json")
    assert quiet.stderr == "nothing is known of user 'U1'; did you mean 'u1'?\n"
