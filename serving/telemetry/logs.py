"""Logs: one JSON object a line on standard error, in ASCII, so that nothing that a client sends can begin a line.

Messages of exceptions of other libraries are left out, because they may quote ids, bodies or the parameters of a query: their
type and the places in the code say what failed.
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
from traceback import walk_tb
from types import TracebackType
from typing import Any

import orjson

from recsys.errors import BundleError, ConfigError, StoreError

LEVEL = "RECSYS_LOG_LEVEL"  # variable of the environment: the least level that is logged
STDERR = 2
LONGEST = 4096  # bytes that a pipe takes in one piece, so that lines of several workers do not mix
FRAMES = 12
WITH_MESSAGE = (BundleError, StoreError, ConfigError)
ONE_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


class StandardError(logging.Handler):
    """Writes each record in one piece; a line that cannot be written is dropped, the service goes on."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a JSON object: time, level, logger, message, and the id of the request and the exception, if any."""
        line = _line(record, record.levelname.lower(), record.getMessage())
        if request_id := getattr(record, "request_id", ""):
            line["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = describe_error(record.exc_info[1])
        return _fit(line)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:  # its arguments do not fit its text
            text = _fit(_line(record, "error", "a record cannot be shown"))
        write(text.encode("ascii") + b"\n")


def config() -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig` and for Granian's ``log_dictconfig``."""
    level = os.environ.get(LEVEL, "INFO")
    propagated = {"handlers": [], "level": level, "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stderr": {"()": "serving.telemetry.logs.StandardError"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {"_granian": propagated, "granian.access": propagated},
    }


def configure() -> None:
    """Let this process log this way, warnings and uncaught exceptions included."""
    logging.config.dictConfig(config())
    logging.captureWarnings(True)
    critical, error = logging.CRITICAL, logging.ERROR
    sys.excepthook = lambda _, raised, __: _log(critical, "uncaught exception", raised)
    threading.excepthook = lambda args: _log(critical, "uncaught exception in a thread", args.exc_value)
    sys.unraisablehook = lambda args: _log(error, "exception that could not be raised", args.exc_value)


def _log(level: int, message: str, error: BaseException | None) -> None:
    if error is not None:
        logging.getLogger("python").log(level, message, exc_info=error)


def write(line: bytes) -> None:
    """Write to standard error, past all buffers."""
    with suppress(OSError):
        os.write(STDERR, line)


def access(line: dict[str, Any]) -> None:
    """Write the line of a request, whose values no client chose."""
    write(orjson.dumps({"time": datetime.now(UTC), "level": "info", "message": "request", **line}, option=ONE_LINE))


def describe_error(error: BaseException) -> str:
    """Return types and places of an exception and its causes, innermost first, with the messages that quote no data."""
    parts = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        parts.append(f"{_name(cause)} at {_places(cause.__traceback__)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "; caused by ".join(parts)


def _name(error: BaseException) -> str:
    message = error.strerror if isinstance(error, OSError) else str(error) if isinstance(error, WITH_MESSAGE) else ""
    return f"{type(error).__qualname__}: {message}" if message else type(error).__qualname__


def _places(traceback: TracebackType | None) -> str:
    places = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in walk_tb(traceback)]
    return " < ".join(places[: -FRAMES - 1 : -1]) or "nowhere"


def _line(record: logging.LogRecord, level: str, message: str) -> dict[str, str]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"time": time, "level": level, "logger": record.name, "message": message}


def _fit(line: dict[str, str]) -> str:
    """Return JSON in ASCII, its longest text cut where it would not fit."""
    text = json.dumps(line)
    while len(text) >= LONGEST:
        longest = max(line, key=lambda name: len(line[name]))
        line[longest] = line[longest][: len(line[longest]) // 2] + "..."
        text = json.dumps(line)
    return text.replace("\x7f", "\\u007f")
