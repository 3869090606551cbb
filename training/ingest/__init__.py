"""Files and stored events to interactions and a catalog, with every row accounted for."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
