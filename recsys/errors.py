"""The exceptions of the project.

Every message says what happened, which value, and what to do about it::

    RecsysError
    ├── ConfigError      the configuration or the command line is wrong          exit 2
    ├── DataError        the input files cannot be used                          exit 1
    ├── EncoderError     a text encoder is missing or is not the expected one    exit 1
    │   └── EncoderBusyError a text could not be encoded in time
    ├── PictureError     a picture cannot be read                                exit 1
    ├── BundleError      a folder is not a sound model bundle                    exit 1
    ├── ModelRejectedError    a fitted model is too bad to be published               exit 1
    ├── StoreError       the store of bundles cannot do what was asked           exit 1
    │   └── NoModelError     the store holds no model yet
    ├── EventStoreError  the event store cannot be reached or takes nothing now  exit 1
    ├── QueryError       a question has a value out of range                     exit 1
    ├── PhrasingError    the endpoint that phrases answers gave none              exit 1
    ├── UnansweredError  a question is of a kind that the model does not answer  exit 1
    └── NotFoundError    a question names something that the model lacks         exit 1
"""

from __future__ import annotations

from collections.abc import Iterable

MIN_SIMILARITY = 60  # percent; a less similar name is not suggested


class RecsysError(Exception):
    """Base of all errors that are shown to a person as one clear line."""

    exit_code = 1


class ConfigError(RecsysError):
    """The configuration or the command line is wrong."""

    exit_code = 2


class DataError(RecsysError):
    """The input files cannot be used."""


class EncoderError(RecsysError):
    """A text encoder is missing, or is not the one that was asked for."""


class EncoderBusyError(EncoderError):
    """A text could not be encoded in time."""


class PictureError(RecsysError):
    """A picture is of a kind that is not read, too large, or damaged."""


class BundleError(RecsysError):
    """A folder is not a sound model bundle."""


class ModelRejectedError(RecsysError):
    """A fitted model is too bad to be published."""


class StoreError(RecsysError):
    """The store of bundles cannot do what was asked."""


class NoModelError(StoreError):
    """The store holds no model yet."""


class EventStoreError(RecsysError):
    """The event store cannot be reached, or takes nothing now."""


class QueryError(RecsysError):
    """A question has a value out of range."""


class PhrasingError(RecsysError):
    """The endpoint that puts answers into words gave none."""


class UnansweredError(RecsysError):
    """A question needs something that the model was trained without."""


class NotFoundError(RecsysError):
    """A question names a user, an item or a version that is not known."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the most similar known name, or the list of all known names."""
    from rapidfuzz import fuzz, process  # only an error needs it

    names = sorted(known)
    nearest = process.extractOne(name, names[::-1], scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(names)}"
