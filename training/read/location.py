"""Names of files, URLs and databases."""

from __future__ import annotations

import re

DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite", "mssql", "oracle", "snowflake", "bigquery")
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(?!/*$)")
LOGIN = re.compile(r"^[^:/@]*(:[^@]*)?@")  # as SQLAlchemy reads it: a password may have a slash


def scheme(name: str) -> str:
    """Return what is before ``://``, without the driver of a database; empty for a path."""
    match = URL.match(name)
    return match[1].lower().partition("+")[0] if match else ""


def is_database(name: str) -> bool:
    return scheme(name) in DATABASES


def shown(name: str) -> str:
    """Return a URL without login, query and fragment, which may hold secrets; a path as it is."""
    kind = scheme(name)
    if not kind:
        return name
    start, _, rest = name.partition("://")
    if kind in ("s3", "s3a", "gs", "gcs"):
        return name  # a key may have any of the signs
    return f"{start}://{re.split('[?#]', LOGIN.sub('', rest), maxsplit=1)[0]}"


def without_secrets(message: str) -> str:
    """Return a message on one line, with its URLs as :func:`shown`."""
    return re.sub(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\")]+", lambda match: shown(match[0]), " ".join(message.split()))
