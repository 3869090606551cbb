"""Logs: one JSON object a line on standard error, in ASCII, so that nothing that a client sends can begin a line.

Messages of exceptions that are not ours are left out, because they may quote ids, bodies or the parameters of a query: their
type and the places in the code tell what failed.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

from recsys.errors import BundleError, ConfigError, StoreError

STDERR = 2
LONGEST = 4096  # bytes that a pipe takes in one piece, so that lines of several workers do not mix
FRAMES = 12
UNFIT = "a record cannot be shown"
SAY_WHY = (BundleError, StoreError, ConfigError)
ONE_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, and what else there is."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = getattr(record, "request_id", "")
        if request_id:
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = describe_error(record.exc_info[1])
        return _short(line)


class StandardError(logging.Handler):
    """Writes each line in one piece; a line that cannot be written is dropped, the service goes on."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            write(self.format(record).encode("ascii") + b"\n")
        except Exception:  # its arguments do not fit its text
            lost = {"time": _iso(record.created), "level": "error", "logger": record.name, "message": UNFIT}
            write(json.dumps(lost).encode() + b"\n")


def config(level: str = "INFO") -> dict[str, Any]:
    """For `logging.config.dictConfig` and for Granian's ``log_dictconfig``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "serving.telemetry.logs.JsonFormatter"}},
        "handlers": {"stderr": {"()": "serving.telemetry.logs.StandardError", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            name: {"handlers": [], "level": level, "propagate": True} for name in ("_granian", "granian.access")
        },
    }


def configure(level: str = "INFO") -> None:
    """Let all of this process log this way: warnings and exceptions that nobody catches as well."""
    logging.config.dictConfig(config(level))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def write(line: bytes) -> None:
    """Write to standard error, past all buffers."""
    with suppress(OSError):
        os.write(STDERR, line)


def access(line: dict[str, Any]) -> None:
    """Write the line of a request, whose values no client chose."""
    write(orjson.dumps({"time": datetime.now(UTC), "level": "info", "message": "request", **line}, option=ONE_LINE))


def describe_error(error: BaseException) -> str:
    """An exception and what caused it: types and places, innermost first, and the text of those that quote nobody."""
    parts = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        parts.append(f"{_what(one)} at {_where(one.__traceback__)}")
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "; caused by ".join(parts)


def _what(error: BaseException) -> str:
    name = type(error).__qualname__
    if isinstance(error, SAY_WHY):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    return name


def _where(traceback: TracebackType | None) -> str:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return " < ".join(places[: -FRAMES - 1 : -1]) or "nowhere"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _short(line: dict[str, Any]) -> str:
    """As JSON in ASCII, its longest text cut where it would not fit."""
    text = json.dumps(line)
    while len(text) >= LONGEST:
        longest = max((name for name in line if isinstance(line[name], str)), key=lambda name: len(line[name]))
        line[longest] = line[longest][: len(line[longest]) // 2] + "..."
        text = json.dumps(line)
    return text.replace("\x7f", "\\u007f")


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger("python").critical("uncaught exception", exc_info=(kind, error, traceback))


def _uncaught_in_thread(hooked: threading.ExceptHookArgs) -> None:
    if hooked.exc_value is not None:
        logging.getLogger("python").critical("uncaught exception in a thread", exc_info=hooked.exc_value)


def _unraisable(hooked: sys.UnraisableHookArgs) -> None:
    if hooked.exc_value is not None:
        logging.getLogger("python").error("exception that could not be raised", exc_info=hooked.exc_value)
