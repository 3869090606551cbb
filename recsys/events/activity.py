"""Events after a model was trained, and the rules by which they become weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsys.errors import DataError, did_you_mean


@dataclass(frozen=True)
class Event:
    """An interaction of a user with an item.

    Parameters
    ----------
    item_id : str
    event : str
        Type of the event, which has a weight in ``[events]``; empty: weight 1.
    value : float or None
        A rating if the data has a threshold, otherwise a count; None: not given.
    timestamp : int or None
        Seconds since 1970, UTC; None: the time of arrival.
    """

    item_id: str
    event: str = ""
    value: float | None = None
    timestamp: int | None = None


@dataclass(frozen=True)
class EventRules:
    """Rules by which events become weights, the same in training and in serving.

    Parameters
    ----------
    weights : mapping
        Weight of each event type; empty: every event weighs 1.
    threshold : float or None
        Set: values are ratings; the last rating of an item counts; an item rated below was seen but not liked, and an event
        without a rating is a liked one. Unset: values are counts.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None

    def weight(self, event: str) -> float:
        """Return the weight of an event type; raises DataError for an unknown type."""
        if not self.weights or not event:
            return 1.0
        if event not in self.weights:
            raise DataError(
                f"event type {event!r} has no weight in [events]; known are {', '.join(sorted(self.weights))}"
            )
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
    """What the event store knows of a user and a model does not, and what nobody may see.

    Parameters
    ----------
    events : tuple of Event
        After the model's data, by time and then by arrival.
    forgotten : bool
        The user was deleted after the model's data was read: the model's history of the user must not be used.
    later : tuple of Event
        Those after the first page of a list: its other pages keep the old order, without the items of these events.
    hidden : frozenset of str
        Ids of the items that no list may show.
    seq : int
        Largest number among `events`, 0 without any: a later read up to it returns the same ones.
    degraded : bool
        The store could not be read: recent events are missing, and `hidden` is that of the last successful read.
    """

    events: tuple[Event, ...] = ()
    forgotten: bool = False
    later: tuple[Event, ...] = ()
    hidden: frozenset[str] = frozenset()
    seq: int = 0
    degraded: bool = False


NO_EVENTS = UserEvents()
