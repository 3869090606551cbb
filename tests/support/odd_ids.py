"""Ids that careless code changes, merges or loses."""

from __future__ import annotations

ODD_IDS = (
    "00123",
    "123",
    "123.0",
    "NA",
    "null",
    "None",
    "nan",
    "1e5",
    "100000.0",
    "98765432109876543210",
    " ",
    " a",
    "a ",
    "a",
    "A",
    'say "hi"',
    "a,b",
    "a\tb",
    "line\nbreak",
    "carriage\rreturn",
    "both\r\n",
    "semi;colon|pipe",
    "back\\slash",
    "=1+1",
    "\u00e9",  # é in one code point (NFC) ...
    "e\u0301",  # ... and in two (NFD)
    "\U0001f9d1\u200d\U0001f52c",  # an emoji of three code points
    "\u65e5\u672c\u8a9e",
    "\ufeffmark",
    "\u2028separator",
    "null\0byte",
    "x" * 5000,
)
