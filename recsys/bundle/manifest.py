"""Header of a bundle: its contents, its parameters, and the checksum of every file."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError

from recsys.errors import BundleError
from recsys.events.records import EventsInfo
from recsys.strict import Record, first_problem

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
    """Name of an encoder, and a hash of its files, empty for none."""

    name: str
    fingerprint: str


class PictureInfo(Record):
    """Encoder of pictures and words, and the length of its vectors, 0 for a model without pictures."""

    encoder: EncoderInfo = EncoderInfo(name="", fingerprint="")
    dim: NonNegativeInt = 0


class IndexInfo(Record):
    """Kind of an index, and its answers compared with the exact ones.

    `recall` is the mean share of the exact top `recall_at`, without seen items, that is served over `queries` sampled queries;
    `forest_recall` is that of the annoy forest. For the same queries, the exact scan inspects `scan_rows` rows on average, and
    the forest `search_k` vectors.
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
    """Part of the manifest that is known before the files are written."""

    counts: Counts
    shape: Shape
    encoder: EncoderInfo
    items_for_user: IndexInfo
    items_like_item: IndexInfo
    items_by_text: IndexInfo | None  # None without text vectors
    items_by_picture: IndexInfo | None = None  # None without pictures
    pictures: PictureInfo = PictureInfo()
    events: EventsInfo
    parameters: dict[str, Any]
    data_sha256: Sha256
    metrics: dict[str, float]


class Manifest(Header):
    """Header with the name, the time, the files and the extras of a published bundle."""

    schema_version: Literal[6]
    model_version: Annotated[str, Field(pattern=f"^{VERSION_PATTERN}$")]
    created_at: str
    files: dict[FileName, FileInfo]
    extras: list[str]  # names of recsys.bundle.parts.EXTRAS

    def to_json(self) -> bytes:
        """Return canonical bytes: keys sorted, one newline at the end."""
        return (json.dumps(self.model_dump(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Parse a manifest; raises BundleError for a missing or unknown key, a wrong type, or another schema."""
        try:
            raw = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"manifest.json is not JSON: {error}") from error
        schema = raw.get("schema_version") if isinstance(raw, dict) else None
        if type(schema) is not int or schema != SCHEMA_VERSION:
            problem = f"schema version {schema!r}, this release reads {SCHEMA_VERSION}; train again"
            raise BundleError(f"manifest.json has {problem}")
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise BundleError(f"manifest.json: {first_problem(error)}") from error
