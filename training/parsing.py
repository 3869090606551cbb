"""Attributes from strings."""

from __future__ import annotations

import re

CANONICAL = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?", re.ASCII)


def attribute(text: str) -> str | int | float:
    """A number where the text is the usual spelling of one (not ``007``), else the text."""
    if not CANONICAL.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
