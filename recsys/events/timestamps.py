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
    value = number(text)
    return _from_iso(text) if value is None else seconds_of(value)


def seconds_of(value: float) -> int | None:
    """Return seconds since 1970 UTC from seconds or milliseconds, None if that is not between 1970 and 2100."""
    return _plausible(value // 1000 if value >= MILLISECONDS_FROM else value)


def _from_iso(text: str) -> int | None:
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return _plausible(parsed.timestamp())


def _plausible(value: float) -> int | None:
    return int(value) if 0 <= value < LATEST else None
