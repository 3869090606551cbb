from .event_view import Knowledge as Knowledge
from .event_view import Known as Known
from .reload import Reloader as Reloader
from .serving_model import Serving as Serving
from .serving_model import ServingModel as ServingModel
