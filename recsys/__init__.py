"""A recommendation engine: what a model is and how it answers."""

__version__ = "0.1.0"
