from .base import StrictObject as StrictObject
