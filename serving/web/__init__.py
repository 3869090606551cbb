"""The page: views of the model in a browser, which ask the same operations as any other client."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
