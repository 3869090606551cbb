"""Event store: the events and attributes of users, what was shown to them, the deleted users, and the hidden items."""

from __future__ import annotations

import mmap
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from recsys.errors import EventStoreError
from recsys.events import records
from recsys.events.activity import IMPRESSION, Event, EventRules, Undone, UserEvents
from recsys.events.database import Database, Execute, Row
from recsys.events.impressions import KEEP_DAYS, Impressions, ShownList
from recsys.events.item_changes import ItemChanges
from recsys.events.records import EVER, Added, ReceivedEvent, StoredEvent, Watermark
from recsys.events.tables import MOST_EVENTS, PERSONAL, SCHEMA, STATE, UPGRADES, Statements, counts, tables
from recsys.events.user_changes import UserChanges

CHUNK = 10_000
SECONDS_PER_DAY = 86_400


class EventStore:
    """Events, deletions and hidden items in a database that has the tables; shared by threads, usable after a fork.

    `clock` returns seconds since 1970, for events without a time. Impressions, events of the type ``impression``, are kept
    apart in `impressions`, for `keep_days`; no method that returns or counts events has them.

    Raises
    ------
    EventStoreError
        When the database cannot be read or was made by another release. Every method raises it when the database fails.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, keep_days: float = KEEP_DAYS
    ) -> None:
        self._database, self._clock = database, clock
        self._sql = Statements(database.engine.dialect.name)
        self._hidden: tuple[int, frozenset[str]] = (-1, frozenset())
        self.items = ItemChanges(database, self._sql)
        self.impressions = Impressions(database, self._sql, clock, keep_days)
        self.users = UserChanges(database, self._sql)
        database.prepare(*vars(self._sql).values())
        (schema, self.store_id), *_ = database.rows(self._sql.state, {}) or [(None, "")]
        if schema in UPGRADES:
            schema = self._upgraded(schema)
        if schema != SCHEMA:
            database.close()
            raise EventStoreError(f"event store {database.name}: schema {schema}, this release reads {SCHEMA}")

    @classmethod
    def open(cls, where: str, clock: Callable[[], float] = time.time, keep_days: float = KEEP_DAYS) -> EventStore:
        """Return the store in a SQLite file or a database; create it if there is none."""
        database = Database(where)
        if not database.has_table(STATE.name):
            begin = Statements(database.engine.dialect.name).begin
            database.create([*tables(), begin], {"store_id": str(uuid.uuid4())})
        return cls(database, clock, keep_days)

    @classmethod
    def existing(cls, where: str) -> EventStore | None:
        """Return the store in a SQLite file or a database, None if there is none."""
        database = Database(where)
        if database.has_table(STATE.name):
            return cls(database)
        database.close()
        return None

    def _upgraded(self, schema: int) -> int:
        """Bring the tables of an older release to this one's; return their schema. Of several processes one does it."""
        while schema in UPGRADES:
            with self._database.writing() as execute:
                if execute(self._sql.upgrade, {"old": schema}):
                    for statement in UPGRADES[schema]:
                        execute(statement)
                    if schema == 2:
                        self._separate_impressions(execute)
            schema += 1
        return schema

    def _separate_impressions(self, execute: Execute) -> None:
        """Make impressions of the events of that type, which earlier releases took for other events."""
        rows = execute.rows(self._sql.called_impressions, {})
        shown = [ShownList(user, (item,), *rest).row() | {"event_key": key} for key, user, item, *rest in rows]
        if shown:
            execute(self._sql.add_impressions, shown)
            execute(self._sql.drop_called)

    @property
    def name(self) -> str:
        """Name of the database for messages, without a password."""
        return self._database.name

    def header(self) -> mmap.mmap | None:
        """Return bytes that every commit of any process changes, see :meth:`Database.header`; None for a server."""
        return self._database.header()

    def __enter__(self) -> EventStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the next call opens one."""
        self._database.close()

    def add(self, events: Sequence[ReceivedEvent]) -> Added:
        """Store all of these events or none; they are durable when this returns."""
        if not events:
            return Added(0, 0)
        now = int(self._clock())
        rows = [
            {
                "event_key": None if event.event_id is None else records.event_key(event.event_id),
                "user_id": event.user_id,
                "item_id": event.item_id,
                "event": event.event,
                "value": event.value,
                "timestamp": now if event.timestamp is None else event.timestamp,
                "recommendation_id": event.recommendation_id,
                "event_id": event.event_id,
            }
            for event in events
            if event.event != IMPRESSION
        ]
        with self._database.writing() as execute:
            accepted = execute(self._sql.add, rows) if rows else 0
            accepted += self.impressions.add(execute, [event for event in events if event.event == IMPRESSION])
        return Added(accepted, len(events) - accepted)

    def read_user(self, user_id: str, through: int = 0, forgotten_through: int = 0, up_to: int = EVER) -> UserEvents:
        """Return the changes after a model was trained, of a user and of the hidden items.

        Parameters
        ----------
        through, forgotten_through : int
            Watermark of the model; 0: trained without this store.
        up_to : int
            `seq` of an earlier result: events that came after it are `later`.

        Returns
        -------
        UserEvents
            With at most 20,000 events, the last ones, in the order of training: by time, then by arrival.
        """
        marks = {"through": through, "forgotten_through": forgotten_through}
        parameters = {"user": _storable(user_id), "hash": records.user_hash(user_id), **marks}
        rows = self._database.rows(self._sql.user, parameters)
        if not rows:
            raise EventStoreError("the event store cannot be read: its state is gone")
        revision, deleted, last = rows[0][:3]
        hidden = self._hidden[1] if self._hidden[0] == revision else self.hidden()
        forgotten = deleted is not None and deleted > forgotten_through
        if last is None:
            return UserEvents(forgotten=forgotten, hidden=hidden)
        since = [row for row in rows if row[2] > through]
        earlier = [row for row in since if row[2] <= up_to]
        later = _by_time(row for row in since if row[2] > up_to) if last > up_to else ()
        undone = self._undone(user_id, rows[len(since) :], through) if len(since) < len(rows) else ()
        return UserEvents(_by_time(earlier), forgotten, later, hidden, earlier[0][2] if earlier else 0, undone)

    def _undone(self, user_id: str, rows: Sequence[Row], through: int) -> tuple[Undone, ...]:
        """Return undone events, rows of the query of a user, by item."""
        of_item: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            of_item[row[3]].append(row)
        return tuple(
            Undone(item_id, _by_time(some), self._left(user_id, item_id, through)) for item_id, some in of_item.items()
        )

    def _left(self, user_id: str, item_id: str, through: int) -> tuple[Event, ...]:
        left = self.pair_history(user_id, item_id, through, MOST_EVENTS)[::-1]
        return tuple(sorted(left, key=lambda event: event.timestamp or 0))

    def undo(self, event_id: str) -> bool:
        """Undo an event: from now on it never happened; return False if there is no such event. A second undo changes nothing.

        A later event with the same id does not count. An impression is undone as well.
        """
        if records.id_problem(event_id):
            return False
        key = {"event_key": records.event_key(event_id)}
        with self._database.writing() as execute:
            shown = execute(self._sql.undo_impression, key)
            if execute(self._sql.undo, key):
                execute(self._sql.count_forgotten)
                return True
        if shown:
            return True
        return bool(self._database.rows(self._sql.known, key))

    def forget(self, user_id: str) -> int:
        """Delete the events, impressions and attributes of a user and record the deletion; return the number of deleted events.

        Events that come later belong to a new user. A late retry of a deleted event is not stored again.
        """
        user = {"user": _storable(user_id)}
        with self._database.writing() as execute:
            deleted = execute(self._sql.blank, user) + execute(self._sql.drop, user)
            execute(self._sql.blank_impressions, user)
            execute(self._sql.drop_impressions, user)
            execute(self._sql.drop_attributes, user)
            execute(self._sql.count_forgotten)
            execute(self._sql.record_forgotten, {"hash": records.user_hash(user_id)})
        return deleted

    def merge(self, user_id: str, guest_id: str) -> int:
        """Make the events of a guest those of a user, as if they came now with their times; return their number.

        The impressions of the guest become the user's as well. The guest is forgotten as by :meth:`forget`. A late retry of a
        moved event does not count again. Nothing happens when both are the same. Raises QueryError when the id of the user
        cannot be stored.
        """
        records.check_id("user_id", user_id)
        if user_id == guest_id:
            return 0
        guest = {"user": _storable(guest_id)}
        with self._database.writing() as execute:
            names = ("event_key", *PERSONAL)
            rows = [dict(zip(names, row, strict=True)) for row in execute.rows(self._sql.movable, guest)]
            execute(self._sql.take, guest)
            execute(self._sql.blank, guest)
            execute(self._sql.drop, guest)
            execute(self._sql.drop_attributes, guest)
            if rows:
                execute(self._sql.add, [{**row, "user_id": user_id} for row in rows])
            execute(self._sql.move_impressions, {**guest, "to": user_id})
            execute(self._sql.count_forgotten)
            execute(self._sql.record_forgotten, {"hash": records.user_hash(guest_id)})
        return len(rows)

    def hide(self, item_id: str) -> None:
        """Leave an item out of every list from now on; raises QueryError if the id cannot be stored."""
        records.check_id("item_id", item_id)
        with self._database.writing() as execute:
            if execute(self._sql.hide, {"item": item_id}):
                execute(self._sql.revise)

    def unhide(self, item_id: str) -> None:
        """Allow a hidden item in lists again."""
        if records.id_problem(item_id):
            return
        with self._database.writing() as execute:
            if execute(self._sql.unhide, {"item": item_id}):
                execute(self._sql.revise)

    def hidden(self) -> frozenset[str]:
        """Return the ids of the items that are hidden now."""
        rows = self._database.rows(self._sql.hidden, {})
        self._hidden = (rows[0][0], frozenset(item_id for _, item_id in rows if item_id is not None))
        return self._hidden[1]

    def watermark(self) -> Watermark:
        """Return the last numbers of this store, for a training that reads it now."""
        return Watermark(*self._database.rows(self._sql.watermark, {})[0])

    def forgotten_hashes(self) -> frozenset[bytes]:
        """Return :func:`user_hash` of all deleted users."""
        return frozenset(digest for digest, _ in self.forgotten_since(0))

    def forgotten_since(self, through: int) -> list[tuple[bytes, int]]:
        """Return :func:`user_hash` and the deletion's number of the users whose last deletion came after `through`."""
        return [(row[0], row[1]) for row in self._database.rows(self._sql.forgotten, {"through": through})]

    def undone_since(self, through: int) -> list[tuple[str, int]]:
        """Return the user and the undo's number of the events that were undone after `through`."""
        return [(row[0], row[1]) for row in self._database.rows(self._sql.undone, {"through": through})]

    def since(self, through: int = 0, up_to: int = EVER, forgotten_through: int = EVER) -> Iterator[list[StoredEvent]]:
        """Yield the events with `through` < seq <= `up_to` in the order of arrival, in lists of at most 10,000.

        Events that were undone up to number `forgotten_through` are left out, so a training reads the events of its watermark.
        """
        marks = {"up_to": up_to, "forgotten_through": forgotten_through}
        while through < up_to:
            rows = self._database.rows(self._sql.since, {"through": through, "most": CHUNK, **marks})
            if not rows:
                return
            yield [_stored(row) for row in rows]
            through = rows[-1][0]

    def history(self, user_id: str, most: int = 1000) -> tuple[StoredEvent, ...]:
        """Return the last events of a user, the newest first."""
        if records.id_problem(user_id):
            return ()
        return tuple(_stored(row) for row in self._database.rows(self._sql.history, {"user": user_id, "most": most}))

    def events_of_items(self, revision: int, through: int) -> list[StoredEvent]:
        """Return the events after number `through` with items whose record was put after a revision, in their order."""
        parameters = {"revision": revision, "through": through}
        return [_stored(row) for row in self._database.rows(self._sql.events_of_items, parameters)]

    def latest(self, most: int = 100) -> tuple[StoredEvent, ...]:
        """Return the last events of all users, the newest first."""
        return tuple(_stored(row) for row in self._database.rows(self._sql.latest, {"most": most}))

    def pair_history(self, user_id: str, item_id: str, up_to: int = EVER, most: int = 100) -> tuple[Event, ...]:
        """Return the last events of a user with an item up to number `up_to`, the newest first."""
        if records.id_problem(user_id) or records.id_problem(item_id):
            return ()
        parameters = {"user": user_id, "item": item_id, "up_to": up_to, "most": most}
        return tuple(_stored(row).event for row in self._database.rows(self._sql.pair, parameters))

    def recent_counts(
        self, since: int, half_life_days: float, through: int = 0, rules: EventRules | None = None
    ) -> Mapping[str, float]:
        """Return the number of distinct users of each item, with less weight for events longer ago.

        Events before `since` (seconds since 1970), events up to number `through`, which the model has, and events without a
        weight in `rules` do not count. At an age of `half_life_days` the user's last event with the item counts half; 0: all
        count the same.
        """
        rows = self._database.rows(counts(rules or EventRules(), since, through), {})
        totals: dict[str, float] = defaultdict(float)
        now = self._clock()
        for item_id, timestamp, users in rows:
            age = max(0.0, now - timestamp) / SECONDS_PER_DAY
            totals[item_id] += users * (0.5 ** (age / half_life_days) if half_life_days > 0 else 1.0)
        return dict(totals)


def _storable(user_id: str) -> str:
    """Return the id, or an empty one, which no event has, if it cannot be stored."""
    return "" if records.id_problem(user_id) else user_id


def _by_time(rows: Iterable[Row]) -> tuple[Event, ...]:
    return tuple(Event(*row[3:]) for row in sorted(rows, key=lambda row: (row[6], row[2])))


def _stored(row: Row) -> StoredEvent:
    return StoredEvent(row[0], row[1], Event(*row[3:]), row[2])
