"""Impressions: what was shown to users, apart from their events. They count in no training, history or popularity.

A row has the items of a list from a position on; an impression that is received alone is a list of one item.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recsys.events.activity import EventRules
from recsys.events.database import Database, Execute
from recsys.events.records import EVER, ReceivedEvent, event_key, id_problem, user_hash
from recsys.events.tables import Statements
from recsys.score_order import displayed

KEEP_DAYS = 90.0
HALF_LIFE_DAYS = 7.0  # after which an impression counts half
HALF_LIVES = 8  # after which an impression does not count any more
MOST_ROWS = 1000  # of a user that count, the last ones
MOST_SHOWN = 10_000  # impressions of a user that count, the last ones
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class ShownList:
    """Items that were shown to a user, of a list from `position` (1: the first; None: unknown) on."""

    user_id: str
    item_ids: tuple[str, ...]
    timestamp: int  # seconds since 1970, UTC
    recommendation_id: str | None = None
    position: int | None = None
    event_id: str | None = None  # a second impression with the same id does not count

    def row(self) -> dict[str, Any]:
        """Return the values of the columns."""
        return {
            "event_key": None if self.event_id is None else event_key(self.event_id),
            "user_id": self.user_id,
            "item_ids": json.dumps(self.item_ids),
            "position": self.position,
            "timestamp": self.timestamp,
            "recommendation_id": self.recommendation_id,
        }


@dataclass(frozen=True)
class Shown:
    """Impressions of a user without a reaction.

    Parameters
    ----------
    exposure : mapping
        ``{item_id: n}``: the number of impressions, each halved for every HALF_LIFE_DAYS of its age.
    through : int
        The largest number of a row that was read: a later read up to it, for the same time, returns the same.
    """

    exposure: Mapping[str, float]
    through: int


class Impressions:
    """The impressions in the database of an event store; raises EventStoreError when it fails.

    A row is deleted when it is older than `keep_days`: each write looks at twice as many of the oldest rows as it adds.
    """

    def __init__(self, database: Database, sql: Statements, clock: Callable[[], float], keep_days: float) -> None:
        self._database, self._sql, self._clock = database, sql, clock
        self._keep_seconds = int(keep_days * SECONDS_PER_DAY)

    def add(self, execute: Execute, events: Sequence[ReceivedEvent]) -> int:
        """Store received impressions in a transaction; return how many are new."""
        now = int(self._clock())
        return self._add(execute, [_received(event, now) for event in events]) if events else 0

    def log(self, lists: Sequence[ShownList], forgotten_through: int) -> tuple[list[ShownList], int]:
        """Store served lists, except those of users who were deleted after `forgotten_through`, the number of a deletion.

        Returns the stored lists and the number of the last deletion or undo.
        """
        with self._database.writing() as execute:
            gone = {row[0] for row in execute.rows(self._sql.forgotten, {"through": forgotten_through})}
            kept = [shown for shown in lists if not gone or user_hash(shown.user_id) not in gone]
            if kept:
                self._add(execute, kept)
            ((_, _, forgotten, _),) = execute.rows(self._sql.watermark, {})
        return kept, forgotten

    def unanswered(
        self, user_id: str, rules: EventRules, at: int, up_to: int = EVER, events_up_to: int = EVER
    ) -> Shown:
        """Return what was shown to a user without a later event of the user with the item, as of the time `at`.

        An event of a weight below 0 in `rules` is no reaction. Impressions count up to number `up_to`, and events up to number
        `events_up_to`; of a user at most the last 10,000 impressions, not more than 56 days old.
        """
        if id_problem(user_id):
            return Shown({}, 0)
        since = at - int(HALF_LIVES * HALF_LIFE_DAYS * SECONDS_PER_DAY)
        marks = {"user": user_id, "up_to": up_to, "since": since, "most": MOST_ROWS}
        rows = self._database.rows(self._sql.shown, marks)
        if not rows:
            return Shown({}, 0)
        last = self._reactions(user_id, rules, events_up_to)
        exposure: dict[str, float] = {}
        n_shown = 0
        for _, items, timestamp in rows:
            weight = 0.5 ** (max(0, at - timestamp) / (HALF_LIFE_DAYS * SECONDS_PER_DAY))
            for item_id in json.loads(items)[: MOST_SHOWN - n_shown]:
                n_shown += 1
                if last.get(item_id, -1) < timestamp:
                    exposure[item_id] = exposure.get(item_id, 0.0) + weight
        return Shown({item_id: displayed(n) for item_id, n in exposure.items()}, rows[0][0])

    def of_user(self, user_id: str) -> list[ShownList]:
        """Return the last rows of a user, the newest first."""
        rows = self._database.rows(self._sql.shown_lists, {"user": user_id, "most": MOST_ROWS})
        return [ShownList(user, tuple(json.loads(items)), *rest) for user, items, *rest in rows]

    def _reactions(self, user_id: str, rules: EventRules, up_to: int) -> dict[str, int]:
        """Return the time of the last event of a user with each item, of the types that are reactions."""
        last: dict[str, int] = {}
        for item_id, event, timestamp in self._database.rows(self._sql.reactions, {"user": user_id, "up_to": up_to}):
            if rules.weights.get(event, 0.0) >= 0:
                last[item_id] = max(timestamp, last.get(item_id, timestamp))
        return last

    def _add(self, execute: Execute, lists: Sequence[ShownList]) -> int:
        added = execute(self._sql.add_impressions, [shown.row() for shown in lists])
        oldest = int(self._clock()) - self._keep_seconds
        execute(self._sql.trim_impressions, {"most": 2 * len(lists), "since": oldest})
        return added


def _received(event: ReceivedEvent, now: int) -> ShownList:
    """Return a received impression; nothing was shown after `now`."""
    when = now if event.timestamp is None else min(event.timestamp, now)
    return ShownList(event.user_id, (event.item_id,), when, event.recommendation_id, event.position, event.event_id)
