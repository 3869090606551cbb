"""Finished fits of a search, stored so that it can be resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import lazy_loader  # type: ignore[import-untyped]

from recsys.config import AlsConfig
from recsys.errors import DataError
from recsys.score_order import displayed

if TYPE_CHECKING:
    import optuna
else:
    optuna = lazy_loader.load("optuna")  # no training without a search waits for it

Rung = Literal["cheap", "full"]
STARTUP_TRIALS = 6  # before the estimator draws
DAMAGED = (RuntimeError, ValueError, LookupError, TypeError, AttributeError)  # raised by optuna for damaged records


@dataclass(frozen=True)
class Trial:
    """A fit as the report shows it: `value` and `alone` as of Result; `chosen` marks the fit that is used."""

    number: int
    rung: str
    value: float
    parameters: dict[str, float]
    seconds: float
    alone: float = 0.0
    chosen: bool = False


@dataclass(frozen=True)
class Result:
    """A finished fit.

    `als` has the iterations that it took, `blend` the best weights for it; `value` is the validation metric with that
    blend, `alone` that of the factors alone.
    """

    als: AlsConfig
    blend: dict[str, float]
    value: float
    alone: float
    seconds: float

    @property
    def merit(self) -> float:
        """The objective of the search: the mean of both metrics.

        A blend can hide weak factors behind neighbors that were counted from pairs close to the held-out ones; on
        future pairs, which are less close, good factors carry the list (docs/decisions/0008).
        """
        return displayed((self.value + self.alone) / 2)


class Ledger:
    """The trials of one search, by rung and number.

    Parameters
    ----------
    path : str
        SQLite file; empty: trials stay in memory.
    key : str
        Hash of everything that a trial depends on: only trials of the same key are used again.

    Raises
    ------
    DataError
        When the file cannot be used.
    """

    def __init__(self, path: str, key: str) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.path = path
        with self.in_use():
            if path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            storage = optuna.storages.RDBStorage(f"sqlite:///{path}") if path else None
            self._studies = {
                rung: optuna.create_study(
                    study_name=f"{key}-{rung}", storage=storage, direction="maximize", load_if_exists=True
                )
                for rung in ("cheap", "full")
            }

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Raise DataError for a damaged record, a full disk or a foreign file."""
        from sqlalchemy.exc import SQLAlchemyError  # nor for this

        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, *DAMAGED) as error:
            message = (str(error) or type(error).__name__).splitlines()[0]
            raise DataError(f"tune.storage = {self.path!r}: {message}; remove the file or set another") from error

    def find(self, rung: Rung, number: int) -> Result | None:
        """Return the result of trial `number` of a rung if it was finished before."""
        done = self._studies[rung].trials
        if number >= len(done):
            return None
        fields: dict[str, Any] = done[number].user_attrs
        return Result(**{**fields, "als": AlsConfig(**fields["als"])})

    def ask(self, rung: Rung, number: int, seed: int, start: Mapping[str, float] | None) -> optuna.Trial:
        """Return a new trial, at `start` or drawn by the estimator, from `seed` and the finished trials alone.

        It is not stored before :meth:`store`, so an interrupted fit does not change later draws.
        """
        sampler = optuna.samplers.TPESampler(seed=seed + number, multivariate=True, n_startup_trials=STARTUP_TRIALS)
        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.add_trials(self._studies[rung].trials)
        if start is not None:
            study.enqueue_trial(dict(start))
        return study.ask()

    def store(self, rung: Rung, trial: optuna.Trial | None, result: Result) -> None:
        """Store a finished trial; `trial` is None where it was not drawn by :meth:`ask`."""
        self._studies[rung].add_trial(
            optuna.trial.create_trial(
                params=trial.params if trial else {},
                distributions=trial.distributions if trial else {},
                value=result.merit,
                user_attrs={**vars(result), "als": result.als.model_dump(mode="json")},
            )
        )
