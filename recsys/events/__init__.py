"""What users did since the last training: records, the event store, and a user's recent activity."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
