"""Tables and statements of the event store, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    null,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import ClauseElement, ColumnElement

from recsys.events.activity import EventRules

SCHEMA = 1
MOST_EVENTS = 20_000  # of a user; more since the last training is not the activity of a person

Id = Text().with_variant(Text(collation="C"), "postgresql")  # compared by bytes, as SQLite does
Number = BigInteger().with_variant(Integer(), "sqlite")

METADATA = MetaData()

STATE = Table(  # one row
    "recsys_state",
    METADATA,
    Column("schema", Integer, primary_key=True, autoincrement=False),
    Column("store_id", Text, nullable=False),
    Column("forgotten_seq", BigInteger, nullable=False),
    Column("hidden_revision", BigInteger, nullable=False),
)

EVENTS = Table(
    "recsys_events",
    METADATA,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("event_key", LargeBinary, unique=True),
    Column("user_id", Id),  # NULL: the user was deleted; the key stays, so that a late retry is recognized
    Column("item_id", Id),
    Column("event", Text),
    Column("value", Double),
    Column("timestamp", BigInteger),
    Column("recommendation_id", Text),
    Index("recsys_events_of_user", "user_id", "seq"),
    sqlite_autoincrement=True,  # a number is never used twice, not even after a deletion
)

FORGOTTEN = Table(
    "recsys_forgotten",
    METADATA,
    Column("user_hash", LargeBinary, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

HIDDEN = Table("recsys_hidden", METADATA, Column("item_id", Id, primary_key=True), sqlite_with_rowid=False)

_E = EVENTS.c
PERSONAL = ("user_id", "item_id", "event", "value", "timestamp", "recommendation_id")


@dataclass(frozen=True, eq=False)
class Statements:
    """Every statement of the store; parameters are named."""

    begin: ClauseElement
    state: ClauseElement
    user: ClauseElement
    add: ClauseElement
    blank: ClauseElement
    drop: ClauseElement
    count_forgotten: ClauseElement
    record_forgotten: ClauseElement
    forgotten: ClauseElement
    hide: ClauseElement
    unhide: ClauseElement
    revise: ClauseElement
    hidden: ClauseElement
    watermark: ClauseElement
    since: ClauseElement
    history: ClauseElement


def statements(dialect: str) -> Statements:
    """Return the statements for ``sqlite`` or ``postgresql``, which differ in INSERT ... ON CONFLICT only."""
    insert = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert  # a dialect is slow to import
    row = {name: bindparam(name, type_=_E[name].type) for name in ("event_key", *PERSONAL)}
    next_forgotten = select(bindparam("hash", type_=LargeBinary), STATE.c.forgotten_seq).where(STATE.c.schema == SCHEMA)
    forgotten = insert(FORGOTTEN).from_select(["user_hash", "seq"], next_forgotten)
    return Statements(
        begin=insert(STATE)
        .values(schema=SCHEMA, store_id=bindparam("store_id"), forgotten_seq=0, hidden_revision=0)
        .on_conflict_do_nothing(),
        state=select(STATE.c.schema, STATE.c.store_id),
        user=_user(),
        add=insert(EVENTS).inline().values(row).on_conflict_do_nothing(index_elements=["event_key"]),
        blank=update(EVENTS)
        .where(_E.user_id == bindparam("user"), _E.event_key.is_not(None))
        .values(dict.fromkeys(PERSONAL, null())),
        drop=delete(EVENTS).where(_E.user_id == bindparam("user")),
        count_forgotten=update(STATE).values(forgotten_seq=STATE.c.forgotten_seq + 1),
        record_forgotten=forgotten.on_conflict_do_update(
            index_elements=["user_hash"], set_={"seq": forgotten.excluded.seq}
        ),
        forgotten=select(FORGOTTEN.c.user_hash, FORGOTTEN.c.seq).where(
            FORGOTTEN.c.seq > bindparam("through", type_=BigInteger)
        ),
        hide=insert(HIDDEN).values(item_id=bindparam("item", type_=Id)).on_conflict_do_nothing(),
        unhide=delete(HIDDEN).where(HIDDEN.c.item_id == bindparam("item")),
        revise=update(STATE).values(hidden_revision=STATE.c.hidden_revision + 1),
        hidden=select(STATE.c.hidden_revision, HIDDEN.c.item_id).select_from(STATE.outerjoin(HIDDEN, true())),
        watermark=select(
            STATE.c.store_id, select(func.coalesce(func.max(_E.seq), 0)).scalar_subquery(), STATE.c.forgotten_seq
        ),
        since=select(_E.seq, _E.user_id, _E.item_id, _E.event, _E.value, _E.timestamp)
        .where(_E.seq > bindparam("through", type_=BigInteger), _E.seq <= bindparam("up_to", type_=BigInteger))
        .where(_E.user_id.is_not(None))
        .order_by(_E.seq)
        .limit(bindparam("most", type_=BigInteger)),
        history=select(_E.seq, _E.user_id, _E.item_id, _E.event, _E.value, _E.timestamp)
        .where(_E.user_id == bindparam("user"))
        .order_by(_E.seq.desc())
        .limit(bindparam("most", type_=BigInteger)),
    )


def tables() -> list[ClauseElement]:
    """Return the statements that create the missing tables and indexes."""
    created: list[ClauseElement] = [CreateTable(table, if_not_exists=True) for table in METADATA.sorted_tables]
    indexes = (index for table in METADATA.sorted_tables for index in table.indexes)
    return created + [CreateIndex(index, if_not_exists=True) for index in indexes]


def _user() -> ClauseElement:
    """Select the revision of the hidden items, the user's last deletion, and the user's events, in one snapshot."""
    of_user = and_(_E.user_id == bindparam("user"), _E.seq > bindparam("through", type_=BigInteger))
    deletion = FORGOTTEN.c.user_hash == bindparam("hash")
    return (
        select(STATE.c.hidden_revision, FORGOTTEN.c.seq, _E.seq, _E.item_id, _E.event, _E.value, _E.timestamp)
        .select_from(STATE.outerjoin(FORGOTTEN, deletion).outerjoin(EVENTS, of_user))
        .order_by(_E.seq.desc())
        .suffix_with(text(f"LIMIT {MOST_EVENTS}"))  # limit() binds two parameters, a microsecond in every request
    )


def counts(rules: EventRules, since: int, through: int) -> ClauseElement:
    """Select the number of users of each item by the time of their last event with it, which a decayed count needs."""
    last = (
        select(_E.item_id, func.max(_E.timestamp).label("at"))
        .where(_E.seq > through, _E.timestamp >= since)
        .where(_E.user_id.is_not(None), *_liked(rules))
        .group_by(_E.item_id, _E.user_id)
        .subquery()
    )
    return select(last.c.item_id, last.c.at, func.count()).group_by(last.c.item_id, last.c.at)


def _liked(rules: EventRules) -> list[ColumnElement[bool]]:
    """Return the conditions for a weight above 0 by :meth:`EventRules.aggregated`."""
    enough = _E.value > 0 if rules.threshold is None else _E.value >= rules.threshold
    types = ["", *(name for name, weight in rules.weights.items() if weight > 0)]
    return [or_(_E.value.is_(None), enough), *([_E.event.in_(types)] if rules.weights else [])]
