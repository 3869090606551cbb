"""The model of a worker and the events of its users, both following their stores."""

from serving.live.event_view import Knowledge, Known
from serving.live.reload import Reloader
from serving.live.serving_model import Serving, ServingModel

__all__ = ["Knowledge", "Known", "Reloader", "Serving", "ServingModel"]
