"""Core of the recommendation engine: the model and its answers."""

__version__ = "0.1.0"
