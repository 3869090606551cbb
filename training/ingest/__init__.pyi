from .dataset import Dataset as Dataset
from .dataset import Ratings as Ratings
from .stored_events import StoredEvents as StoredEvents
