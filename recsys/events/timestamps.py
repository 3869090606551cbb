"""Numbers and moments from strings, strictly: whatever is not plainly one is None."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MILLISECONDS_FROM = 1e11
LATEST = 4_102_444_800  # 2100 in seconds: a sentinel such as 9999999999 must not decay everything else


def number(text: str) -> float | None:
    """A finite number in plain or scientific notation; ``1_0``, ``nan`` and other digits than 0-9 are none."""
    if not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def seconds(text: str) -> int | None:
    """Seconds since 1970 UTC from seconds, milliseconds (from 1e11 on) or ISO 8601 (UTC where no zone is given)."""
    value = number(text)
    return _from_iso(text) if value is None else seconds_of(value)


def seconds_of(value: float) -> int | None:
    """Seconds since 1970 UTC from seconds or milliseconds, None where that is not between 1970 and 2100."""
    return _plausible(value // 1000 if value >= MILLISECONDS_FROM else value)


def _from_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _plausible(moment.timestamp())


def _plausible(since: float) -> int | None:
    return int(since) if 0 <= since < LATEST else None
