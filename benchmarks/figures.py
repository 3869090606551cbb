"""Measurements of a server, as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load import Load, Outcome, run
from benchmarks.served import Served

WARM_UP_SECONDS = 2.0
CONNECTIONS = 16
ANSWERED = {200, 202}

Requests = Sequence[bytes]


@dataclass(frozen=True)
class Effort:
    """Duration of a measurement: `rounds` rounds with `seconds` for each case."""

    rounds: int
    seconds: float


@dataclass(frozen=True)
class Turn:
    """One measurement: answers a second, microseconds of processor time of the server for an answer, median latency."""

    rate: float
    cpu_us: float
    p50_ms: float


def measure(server: Served, requests: Requests, seconds: float, connections: int = CONNECTIONS) -> Turn:
    """Measure a closed loop; raises SystemExit when a request fails."""
    before = server.cpu_seconds()
    found = sound(named(requests), run(Load(server.address, requests, connections, seconds)))
    spent = server.cpu_seconds() - before
    return Turn(found.rate, 1e6 * spent / len(found.latencies), found.ms(50))


def sound(kind: str, found: Outcome) -> Outcome:
    """Return an outcome in which all requests succeeded; raises SystemExit otherwise."""
    if found.failed or not found.statuses or not ANSWERED.issuperset(found.statuses):
        raise SystemExit(f"{kind}: not every request was answered: {found}")
    return found


def named(requests: Requests) -> str:
    return requests[0].split(b"\r\n", 1)[0].decode()


def compared(title: str, server: Served, kinds: Mapping[str, Requests], effort: Effort) -> str:
    """Compare kinds of requests with the first kind, alternating; return a Markdown section of medians, minima and maxima."""
    turns: dict[str, list[Turn]] = {kind: [] for kind in kinds}
    for requests in kinds.values():
        measure(server, requests, WARM_UP_SECONDS)
    for _ in range(effort.rounds):
        for kind, requests in kinds.items():
            turns[kind].append(measure(server, requests, effort.seconds))
    base = next(iter(kinds))
    rows = []
    for kind, found in turns.items():
        pairs = list(zip(found, turns[base], strict=True))
        rows.append(
            [
                kind,
                f"{statistics.median(turn.rate for turn in found):,.0f}",
                spread([turn.rate / first.rate for turn, first in pairs]),
                f"{statistics.median(turn.cpu_us for turn in found):,.0f}",
                spread([turn.cpu_us / first.cpu_us for turn, first in pairs]),
            ]
        )
    return table(title, ["", "requests/s", f"of {base}", "CPU µs of the server", f"of {base}"], rows)


def spread(ratios: Sequence[float]) -> str:
    """Return median, minimum and maximum as text."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown section with a table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([f"## {title}\n", lines[0], "|---" * len(head) + "|", *lines[1:], ""])
