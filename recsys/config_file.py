"""The configuration as a TOML file: reading it, with overrides, and printing it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recsys.config import Config, Section, TableConfig, TableName
from recsys.errors import ConfigError, did_you_mean


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file, then apply overrides of the form ``section.key=value``.

    Values of overrides are read as TOML, or as plain text where they are none. Without a path, all keys have their defaults.

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
        where = f"{path}: " if path else ""
        raise ConfigError("\n".join(where + _describe(problem) for problem in error.errors())) from error


def render(changes: Mapping[str, Any] | None = None) -> str:
    """Return the commented TOML file with every key and its default, or its value in `changes` by ``section.key``."""
    changes = changes or {}
    blocks = []
    for name, info in Config.model_fields.items():
        section = info.default
        lines = [f"# {info.description or type(section).__doc__}".strip(), f"[{name}]"]
        if isinstance(section, Section):
            for key, field in type(section).model_fields.items():
                value = changes.get(f"{name}.{key}", getattr(section, key))
                unset = "# " if value is None else ""
                lines += [f"# {field.description}", f"{unset}{key} = {toml_value(value if value is not None else 3.5)}"]
        else:
            lines += [
                f"{toml_key(event)} = {toml_value(weight)}" for event, weight in changes.get(name, section).items()
            ]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def render_values(config: Config, names: Sequence[str]) -> str:
    """Return some sections of a configuration as TOML, every key with its value."""
    blocks = []
    for name in names:
        values = [f"{key} = {toml_value(value)}" for key, value in getattr(config, name) if value is not None]
        blocks.append("\n".join([f"[{name}]", *values]))
    return "\n\n".join(blocks) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ConfigError(f"configuration file {path} does not exist; give another with --config") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}{_hint(str(error))}") from error


def _hint(problem: str) -> str:
    """Return what is usually meant where TOML is wrong."""
    if "'\\'" in problem:
        return "; write a path of Windows with / or in single quotes, 'C:\\data\\i.csv'"
    return "; texts are written in quotes" if "Invalid value" in problem else ""


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
    of, dot, key = name.partition(".")
    if section == "data" and dot and of in get_args(TableName):
        table[of] = ({"file": table[of]} if isinstance(table.get(of), str) else table.get(of, {})) | {key: value}
    elif section == "data" and isinstance(table.get(name), dict) and isinstance(value, str):
        table[name] = table[name] | {"file": value}
    else:
        table[name] = value


def _describe(problem: ErrorDetails) -> str:
    loc, message = problem["loc"], problem["msg"]
    where = ".".join(str(part) for part in loc)
    if problem["type"] != "extra_forbidden":
        return f"{where} = {problem['input']!r}: {message}" if loc else message
    section: Any = Config
    for part in loc[:-1]:
        section = type(section.model_fields[str(part)].default)
    what, fields = "section" if len(loc) == 1 else "key", section.model_fields
    return f"{where}: there is no such {what}{did_you_mean(str(loc[-1]), fields)}"


def toml_key(name: str) -> str:
    """Return a name as a key of TOML, in quotes where it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def toml_value(value: object) -> str:
    """Return a value of the configuration as TOML."""
    if isinstance(value, TableConfig):
        return toml_value(value.file)
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
