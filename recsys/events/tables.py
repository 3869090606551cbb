"""Tables and statements of the event store, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import ClauseElement

from recsys.events.activity import IMPRESSION, EventRules

SCHEMA = 3
MOST_EVENTS = 20_000  # of a user; more since the last training is not the activity of a person

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # compared by bytes, as SQLite does
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

METADATA = sa.MetaData()

STATE = sa.Table(  # one row
    "recsys_state",
    METADATA,
    sa.Column("schema", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("forgotten_seq", sa.BigInteger, nullable=False),
    sa.Column("hidden_revision", sa.BigInteger, nullable=False),
)

EVENTS = sa.Table(
    "recsys_events",
    METADATA,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("event_key", sa.LargeBinary, unique=True),
    sa.Column("user_id", Id),  # NULL: the user was deleted; the key stays, so that a late retry is recognized
    sa.Column("item_id", Id),
    sa.Column("event", sa.Text),
    sa.Column("value", sa.Double),
    sa.Column("timestamp", sa.BigInteger),
    sa.Column("recommendation_id", sa.Text),
    sa.Column("event_id", sa.Text),  # that of the event_key; NULL: none, deleted with its user, or stored by schema 1
    sa.Column(
        "undone", sa.BigInteger
    ),  # number of the undo, counted with deletions; the row stays for trainings under way
    sa.Index("recsys_events_of_user", "user_id", "seq"),
    sqlite_autoincrement=True,  # a number is never used twice, not even after a deletion
)

_IS_UNDONE = EVENTS.c.undone.is_not(None)
UNDONE = (
    sa.Index("recsys_events_undone", EVENTS.c.undone, sqlite_where=_IS_UNDONE, postgresql_where=_IS_UNDONE),
    sa.Index(
        "recsys_events_undone_of_user",
        EVENTS.c.user_id,
        EVENTS.c.undone,
        sqlite_where=_IS_UNDONE,
        postgresql_where=_IS_UNDONE,
    ),
)

FORGOTTEN = sa.Table(
    "recsys_forgotten",
    METADATA,
    sa.Column("user_hash", sa.LargeBinary, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

HIDDEN = sa.Table("recsys_hidden", METADATA, sa.Column("item_id", Id, primary_key=True), sqlite_with_rowid=False)

ITEMS = sa.Table(  # changes of the catalog
    "recsys_items",
    METADATA,
    sa.Column("item_id", Id, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

ITEM_VECTORS = sa.Table(  # of the texts of items that came after a training
    "recsys_item_vectors",
    METADATA,
    sa.Column("item_id", Id, primary_key=True),
    sa.Column("encoder", sa.Text, nullable=False),  # its fingerprint
    sa.Column("text_key", sa.LargeBinary, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)

IMPRESSIONS = sa.Table(
    "recsys_impressions",
    METADATA,
    sa.Column("seq", Number, primary_key=True, autoincrement=True),
    sa.Column("event_key", sa.LargeBinary, unique=True),  # as in EVENTS; NULL: of a list that the service has logged
    sa.Column("user_id", Id),  # NULL: undone, or the user was deleted; the key stays
    sa.Column("item_ids", sa.Text),  # JSON list of ids, in the order of the list
    sa.Column("position", sa.Integer),  # of the first of them, from 1; NULL: unknown
    sa.Column("timestamp", sa.BigInteger),  # not after the arrival
    sa.Column("recommendation_id", sa.Text),
    sa.Index("recsys_impressions_of_user", "user_id", "seq"),
    sqlite_autoincrement=True,
)

USERS = sa.Table(  # attributes of users
    "recsys_users",
    METADATA,
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, index=True),  # counted with deletions
    sqlite_with_rowid=False,
)

_E = EVENTS.c
_I = IMPRESSIONS.c
CALLED = ("user_id", "item_id", "timestamp", "recommendation_id")  # of an event that earlier releases took for another
PERSONAL = ("user_id", "item_id", "event", "value", "timestamp", "recommendation_id", "event_id")

NEW_IN_3 = (ITEM_VECTORS, IMPRESSIONS, USERS)

# Statements that bring the tables of an older schema to the next.
UPGRADES: Mapping[int, tuple[ClauseElement, ...]] = {
    1: (
        sa.text("ALTER TABLE recsys_events ADD COLUMN event_id TEXT"),
        sa.text("ALTER TABLE recsys_events ADD COLUMN undone BIGINT"),
        *(CreateIndex(index) for index in UNDONE),
        CreateTable(ITEMS),
        *(CreateIndex(index) for index in ITEMS.indexes),
    ),
    2: (
        *(CreateTable(table, if_not_exists=True) for table in NEW_IN_3),
        *(CreateIndex(index, if_not_exists=True) for table in NEW_IN_3 for index in table.indexes),
    ),
}


class Statements:
    """Every statement of the store, with named parameters, for ``sqlite`` or ``postgresql``.

    The two differ in INSERT ... ON CONFLICT only.
    """

    def __init__(self, dialect: str) -> None:
        insert = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert  # a dialect is slow to import
        row = {name: sa.bindparam(name, type_=_E[name].type) for name in ("event_key", *PERSONAL)}
        numbers = ("through", "up_to", "most", "forgotten_through")
        through, up_to, most, forgotten_through = (sa.bindparam(name, type_=sa.BigInteger) for name in numbers)
        user = sa.bindparam("user", type_=Id)
        digest = sa.bindparam("hash", type_=sa.LargeBinary)
        forgotten = insert(FORGOTTEN).from_select(
            ["user_hash", "seq"], sa.select(digest, STATE.c.forgotten_seq).where(STATE.c.schema == SCHEMA)
        )
        first_state = {"schema": SCHEMA, "store_id": sa.bindparam("store_id"), "forgotten_seq": 0, "hidden_revision": 0}
        stored = sa.select(_E.seq, _E.user_id, _E.event_id, _E.item_id, _E.event, _E.value, _E.timestamp)
        counts = _E.user_id.is_not(None), _E.undone.is_(None)
        key = sa.bindparam("event_key", type_=_E.event_key.type)
        last_seq = sa.select(sa.func.coalesce(sa.func.max(_E.seq), 0)).scalar_subquery()

        self.begin = insert(STATE).values(first_state).on_conflict_do_nothing()
        self.state = sa.select(STATE.c.schema, STATE.c.store_id)
        self.user = _user()
        self.add = insert(EVENTS).inline().values(row).on_conflict_do_nothing(index_elements=["event_key"])
        self.blank = sa.update(EVENTS).where(_E.user_id == user, _E.event_key.is_not(None))
        self.blank = self.blank.values(dict.fromkeys(PERSONAL, sa.null()))
        self.drop = sa.delete(EVENTS).where(_E.user_id == user)
        moved = _E.user_id == user, _E.undone.is_(None)
        self.movable = sa.select(_E.event_key, *(_E[name] for name in PERSONAL)).where(*moved).order_by(_E.seq)
        self.take = sa.delete(EVENTS).where(*moved)
        self.count_forgotten = sa.update(STATE).values(forgotten_seq=STATE.c.forgotten_seq + 1)
        self.record_forgotten = forgotten.on_conflict_do_update(
            index_elements=["user_hash"], set_={"seq": forgotten.excluded.seq}
        )
        self.forgotten = sa.select(FORGOTTEN.c.user_hash, FORGOTTEN.c.seq).where(FORGOTTEN.c.seq > through)
        self.hide = insert(HIDDEN).values(item_id=sa.bindparam("item", type_=Id)).on_conflict_do_nothing()
        self.unhide = sa.delete(HIDDEN).where(HIDDEN.c.item_id == sa.bindparam("item"))
        self.revise = sa.update(STATE).values(hidden_revision=STATE.c.hidden_revision + 1)
        self.revision = sa.select(STATE.c.hidden_revision)
        self._add_items(insert, stored)
        self.hidden = sa.select(STATE.c.hidden_revision, HIDDEN.c.item_id).select_from(
            STATE.outerjoin(HIDDEN, sa.true())
        )
        self.watermark = sa.select(STATE.c.store_id, last_seq, STATE.c.forgotten_seq, STATE.c.hidden_revision)
        self.since = stored.where(_E.seq > through, _E.seq <= up_to, _E.user_id.is_not(None))
        self.since = self.since.where(sa.or_(_E.undone.is_(None), _E.undone > forgotten_through))
        self.since = self.since.order_by(_E.seq).limit(most)
        self.undo = sa.update(EVENTS).where(_E.event_key == key, *counts)
        self.undo = self.undo.values(undone=sa.select(STATE.c.forgotten_seq + 1).scalar_subquery())
        self.known = sa.select(_E.seq).where(_E.event_key == key)
        self.undone = sa.select(_E.user_id, _E.undone).where(_E.undone > through, _E.user_id.is_not(None))
        self.upgrade = sa.update(STATE).where(STATE.c.schema == sa.bindparam("old")).values(schema=STATE.c.schema + 1)
        self.history = stored.where(_E.user_id == user, _E.undone.is_(None)).order_by(_E.seq.desc()).limit(most)
        self.latest = stored.where(*counts).order_by(_E.seq.desc()).limit(most)
        self.pair = self.history.where(_E.item_id == sa.bindparam("item", type_=Id), _E.seq <= up_to)
        self._add_impressions(insert)
        self._add_users(insert)

    def _add_impressions(self, insert: Any) -> None:
        user = sa.bindparam("user", type_=Id)
        up_to, most, since = (sa.bindparam(name, type_=sa.BigInteger) for name in ("up_to", "most", "since"))
        row = {column.name: sa.bindparam(column.name, type_=column.type) for column in _I if column.name != "seq"}
        blank = sa.update(IMPRESSIONS).values(dict.fromkeys(("user_id", "item_ids", "recommendation_id"), sa.null()))
        of_user, oldest = _I.user_id == user, sa.select(_I.seq).order_by(_I.seq).limit(most)

        self.add_impressions = insert(IMPRESSIONS).inline().values(row)
        self.add_impressions = self.add_impressions.on_conflict_do_nothing(index_elements=["event_key"])
        self.trim_impressions = sa.delete(IMPRESSIONS).where(_I.seq.in_(oldest), _I.timestamp < since)
        self.undo_impression = blank.where(_I.event_key == sa.bindparam("event_key", type_=_I.event_key.type))
        self.blank_impressions = blank.where(of_user, _I.event_key.is_not(None))
        self.drop_impressions = sa.delete(IMPRESSIONS).where(of_user)
        self.move_impressions = sa.update(IMPRESSIONS).where(of_user).values(user_id=sa.bindparam("to", type_=Id))
        last = sa.select(_I.user_id, _I.item_ids, _I.timestamp, _I.recommendation_id, _I.position).where(of_user)
        self.shown_lists = last.order_by(_I.seq.desc()).limit(most)
        self.shown = sa.select(_I.seq, _I.item_ids, _I.timestamp)
        self.shown = (
            self.shown.where(of_user, _I.seq <= up_to, _I.timestamp > since).order_by(_I.seq.desc()).limit(most)
        )
        self.reactions = sa.select(_E.item_id, _E.event, sa.func.max(_E.timestamp)).group_by(_E.item_id, _E.event)
        self.reactions = self.reactions.where(_E.user_id == user, _E.undone.is_(None), _E.seq <= up_to)
        called = _E.event == IMPRESSION, _E.user_id.is_not(None), _E.undone.is_(None)
        self.called_impressions = (
            sa.select(*(_E[name] for name in ("event_key", *CALLED))).where(*called).order_by(_E.seq)
        )
        self.drop_called = sa.delete(EVENTS).where(*called)

    def _add_items(self, insert: Any, stored: Any) -> None:
        item, kind, record = (sa.bindparam(name, type_=Id) for name in ("item", "kind", "record"))
        changed = insert(ITEMS).from_select(
            ["item_id", "kind", "record", "revision"],
            sa.select(item, kind, record, STATE.c.hidden_revision).where(STATE.c.schema == SCHEMA),
        )
        self.change_item = changed.on_conflict_do_update(
            index_elements=["item_id"], set_={name: changed.excluded[name] for name in ("kind", "record", "revision")}
        )
        self.item = sa.select(ITEMS).where(ITEMS.c.item_id == item)
        later = ITEMS.c.revision > sa.bindparam("revision", type_=sa.BigInteger)
        self.changed_items = sa.select(ITEMS).where(later).order_by(ITEMS.c.item_id)
        names = ("encoder", "text_key", "vector")
        given = [sa.bindparam(name, type_=ITEM_VECTORS.c[name].type) for name in names]
        vector = insert(ITEM_VECTORS).from_select(
            ["item_id", *names, "revision"],
            sa.select(item, *given, STATE.c.hidden_revision).where(STATE.c.schema == SCHEMA),
        )
        self.set_vector = vector.on_conflict_do_update(
            index_elements=["item_id"], set_={name: vector.excluded[name] for name in (*names, "revision")}
        )
        self.vectors = sa.select(ITEM_VECTORS).where(
            ITEM_VECTORS.c.revision > sa.bindparam("revision", type_=sa.BigInteger)
        )
        put = sa.select(ITEMS.c.item_id).where(later, ITEMS.c.kind == "put")
        through = sa.bindparam("through", type_=sa.BigInteger)
        counts = _E.user_id.is_not(None), _E.undone.is_(None)
        self.events_of_items = stored.where(_E.seq > through, *counts, _E.item_id.in_(put)).order_by(_E.seq)

    def _add_users(self, insert: Any) -> None:
        user, kind, record = (sa.bindparam(name, type_=Id) for name in ("user", "kind", "record"))
        self.attributes = sa.select(USERS).where(USERS.c.user_id == user)
        attributed = insert(USERS).from_select(
            ["user_id", "kind", "record", "revision"],
            sa.select(user, kind, record, STATE.c.forgotten_seq).where(STATE.c.schema == SCHEMA),
        )
        self.set_attributes = attributed.on_conflict_do_update(
            index_elements=["user_id"],
            set_={name: attributed.excluded[name] for name in ("kind", "record", "revision")},
        )
        later_user = USERS.c.revision > sa.bindparam("revision", type_=sa.BigInteger)
        self.attributes_since = sa.select(USERS).where(later_user).order_by(USERS.c.user_id)
        self.attributed_since = sa.select(USERS.c.user_id, USERS.c.revision).where(later_user)
        self.drop_attributes = sa.delete(USERS).where(USERS.c.user_id == user)


def tables() -> list[ClauseElement]:
    """Return the statements that create the missing tables and indexes."""
    created = METADATA.sorted_tables
    indexes = [CreateIndex(index, if_not_exists=True) for table in created for index in table.indexes]
    return [*(CreateTable(table, if_not_exists=True) for table in created), *indexes]


def _user() -> ClauseElement:
    """Select the revision of the hidden items, the user's last deletion, the events since a training, and the events up to it
    that were undone since, in one snapshot.
    """
    through, forgotten_through = (sa.bindparam(name, type_=sa.BigInteger) for name in ("through", "forgotten_through"))
    since = sa.and_(_E.seq > through, _E.undone.is_(None))
    undone = sa.and_(_E.seq <= through, _E.undone > forgotten_through)
    of_user = sa.and_(_E.user_id == sa.bindparam("user"), sa.or_(since, undone))
    deletion = FORGOTTEN.c.user_hash == sa.bindparam("hash")
    return (
        sa.select(STATE.c.hidden_revision, FORGOTTEN.c.seq, _E.seq, _E.item_id, _E.event, _E.value, _E.timestamp)
        .select_from(STATE.outerjoin(FORGOTTEN, deletion).outerjoin(EVENTS, of_user))
        .order_by(_E.seq.desc())
        .suffix_with(sa.text(f"LIMIT {MOST_EVENTS}"))  # limit() binds two parameters, a microsecond in every request
    )


def counts(rules: EventRules, since: int, through: int) -> ClauseElement:
    """Select the number of users of each item by the time of their last event with it, which a decayed count needs."""
    enough = _E.value > 0 if rules.threshold is None else _E.value >= rules.threshold
    liked = [sa.or_(_E.value.is_(None), enough)]  # a weight above 0 by EventRules.aggregated
    if rules.weights:
        liked.append(_E.event.in_(["", *(name for name, weight in rules.weights.items() if weight > 0)]))
    times = sa.select(_E.item_id, sa.func.max(_E.timestamp).label("at")).group_by(_E.item_id, _E.user_id)
    counted = _E.seq > through, _E.timestamp >= since, _E.user_id.is_not(None), _E.undone.is_(None)
    last = times.where(*counted, *liked).subquery()
    return sa.select(last.c.item_id, last.c.at, sa.func.count()).group_by(last.c.item_id, last.c.at)
