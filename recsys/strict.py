"""Base of the records that files hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class Record(BaseModel):
    """Base of the records that files hold: exact types, no unknown keys, immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def first_problem(error: ValidationError) -> str:
    """Return the place and the message of the first problem, in one line."""
    first = error.errors()[0]
    return " ".join(f"{'.'.join(map(str, first['loc']))}: {first['msg']}".split())
