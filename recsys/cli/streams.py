"""Standard streams of a command: closed ones are filled, and output that cannot be written is an error of its own."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from recsys.errors import RecsysError

STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))


class OutputError(RecsysError):
    """Standard output is closed, its disk is full, or its reader is gone."""


class _Output(TextIOWrapper):
    """Standard output that raises OutputError."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise _failed(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise _failed(error) from error


def prepare() -> None:
    """Open the standard streams that the caller closed, and let standard output raise OutputError.

    Otherwise the next file would get the number of a closed stream, and what libraries print would be written into it.
    A closed standard output is opened for reading, so that writing to it fails.
    """
    for name, flags in STREAMS:
        if getattr(sys, name) is None:  # the new file gets the lowest free number, which is the stream's
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))
    out = sys.stdout
    if type(out) is TextIOWrapper:
        encoding, errors, by_line, at_once = out.encoding, out.errors, out.line_buffering, out.write_through
        sys.stdout = _Output(out.detach(), encoding, errors, None, by_line, at_once)


def abandon() -> None:
    """Drop what could not be written, which the interpreter would try again at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, OutputError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _failed(error: OSError) -> OutputError:
    return OutputError(f"standard output cannot be written: {error.strerror}")
