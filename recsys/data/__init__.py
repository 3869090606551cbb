"""Items, attributes and interactions as arrays that can be memory-mapped."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
