"""Optional parts of a model: groups, item map, directions, tags, anomalies."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
