"""The errors of the service, beside those of the core."""

from __future__ import annotations

from recsys.errors import (
    RecsysError,
)


class NotReadyError(RecsysError):
    """No model answers yet."""


class ConflictError(RecsysError):
    """The request does not go with the present state of the service."""


class BodyError(RecsysError):
    """The body of a request is JSON, but not of the right shape."""
