"""Strict parsing of numbers and timestamps from strings; anything else is None."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MILLISECONDS_FROM = 1e11
LATEST = 4_102_444_800  # 2100 in seconds: a sentinel such as 9999999999 must not decay everything else


def number(text: str) -> float | None:
    """Return a finite number in plain or scientific notation, None for ``1_0``, ``nan`` and digits other than 0-9."""
    if not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def seconds(text: str) -> int | None:
    """Return seconds since 1970 UTC from seconds, milliseconds (from 1e11 on) or ISO 8601 (UTC if it has no zone)."""
    if (value := number(text)) is not None:
        return seconds_of(value)
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return _in_range((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def seconds_of(value: float) -> int | None:
    """Return seconds since 1970 UTC from seconds or milliseconds, None if that is not between 1970 and 2100."""
    return _in_range(value // 1000 if value >= MILLISECONDS_FROM else value)


def _in_range(timestamp: float) -> int | None:
    return int(timestamp) if 0 <= timestamp < LATEST else None
