"""Events after a model was trained, and the rules by which they become weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.errors import DataError, did_you_mean


@dataclass(frozen=True)
class Event:
    """Interaction of a user with an item."""

    item_id: str
    event: str = ""  # its type, which has a weight in [events]; empty: weight 1
    value: float | None = None  # a rating if the data has a threshold, otherwise a count; None: not given
    timestamp: int | None = None  # seconds since 1970, UTC; None: the time of arrival


@dataclass(frozen=True)
class EventRules:
    """Rules by which events become weights, the same in training and in serving.

    With a threshold, values are ratings: the last rating of an item counts, an item with a lower rating was seen but not liked,
    and an event without a rating is a liked one. Without a threshold, values are counts.
    """

    weights: Mapping[str, float] = field(default_factory=dict)  # of each event type; empty: every event weighs 1
    threshold: float | None = None

    def weight(self, event: str) -> float:
        """Return the weight of an event type; raises DataError for an unknown type."""
        if not self.weights or not event:
            return 1.0
        if event not in self.weights:
            names = ", ".join(sorted(self.weights))
            raise DataError(f"event type {event!r} has no weight in [events]; known are {names}")
        return self.weights[event]

    def problem(self, event: str, value: float | None) -> str:
        """Return why training would reject an event of this type and value; empty when it would not."""
        if self.weights and event and event not in self.weights:
            known = did_you_mean(event, self.weights)
            return f"event is {event[:100]!r}, a type that has no weight in the model{known}"
        if self.threshold is None and value is not None and value < 0:
            return f"value is {value:g}; this model counts, and a count is not negative"
        return ""

    def aggregated(self, events: Sequence[Event]) -> Mapping[str, float]:
        """Return the weight of each item: above 0 if liked, 0 if only seen. The events are in the order of time.

        Events of weight 0 and of unknown types do not count.
        """
        totals: dict[str, float] = {}
        for event in events:
            weight = self.weights.get(event.event, 0.0) if self.weights and event.event else 1.0
            if weight == 0:
                continue
            if self.threshold is None:
                value = 1.0 if event.value is None else event.value
                if value > 0:
                    totals[event.item_id] = totals.get(event.item_id, 0.0) + weight * value
            else:
                liked = event.value is None or event.value >= self.threshold
                totals[event.item_id] = weight if liked else 0.0
        return totals


@dataclass(frozen=True)
class UserEvents:
    """Changes since a model was trained: the events of a user, and the hidden items.

    Of a list with pages, `later` are the events after its first page; the other pages keep the old order, without their items.
    """

    events: tuple[Event, ...] = ()  # after the model's data, by time and then by arrival
    forgotten: bool = False  # deleted after the model's data was read: the model's history must not be used
    later: tuple[Event, ...] = ()
    hidden: frozenset[str] = frozenset()  # ids of the items that no list may show
    seq: int = 0  # the largest number among `events`, 0 without any: a later read up to it returns the same events
    degraded: bool = False  # the store is unreadable: no recent events, and `hidden` is from the last successful read


NO_EVENTS = UserEvents()
