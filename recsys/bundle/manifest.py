"""The header of a bundle: what is in it, how it was made, and the checksum of every file."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError

from recsys.errors import BundleError
from recsys.events.records import EventsInfo
from recsys.strict import Record

SCHEMA_VERSION: Literal[6] = 6
VERSION_PATTERN = r"\d{8}T\d{6}Z-[0-9a-f]{4}"
SHA256_PATTERN = r"^[0-9a-f]{64}$"


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", name) or any(part.startswith(".") for part in name.split("/")):
        raise ValueError(f"{name!r} is not a plain relative file name")
    return name


FileName = Annotated[str, AfterValidator(_plain_name)]
Sha256 = Annotated[str, Field(pattern=SHA256_PATTERN)]


class Counts(Record):
    users: PositiveInt
    items: PositiveInt
    interactions: PositiveInt


class Shape(Record):
    """Lengths of the two parts of a blended vector, the scale of the second one, and the history at which it counts twice."""

    factors: PositiveInt
    text_dim: NonNegativeInt
    content_scale: Annotated[float, Field(ge=0)]
    short_history: Annotated[float, Field(ge=0)]


class EncoderInfo(Record):
    """Which text encoder made the content part; `fingerprint` is a hash of its files, empty for none."""

    name: str
    fingerprint: str


class PictureInfo(Record):
    """The encoder of pictures and words, and the length of its vectors; `dim` is 0 for a model without pictures."""

    encoder: EncoderInfo = EncoderInfo(name="", fingerprint="")
    dim: NonNegativeInt = 0


class IndexInfo(Record):
    """How an index answers, and how its answers compare with the exact ones.

    `recall` is the mean share of the exact top `recall_at` that is served over `queries` sampled queries, after what was
    seen is left out; `forest_recall` that of the annoy forest, which is `recall` where annoy serves. `scan_rows` is how many
    rows the exact scan looks at on average for the same queries, `search_k` how many vectors the forest inspects.
    """

    metric: Literal["inner_product"]
    serves: Literal["annoy", "exact"]
    recall: Annotated[float, Field(ge=0, le=1)]
    recall_at: PositiveInt
    queries: NonNegativeInt
    n_trees: PositiveInt
    search_k: PositiveInt
    forest_recall: Annotated[float, Field(ge=0, le=1)]
    scan_rows: NonNegativeInt


class FileInfo(Record):
    size: NonNegativeInt
    sha256: Sha256


class Header(Record):
    """Everything of a manifest that is known before the files are written.

    `items_by_text` is None without text vectors, `items_by_picture` without pictures.
    """

    counts: Counts
    shape: Shape
    encoder: EncoderInfo
    items_for_user: IndexInfo
    items_like_item: IndexInfo
    items_by_text: IndexInfo | None
    items_by_picture: IndexInfo | None = None
    pictures: PictureInfo = PictureInfo()
    events: EventsInfo
    parameters: dict[str, Any]
    data_sha256: Sha256
    metrics: dict[str, float]


class Manifest(Header):
    """The header with the name, the time, the files and the extras of one published bundle.

    `extras` are names of :data:`recsys.bundle.parts.EXTRAS`.
    """

    schema_version: Literal[6]
    model_version: Annotated[str, Field(pattern=f"^{VERSION_PATTERN}$")]
    created_at: str
    files: dict[FileName, FileInfo]
    extras: list[str]

    def to_json(self) -> bytes:
        """Canonical bytes: keys sorted, one newline at the end."""
        return (json.dumps(self.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Raises BundleError when a key is missing, unknown or of a wrong type, or the schema is another one."""
        try:
            raw = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"manifest.json is not JSON: {error}") from error
        found = raw.get("schema_version") if isinstance(raw, dict) else None
        if type(found) is not int or found != SCHEMA_VERSION:
            raise BundleError(
                f"manifest.json has schema version {found!r}, this release reads {SCHEMA_VERSION}; train again"
            )
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BundleError(f"manifest.json: {where}: {first['msg']}") from error
