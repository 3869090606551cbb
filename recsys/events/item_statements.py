"""Statements of the changes of items."""

from __future__ import annotations

import importlib

import sqlalchemy as sa

from recsys.events.tables import ITEMS, SCHEMA, STATE, Id


class ItemStatements:
    """Every statement, with named parameters, for ``sqlite`` or ``postgresql``.

    Revisions are counted together with those of the hidden items, so that a worker looks at one number.
    """

    def __init__(self, dialect: str) -> None:
        insert = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert
        item, kind, record = (sa.bindparam(name, type_=Id) for name in ("item", "kind", "record"))
        new = insert(ITEMS).from_select(
            ["item_id", "kind", "record", "revision"],
            sa.select(item, kind, record, STATE.c.hidden_revision).where(STATE.c.schema == SCHEMA),
        )
        columns = ("kind", "record", "revision")
        self.store = new.on_conflict_do_update(
            index_elements=["item_id"], set_={name: new.excluded[name] for name in columns}
        )
        self.revise = sa.update(STATE).values(hidden_revision=STATE.c.hidden_revision + 1)
        self.revision = sa.select(STATE.c.hidden_revision)
        self.one = sa.select(ITEMS).where(ITEMS.c.item_id == item)
        after = sa.bindparam("revision", type_=sa.BigInteger)
        self.since = sa.select(ITEMS).where(ITEMS.c.revision > after).order_by(ITEMS.c.item_id)
