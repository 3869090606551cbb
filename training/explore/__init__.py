"""Groups of items and users with names, the item map, and directions of the vector space."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
