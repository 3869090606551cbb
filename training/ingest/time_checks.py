"""Whether the times of a column are plausible together."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
HOUR, YEAR = 3600, 31_536_000
GAP = 10 * YEAR  # between a few times and all others, which makes them doubtful
FEW, FEWEST = 0.01, 20  # share of the rows, and the rows without which nothing is doubtful
DAY = 86_400
SPREADSHEET = 32_874, 60_000  # days since 1899-12-30, from 1990 to 2064


def bounded(name: str, times: Times) -> tuple[Times, tuple[str, ...]]:
    """Return the times of rows, (n,), with a few that are far from all others moved to the nearest of these, and what is odd.

    A single event of the year 2096 would take all weight under a half-life.
    """
    known = times[times >= 0]
    if len(known) < FEWEST:
        return times, ()
    if known.max() < YEAR:
        span = f"{known.min()} to {known.max()} seconds"
        note = f"all values of {name} are of the first year, 1970 ({span}): they count as an order and no dates"
        if SPREADSHEET[0] <= known.min() and known.max() <= SPREADSHEET[1]:
            note += "; if they are days of a spreadsheet, where 45000 is 2023-03-15, export them as dates"
        return times, (note,)
    low, high = _bounds(known)
    notes = []
    for what, few, bound in (("after", times > high, high), ("before", (times >= 0) & (times < low), low)):
        if n := np.count_nonzero(few):
            moment = times[few].max() if what == "after" else times[few].min()
            rows, counts = (
                (f"{n} row of {len(times)} has", "counts") if n == 1 else (f"{n} rows of {len(times)} have", "count")
            )
            notes.append(
                f"{rows} a {name} that is years {what} all others, such as {_day(moment)}, and {counts} as of {_day(bound)}"
            )
    if high - low < HOUR:
        notes.append(
            f"all values of {name} are within {int(high - low) // 60 + 1} minutes of {_day(low)}; if that is when the file was "
            'written, set data.timestamp_column = ""'
        )
    return np.where(times >= 0, np.clip(times, low, high), times), tuple(notes)


def _bounds(times: Times) -> tuple[np.int64, np.int64]:
    """Return the first and the last time of those that are not far from all others."""
    n_few = max(1, int(FEW * len(times)))
    last = np.sort(np.partition(times, len(times) - 1 - n_few)[-1 - n_few :])
    late = np.flatnonzero(np.diff(last) >= GAP)
    high = last[late[0]] if len(late) else last[-1]
    dated = times[times >= DAY]  # the first day is the usual way to write no time
    first = np.sort(np.partition(dated, n_few)[: 1 + n_few]) if len(dated) > n_few else np.sort(dated)
    early = np.flatnonzero(np.diff(first) >= GAP)
    low = first[early[-1] + 1] if len(early) else first[0]
    return (low if low - times.min() >= GAP else times.min()), high


def _day(moment: np.int64) -> str:
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d}"
