"""Groups, item map, directions, suggested tags and outliers, as JSON and pictures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
