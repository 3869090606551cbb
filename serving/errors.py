"""The errors of the service, beside those of the core."""

from __future__ import annotations

from recsys.errors import RecsysError


class NotReadyError(RecsysError):
    """No model answers yet."""


class ConflictError(RecsysError):
    """The request conflicts with the current state of the service."""


class BodyError(RecsysError):
    """The body of a request is JSON, but not of the right shape."""
