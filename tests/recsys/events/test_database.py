"""What is special about SQLite files and about PostgreSQL."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from recsys.errors import EventStoreError
from recsys.events import backends
from recsys.events.backends import WRITERS
from recsys.events.database import Database
from recsys.events.records import ReceivedEvent
from recsys.events.store import EventStore
from tests.support.postgresql import Server

PATIENCE = 60
INSERT = "INSERT INTO recsys_events (user_id, item_id, event, timestamp) VALUES ('slow', 'i', '', 1)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "a folder" / "events?#%41.sqlite"


@pytest.fixture
def on_server(postgresql_server: Server) -> Iterator[EventStore]:
    with EventStore.open(postgresql_server.new_schema()) as store:
        yield store


def content(file: Path) -> bytes:
    """The bytes of a file, after what lies beside it was put in."""
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    connection.close()
    return file.read_bytes()


def driver(store: EventStore) -> psycopg.Connection[tuple[object, ...]]:
    """A connection past the store."""
    url = make_url(store._database.engine.url).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


def test_a_file_is_made_with_its_folders_whatever_its_name(file: Path) -> None:
    with EventStore.open(str(file)) as store:
        store.add([ReceivedEvent("u", "i")])
    with EventStore.open(f"sqlite:///{str(file).replace('?', '%3F')}" if "?" not in str(file) else str(file)) as store:
        assert len(store.read_user("u").events) == 1
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_file_is_in_write_ahead_mode_and_synced_at_every_commit(file: Path) -> None:
    with EventStore.open(str(file)) as store:
        with store._database.engine.connect() as connection:
            names = ("journal_mode", "synchronous", "secure_delete")
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
        assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_nothing_of_a_forgotten_user_is_left_in_the_file(file: Path) -> None:
    with EventStore.open(str(file)) as store:
        store.add([ReceivedEvent("somebody", f"item{n}", event_id=f"by-somebody-{n}") for n in range(2000)])
        store.add([ReceivedEvent("else", "item")])
        store.forget("somebody")
    left = content(file)
    assert b"else" in left
    assert b"somebody" not in left


def test_control_without_secure_delete_the_user_is_left_in_the_file(file: Path) -> None:
    with EventStore.open(str(file)) as store:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA secure_delete = OFF")
        store.add([ReceivedEvent("somebody", f"item{n}") for n in range(2000)])
        connection.execute("DELETE FROM recsys_events")
        connection.close()
    assert b"somebody" in content(file)


def test_a_file_that_is_taken_away_takes_no_events(file: Path) -> None:
    with EventStore.open(str(file)) as store:
        store.add([ReceivedEvent("u", "i")])
        moved = file.rename(file.with_name("moved"))
        with pytest.raises(EventStoreError, match=r"takes nothing now: .*No such file or directory"):
            store.add([ReceivedEvent("u", "i")])
        file.touch()
        with pytest.raises(EventStoreError, match=r"takes nothing now: .* was removed or replaced; start again"):
            store.add([ReceivedEvent("u", "i")])
        file.unlink()
        moved.rename(file)
        assert store.add([ReceivedEvent("u", "i")]).accepted == 1


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("{}/folder", r"event store \S+/folder: it is a folder"),
        ("{}/text", r"event store \S+/text: file is not a database"),
        ("{}/text/below", r"event store \S+/text/below: (File exists|Not a directory)"),
        ("sqlite://", "give a SQLite file or a URL"),
        ("mysql://me:secret@host/db", r"store.events = 'mysql://me:\*\*\*@host/db': give a SQLite file or a URL"),
        ("oracle+what://host", "give a SQLite file or a URL"),
        ("postgresql+psycopg://host:port/db", "store.events is no URL such as"),
        (
            "postgresql://me:secret@127.0.0.1:1/db",
            r"event store postgresql\+psycopg://me:\*\*\*@127.0.0.1:1/db: .*refused",
        ),
    ],
)
def test_what_cannot_be_opened_is_one_clear_line(tmp_path: Path, where: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no database " * 1000)
    with pytest.raises(EventStoreError, match=rf"\A[^\n]*{message}[^\n]*\Z") as caught:
        EventStore.open(where.format(tmp_path))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(backends, "create_engine", missing)
    with pytest.raises(EventStoreError, match="No module named 'psycopg'; install the extra `postgresql`"):
        Database("postgresql+psycopg://host/db")


def test_a_second_writer_waits(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EventStore.open(str(file)) as first, EventStore.open(str(file)) as second:
        with first._database.writing() as execute:
            adding = threading.Thread(target=lambda: second.add([ReceivedEvent("u", "second")]))
            adding.start()
            execute(first._sql.hide, {"item": "x"})
        adding.join(PATIENCE)
        assert [one.item_id for one in second.read_user("u").events] == ["second"]


def test_control_without_a_timeout_a_second_writer_fails(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.0)
    with EventStore.open(str(file)) as first, EventStore.open(str(file)) as second:
        with first._database.writing(), pytest.raises(EventStoreError, match="database is locked"):
            second.add([ReceivedEvent("u", "second")])
        assert second.add([ReceivedEvent("u", "second")]).accepted == 1


def test_readers_do_not_wait_for_a_writer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.0)
    with EventStore.open(str(file)) as first, EventStore.open(str(file)) as second:
        first.add([ReceivedEvent("u", "i")])
        with first._database.writing() as execute:
            execute(first._sql.hide, {"item": "x"})
            execute(first._sql.revise)
            assert len(second.read_user("u").events) == 1
            assert second.hidden() == frozenset()
        assert second.read_user("u").hidden == {"x"}


def test_a_failed_transaction_changes_nothing(events_url: str) -> None:
    with EventStore.open(events_url) as store:

        def fail() -> None:
            with store._database.writing() as execute:
                execute(store._sql.hide, {"item": "x"})
                raise RuntimeError("in its midst")

        with pytest.raises(RuntimeError, match="in its midst"):
            fail()
        assert store.hidden() == frozenset()
        store.hide("y")
        assert store.hidden() == {"y"}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_was_restarted_is_found_again(
    postgresql_server: Server, on_server: EventStore, mode: str
) -> None:
    on_server.add([ReceivedEvent("u", "a")])
    on_server.read_user("u")
    postgresql_server.stop(mode)
    try:
        for attempt in (lambda: on_server.read_user("u"), on_server.hidden, lambda: list(on_server.since())):
            with pytest.raises(EventStoreError, match=r"\Athe event store cannot be read: [^\n]*\Z"):
                attempt()
        with pytest.raises(EventStoreError, match=r"\Athe event store takes nothing now: [^\n]*\Z"):
            on_server.add([ReceivedEvent("u", "b")])
    finally:
        postgresql_server.start()
    assert len(on_server.read_user("u").events) == 1
    assert on_server.add([ReceivedEvent("u", "b")]).accepted == 1


def test_a_connection_that_was_cut_is_replaced_at_once(postgresql_server: Server, on_server: EventStore) -> None:
    on_server.add([ReceivedEvent("u", "a")])
    others = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'recsys'"
    postgresql_server.sql(others)
    assert len(on_server.read_user("u").events) == 1
    postgresql_server.sql(others)
    assert on_server.add([ReceivedEvent("u", "b")]).accepted == 1


def test_a_child_that_is_forked_during_a_write_can_write(on_server: EventStore) -> None:
    on_server.add([ReceivedEvent("u", "before")])
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with on_server._database.writing():
            held.set()
            release.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(PATIENCE)
    process = multiprocessing.get_context("fork").Process(target=lambda: on_server.add([ReceivedEvent("u", "child")]))
    process.start()
    release.set()
    holder.join(PATIENCE)
    process.join(PATIENCE)
    assert process.exitcode == 0
    on_server.add([ReceivedEvent("u", "after")])
    assert [one.item_id for one in on_server.read_user("u").events] == ["before", "child", "after"]


def test_a_server_that_does_not_answer_is_given_up(on_server: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "WAIT_SECONDS", 0.2)
    on_server.close()
    with driver(on_server) as other, other.transaction():
        other.execute("LOCK TABLE recsys_state IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(EventStoreError, match="cannot be read: canceling statement due to"):
            on_server.read_user("u")
    assert on_server.read_user("u").seq == 0


def test_a_database_of_another_encoding_is_refused(postgresql_server: Server) -> None:
    url = postgresql_server.new_database("LATIN1")
    with pytest.raises(EventStoreError, match="its encoding is LATIN1, which cannot hold every id; use UTF8"):
        EventStore.open(url)


def waiting(store: EventStore) -> bool:
    """Whether a writer stands in line."""
    with driver(store) as other:
        found = other.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    return found == (1,)


def test_numbers_rise_in_the_order_of_commits(on_server: EventStore) -> None:
    adding = threading.Thread(target=lambda: on_server.add([ReceivedEvent("quick", "i")]))
    with driver(on_server) as slow:
        with slow.transaction():
            slow.execute("SELECT pg_advisory_xact_lock(%s)", (WRITERS,))
            slow.execute(INSERT)
            adding.start()
            until = time.monotonic() + PATIENCE
            while not waiting(on_server):
                assert time.monotonic() < until
            mark = on_server.watermark().through
        adding.join(PATIENCE)
    assert mark == 0
    assert [one.user_id for chunk in on_server.since(mark) for one in chunk] == ["slow", "quick"]


def test_control_without_the_lock_an_event_is_missed(on_server: EventStore) -> None:
    with driver(on_server) as slow:
        with slow.transaction():
            slow.execute(INSERT)
            on_server.add([ReceivedEvent("quick", "i")])
            mark = on_server.watermark().through
        assert mark == 2
        assert [one.user_id for chunk in on_server.since(mark) for one in chunk] == []
        assert len(on_server.read_user("slow").events) == 1


def test_a_server_has_no_header(on_server: EventStore) -> None:
    assert on_server.header() is None
