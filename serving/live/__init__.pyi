from .event_view import EventView as EventView
from .reload import Reloader as Reloader
from .serving_model import Serving as Serving
from .serving_model import ServingModel as ServingModel
