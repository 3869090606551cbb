"""Events to put into a store, and what is asked of it."""

from __future__ import annotations

import sqlalchemy as sa

from recsys.events.activity import Event
from recsys.events.database import Database
from recsys.events.records import ReceivedEvent, StoredEvent, event_key, user_hash
from recsys.events.store import EventStore

NOW = 1_700_000_000
OLD_STORE_ID = "11111111-2222-3333-4444-555555555555"
OLD_FORGOTTEN = user_hash("gone")
SCHEMA_1 = """
CREATE TABLE recsys_state (schema INTEGER NOT NULL PRIMARY KEY, store_id TEXT NOT NULL, forgotten_seq BIGINT NOT NULL,
    hidden_revision BIGINT NOT NULL);
CREATE TABLE recsys_events (seq {number}, event_key {bytes} UNIQUE, user_id {id}, item_id {id}, event TEXT, value {double},
    timestamp BIGINT, recommendation_id TEXT);
CREATE TABLE recsys_forgotten (user_hash {bytes} NOT NULL PRIMARY KEY, seq BIGINT NOT NULL);
CREATE TABLE recsys_hidden (item_id {id} NOT NULL PRIMARY KEY);
CREATE INDEX recsys_events_of_user ON recsys_events (user_id, seq)
"""
TYPES = {
    "sqlite": {"number": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB", "id": "TEXT", "double": "DOUBLE"},
    "postgresql": {
        "number": "BIGSERIAL PRIMARY KEY",
        "bytes": "BYTEA",
        "id": 'TEXT COLLATE "C"',
        "double": "DOUBLE PRECISION",
    },
}


def event(user: str = "u", item: str = "i", event_id: str | None = None, **rest: object) -> ReceivedEvent:
    return ReceivedEvent(user, item, event_id=event_id, **rest)  # type: ignore[arg-type]


def items(events: tuple[Event, ...]) -> list[str]:
    return [one.item_id for one in events]


def everything(store: EventStore, through: int = 0) -> list[StoredEvent]:
    return [one for chunk in store.since(through) for one in chunk]


def write_old_store(where: str) -> None:
    """Make a store of schema 1 with events `a` (id "old") and `b` of the user `u`, a hidden item and a deleted user."""
    database = Database(where)
    statements = SCHEMA_1.format(**TYPES[database.engine.dialect.name]).split(";")
    state = f"INSERT INTO recsys_state VALUES (1, '{OLD_STORE_ID}', 7, 1)"
    hidden = "INSERT INTO recsys_hidden VALUES ('h')"
    forgotten = sa.text("INSERT INTO recsys_forgotten VALUES (:hash, 7)")
    added = sa.text(
        "INSERT INTO recsys_events (event_key, user_id, item_id, event, timestamp) VALUES (:key, 'u', :item, '', 1700000000)"
    )
    database.create([sa.text(one) for one in (*statements, state, hidden)], {})
    with database.writing() as execute:
        execute(forgotten, {"hash": OLD_FORGOTTEN})
        execute(added, {"key": event_key("old"), "item": "a"})
        execute(added, {"key": None, "item": "b"})
    database.close()
