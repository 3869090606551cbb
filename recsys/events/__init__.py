"""What users did since the last training: records, the event store, and a user's recent activity.

:class:`recsys.events.store.EventStore` is imported from its module, because it loads SQLAlchemy.
"""

from recsys.events.activity import Activity, Event, EventRules
from recsys.events.records import EventsInfo, ReceivedEvent, StoredEvent, Watermark

__all__ = ["Activity", "Event", "EventRules", "EventsInfo", "ReceivedEvent", "StoredEvent", "Watermark"]
