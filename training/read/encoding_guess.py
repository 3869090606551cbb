"""A guess at the encoding of a text that is not UTF-8."""

from __future__ import annotations

import re
from collections.abc import Callable

SAMPLE = 1 << 16  # bytes
HIGH_RUN = re.compile(rb"[\x80-\xff]+")
KANA = re.compile(rb"[\x82\x83][\x40-\xf1]")  # of Shift JIS
LONG_RUN = 2.5  # bytes, on average
FEW = 0.5  # bytes that are not UTF-8, per character that is
LIKELY = 0.6  # share of the characters beyond ASCII


def guess(data: bytes) -> str:
    """Return the likely encoding, empty when the text is mostly UTF-8 or of no encoding that is known here.

    Western texts have single letters beyond ASCII. Other scripts have runs of them, and the right encoding is the one that
    makes most of them the common characters of one script.
    """
    if len(data) > SAMPLE:
        data = data[:SAMPLE].rpartition(b"\n")[0]
    runs = HIGH_RUN.findall(data)
    text = data.decode("utf-8", "replace")
    n_utf8 = sum(char > "\x7f" and char != "\ufffd" for char in text)
    if not runs or b"\0" in data or text.count("\ufffd") <= FEW * n_utf8:
        return ""
    scores = {name: _score(data, name, is_common) for name, is_common in SCRIPTS.items()}
    best = max(scores, key=scores.__getitem__)
    is_western = sum(map(len, runs)) < LONG_RUN * len(runs) and not (best == "shift_jis" and KANA.search(data))
    return "cp1252" if is_western or scores[best] < LIKELY else best


def _score(data: bytes, encoding: str, is_common: Callable[[str], bool]) -> float:
    """Return the share of common characters among those beyond ASCII, 0 when the text is not of the encoding."""
    try:
        chars = [char for char in data.decode(encoding) if char > "\x7f"]
    except UnicodeDecodeError:
        return 0.0
    return sum(map(is_common, chars)) / max(1, len(chars))


def _is_of_two_bytes(char: str, encoding: str, first: int, last: int) -> bool:
    """Return whether the lead byte of a character is that of the common ones of a character set."""
    try:
        return first <= char.encode(encoding)[0] <= last
    except UnicodeEncodeError:
        return False


def _is_kana(char: str) -> bool:
    return "\u3000" <= char <= "\u30ff"


def _is_cyrillic(char: str) -> bool:
    return (
        "\u0430" <= char <= "\u044f" or char == "\u0451"
    )  # small letters: the capitals are those of the other encoding


# of equal scores the first wins
SCRIPTS: dict[str, Callable[[str], bool]] = {
    "cp1251": _is_cyrillic,
    "koi8-r": _is_cyrillic,
    "shift_jis": lambda char: _is_kana(char) or _is_of_two_bytes(char, "shift_jis", 0x88, 0x97),
    "euc_kr": lambda char: "\uac00" <= char <= "\ud7a3",
    "gb18030": lambda char: _is_of_two_bytes(char, "gb2312", 0xB0, 0xD7),
    "big5": lambda char: _is_of_two_bytes(char, "big5", 0xA4, 0xC6),
}
