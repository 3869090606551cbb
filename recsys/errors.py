"""The exceptions of the project; every message says what happened, which value, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

MIN_SIMILARITY = 60  # percent; a less similar name is not suggested
SHOWN = 30  # names in a message


class RecsysError(Exception):
    """Base of all errors that are shown to a person as one clear line."""

    exit_code = 1  # of a command


class ConfigError(RecsysError):
    """The configuration or the command line is wrong."""

    exit_code = 2


class DataError(RecsysError):
    """The input files cannot be used."""


class EncoderError(RecsysError):
    """A text encoder is missing, or is not the expected one."""


class EncoderBusyError(EncoderError):
    """A text could not be encoded in time."""


class PictureError(RecsysError):
    """A picture is of a kind that is not read, too large, or damaged."""


class BundleError(RecsysError):
    """A folder is not a sound model bundle."""


class ModelRejectedError(RecsysError):
    """A fitted model is too bad to be published."""


class StoreError(RecsysError):
    """An operation on the store of bundles failed."""


class NoModelError(StoreError):
    """The store holds no model yet."""


class EventStoreError(RecsysError):
    """The event store cannot be reached, or takes nothing now."""


class QueryError(RecsysError):
    """A request has a value out of range."""


class PhrasingError(RecsysError):
    """The endpoint that phrases answers returned none."""


class UnansweredError(RecsysError):
    """A request needs a part that the model was trained without."""


class NotFoundError(RecsysError):
    """A request names a user, an item or a version that does not exist."""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the most similar name, or a list of the names."""
    from rapidfuzz import fuzz, process  # only an error needs it

    ordered = sorted(names)
    nearest = process.extractOne(
        name, ordered[::-1], scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY, processor=lambda text: text.casefold()
    )
    if nearest:
        return f"; did you mean {nearest[0]!r}?"
    others = f" and {len(ordered) - SHOWN} others" if len(ordered) > SHOWN else ""
    return f"; known are {', '.join(ordered[:SHOWN])}{others}"
