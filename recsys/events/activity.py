"""Events after a model was trained, and the rules by which they become weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recsys.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from recsys.events.user_values import UserChange

REFUSED = -0.499999  # -0.5, for sums in single precision: a pair of this weight or less is never shown again
IMPRESSION = "impression"  # type of the events that are kept apart and have no weight
ROUNDING = 1e-9  # share of a sum that may be an error of rounding


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

    With a threshold, values are ratings: the last event of an item counts, an item with a lower rating was seen but not liked,
    and an event without a rating is a liked one. Without a threshold, values are counts, and weights times counts add up.

    An item of a weight below 0 is not liked: its preference is 0, with the confidence that the same weight above 0 has. Up to
    REFUSED it is never shown again. Above, it was skipped, and may be shown unless an event of it has a weight above 0.
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
        """Return the weight of each item: above 0 if liked, 0 if only seen, below 0 if unwanted. The events are in the order of
        time.

        Events of weight 0 and of unknown types do not count.
        """
        totals: dict[str, float] = {}
        for item_id, weight in self._weighed(events):
            totals[item_id] = self.changed(totals.get(item_id, 0.0), weight)
        return totals

    def changed(self, total: float, weight: float) -> float:
        """Return the weight of a pair of weight `total` after an event of another weight."""
        if self.threshold is not None:
            return weight
        added = total + weight
        return added if abs(added) > ROUNDING * abs(weight) else 0.0

    def skipped(self, events: Sequence[Event]) -> frozenset[str]:
        """Return the items of which every event that counts has a weight below 0."""
        weighed = [*self._weighed(events)]
        return frozenset(item_id for item_id, _ in weighed) - {item_id for item_id, weight in weighed if weight >= 0}

    def _weighed(self, events: Sequence[Event]) -> Iterator[tuple[str, float]]:
        """Yield the item and the weight, with its value, of each event that counts; 0 for a rating under the threshold."""
        for event in events:
            weight = self.weights.get(event.event, 0.0) if self.weights and event.event else 1.0
            value = event.value
            if self.threshold is None:
                count = 1.0 if value is None else value
                if weight != 0 and count > 0:
                    yield event.item_id, weight * count
            elif weight != 0:
                is_low = value is not None and value < self.threshold
                yield event.item_id, 0.0 if is_low and weight > 0 else weight


@dataclass(frozen=True)
class Undone:
    """Events of a user with an item that a model was trained with and that were undone since, by time."""

    item_id: str
    events: tuple[Event, ...]
    left: tuple[Event, ...]  # the others that the model was trained with


@dataclass(frozen=True)
class UserEvents:
    """Changes since a model was trained: the events and attributes of a user, and the hidden items.

    Of a list with pages, `later` are the events after its first page; the other pages keep the old order, without their items.
    """

    events: tuple[Event, ...] = ()  # after the model's data, by time and then by arrival
    forgotten: bool = False  # deleted after the model's data was read: the model's history must not be used
    later: tuple[Event, ...] = ()
    hidden: frozenset[str] = frozenset()  # ids of the items that no list may show
    seq: int = 0  # the largest number among `events`, 0 without any: a later read up to it returns the same events
    undone: tuple[Undone, ...] = ()
    change: UserChange | None = None  # of the user's attributes; read where they count
    unavailable: frozenset[str] = frozenset()  # those of `hidden` that are not available now, or were deleted
    shown: Mapping[str, float] = field(default_factory=dict)  # exposure by item, see recsys.events.impressions.Shown
    degraded: bool = False  # the store is unreadable: no recent events, and `hidden` is from the last successful read


NO_EVENTS = UserEvents()
