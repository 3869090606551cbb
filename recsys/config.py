"""The configuration, declared once: one frozen class a section, one line of text, a unit and a default a key.

``recsys.toml`` at the root is printed from this file by :func:`render`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recsys.errors import ConfigError
from recsys.nearest import did_you_mean

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    """Base of the sections: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """Where the data lies and what its columns mean."""

    interactions: str = Field(
        "", description="file, glob or (with a preset) folder: .csv, .jsonl or .parquet, also .gz"
    )
    items: str = Field("", description="file or glob of item records; empty: no content part")
    preset: Literal["", "movielens"] = Field(
        "", description='"movielens": interactions is a MovieLens folder of any release, which brings its own items'
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(
        ",", description="between the fields of a CSV file"
    )
    user_column: str = Field("user_id", description="column of the user's id, kept byte for byte")
    item_column: str = Field("item_id", description="column of the item's id, in both files")
    value_column: str = Field("value", description="column of a rating or a count, where present")
    event_column: str = Field("event", description="column of the event type, where present; weights in [events]")
    timestamp_column: str = Field(
        "timestamp", description="where present: seconds or milliseconds since 1970, or ISO 8601"
    )
    threshold: float | None = Field(
        None, description="set: values are ratings, and those below are not positive; unset: values are counts"
    )
    half_life_days: NotNegative = Field(0.0, description="age in days at which an interaction counts half; 0: no decay")
    list_separator: str = Field("|", description="splits an attribute such as genres into a list; empty: never")
    max_rejected: Share = Field(0.01, description="share of unusable rows above which training refuses")
    rejects: str = Field("var/rejects.csv", description="file that lists the unusable rows; empty: none is written")


class AlsConfig(Section):
    """Matrix factorization (implicit); the keys are those of the library."""

    factors: Positive = Field(64, description="length of the collaborative vectors")
    regularization: NotNegative = Field(5.0, description="weight of the squared lengths of the factors")
    alpha: NotNegative = Field(2.0, description="confidence of an interaction of weight w is 1 + alpha * w")
    iterations: Positive = Field(15, description="rounds of alternating least squares")
    random_state: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="seed of everything random in training")


class ContentConfig(Section):
    """Text embeddings of the items."""

    encoder: str = Field(
        "all-MiniLM-L6-v2",
        description='a sentence-transformers name, a folder, "lsa" (fitted here, no torch), or "none"',
    )
    columns: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="columns that make up an item's text; empty: those of title, description, text, genres, tags"
    )
    allow_download: bool = Field(
        False, description="fetch the encoder from the model hub when it is not on this machine"
    )
    sha256: str = Field("", description="expected SHA-256 of the encoder's model.safetensors; empty: not checked")
    lsa_dim: Positive = Field(128, description="length of the text vectors of the lsa encoder")
    cache: str = Field(
        "var/texts.sqlite", description="file of encoded texts, so only new ones are encoded; empty: none"
    )


class BlendConfig(Section):
    """How behaviour and content are put together."""

    beta: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.5, description="weight of content in the score of an item for a user; 1: as much as behaviour"
    )
    weight: Share = Field(0.5, description="share of behaviour in the likeness of two items; the rest is content")
    half_at: NotNegative = Field(
        30.0, description="number of interactions at which the behaviour of an item is half trusted"
    )


class IndexConfig(Section):
    """The vector indexes (annoy)."""

    kind: Literal["auto", "annoy", "exact"] = Field(
        "auto", description='what serves: "auto" takes annoy where it looks at fewer vectors than an exact scan'
    )
    n_trees: Positive = Field(50, description="trees of the forest; more: larger file, better recall")
    recall: Annotated[float, Field(gt=0, le=1)] = Field(
        0.98, description="share of the exact top 10 that the forest has to find"
    )
    search_k: Annotated[int, Field(ge=0)] = Field(
        0, description="vectors that a query inspects; 0: chosen to reach recall"
    )
    queries: Positive = Field(500, description="sampled queries for the measurement of recall")


class StoreConfig(Section):
    """Where the trained models lie."""

    path: str = Field("var/store", description="folder of the model bundles")
    keep: Positive = Field(10, description="versions that `recsys models prune` keeps")


class Config(Section):
    """All sections."""

    data: DataConfig = DataConfig()
    events: dict[str, NotNegative] = Field(
        {}, description="weight of each event type (0: ignored); empty: every event weighs 1"
    )
    als: AlsConfig = AlsConfig()
    content: ContentConfig = ContentConfig()
    blend: BlendConfig = BlendConfig()
    index: IndexConfig = IndexConfig()
    store: StoreConfig = StoreConfig()


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file, then apply overrides of the form ``section.key=value``.

    Parameters
    ----------
    path : Path or None
        None: the defaults.
    overrides : sequence of str
        Values are read as TOML, and as plain text where they are none.

    Raises
    ------
    ConfigError
        With one line for every key or value that is wrong.
    """
    raw: dict[str, Any] = {} if path is None else _read(path)
    for override in overrides:
        _apply(raw, override)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        lines = [
            _describe(problem["loc"], problem["type"], problem["msg"], problem["input"]) for problem in error.errors()
        ]
        where = f"{path}: " if path else ""
        raise ConfigError("\n".join(where + line for line in lines)) from error


def render(changes: Mapping[str, Any] | None = None) -> str:
    """The commented TOML file with every key and its default, or the value in `changes` by ``section.key``."""
    chosen = changes or {}
    blocks = []
    for name, info in Config.model_fields.items():
        section = info.default
        lines = [f"# {info.description or type(section).__doc__}".strip(), f"[{name}]"]
        if isinstance(section, Section):
            for key, field in type(section).model_fields.items():
                value = chosen.get(f"{name}.{key}", getattr(section, key))
                unset = "# " if value is None else ""
                lines += [f"# {field.description}", f"{unset}{key} = {_toml(value if value is not None else 3.5)}"]
        else:
            lines += [f"{_key(event)} = {_toml(weight)}" for event, weight in chosen.get(name, section).items()]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"configuration file {path} does not exist; give another with --config") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error


def _apply(raw: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and section and name):
        raise ConfigError(f"--set {override!r}: expected section.key=value, for example als.factors=128")
    try:
        (value,) = tomllib.loads(f"value = {text}").values()
    except (tomllib.TOMLDecodeError, ValueError):
        value = text
    table = raw.setdefault(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"--set {override!r}: {section} is not a section")
    table[name] = value


def _describe(loc: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    where = ".".join(str(part) for part in loc)
    if kind != "extra_forbidden":
        return f"{where} = {value!r}: {message}" if loc else message
    fields = Config.model_fields if len(loc) == 1 else type(Config.model_fields[str(loc[0])].default).model_fields
    what = "section" if len(loc) == 1 else "key"
    return f"{where}: there is no such {what}{did_you_mean(str(loc[-1]), fields)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: object) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
