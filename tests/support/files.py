"""Small files of interactions and items, and the configuration that reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from recsys.config import Config
from recsys.data.interactions import Interactions
from training.read import Chunk, Source, read_chunks
from training.read.accounting import Accounting

HEADER = ("user_id", "item_id", "value", "event", "timestamp")
IDS = [
    *("00123", "123", "0", "-0", "NA", "null", "None", "nan", "NaN", "inf", "true", "1e5", "1.0", "1_000", "+7"),
    *(
        "12345678901234567890",
        "9007199254740993",
        " lead",
        "trail ",
        "in side",
        "\ttab",
        "🎬🍿",
        "caf\u00e9",
        "cafe\u0301",
    ),
    *(
        'say "hi"',
        "a,b",
        "a|b",
        "a::b",
        "it's",
        "#no comment",
        "=1+1",
        "\u200b",
        "\u00a0",
        "ﬁ",
        "日本",
        "a\\b",
        "\x00\x01",
    ),
]

Pairs = dict[tuple[str, str], tuple[float, int]]


def config(interactions: Path | str, items: Path | str = "", **sections: dict[str, Any]) -> Config:
    """A configuration without a rejects file, a text cache, an event store and a map; `sections` change it."""
    data = {"interactions": str(interactions), "items": str(items), "rejects": ""} | sections.pop("data", {})
    content = {"encoder": "none", "cache": ""} | sections.pop("content", {})
    store = {"events": ""} | sections.pop("store", {})
    explore = {"enabled": False} | sections.pop("explore", {})
    return Config.model_validate({"data": data, "content": content, "store": store, "explore": explore, **sections})


def text(path: Path, *lines: str) -> Path:
    """A UTF-8 file of these lines."""
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def table(
    path: Path,
    rows: Iterable[Sequence[object]],
    header: Sequence[str] = HEADER,
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL,
    delimiter: str = ",",
) -> Path:
    """A CSV file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=quoting, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(stream.getvalue().encode())
    return path


def source(required: Sequence[str] = ("user_id", "item_id"), **changes: Any) -> Source:
    """A source named interactions with an accounting of its own."""
    return Source("interactions", required, changes.pop("accounting", None) or Accounting(), **changes)


def read(path: Path, of: Source | None = None) -> list[Chunk]:
    """All chunks of one file."""
    return list(read_chunks([path], of or source()))


def rows(path: Path, of: Source | None = None) -> list[tuple[str, ...]]:
    """All rows of one file, in the order of its columns."""
    return [row for chunk in read(path, of) for row in zip(*map(chunk.texts, chunk.columns), strict=True)]


def pairs_of(found: Interactions) -> Pairs:
    """(weight, time) by (user_id, item_id)."""
    times = [0] * len(found) if found.timestamps is None else found.timestamps.tolist()
    columns = zip(found.user_nums, found.item_nums, found.weights.tolist(), times, strict=True)
    return {(found.users.id(user), found.items.id(item)): (weight, time) for user, item, weight, time in columns}
