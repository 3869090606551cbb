from .activity import Event as Event
from .activity import EventRules as EventRules
from .activity import UserEvents as UserEvents
from .records import EventsInfo as EventsInfo
from .records import ReceivedEvent as ReceivedEvent
from .records import StoredEvent as StoredEvent
from .records import Watermark as Watermark
from .store import EventStore as EventStore
