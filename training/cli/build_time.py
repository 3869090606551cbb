"""The time that goes into the name of a version."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from recsys.errors import ConfigError


def now() -> datetime:
    """The current time, or that of the environment variable SOURCE_DATE_EPOCH, for reproducible bundles."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return datetime.now(UTC)
    if not (fixed.isascii() and fixed.isdigit()):
        raise ConfigError(f"SOURCE_DATE_EPOCH is {fixed!r}; it must be whole seconds since 1970")
    try:
        return datetime.fromtimestamp(int(fixed), UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"SOURCE_DATE_EPOCH is {fixed!r}, which is beyond the year 9999") from error
