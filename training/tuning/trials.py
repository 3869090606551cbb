"""The finished fits of a search, stored so that it can be resumed. The only file that imports optuna."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna

from recsys.config import AlsConfig
from recsys.errors import DataError
from recsys.score_order import displayed

Rung = Literal["cheap", "full"]
STARTUP_TRIALS = 6  # before the estimator draws
DAMAGED = (
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)  # what optuna makes of records that are damaged


@dataclass(frozen=True)
class Result:
    """A finished fit.

    Parameters
    ----------
    als : AlsConfig
        Its setting, with the iterations it took.
    blend : dict
        The weights that were found for it.
    value, alone : float
        The validation metric with that blend, and that of the factors alone.
    seconds : float
    """

    als: AlsConfig
    blend: dict[str, float]
    value: float
    alone: float
    seconds: float

    @property
    def merit(self) -> float:
        """What the search makes large: the mean of both metrics.

        A blend can hide weak factors behind neighbors that were counted from pairs close to the held-out ones; with pairs to
        come that are less close, good factors carry the list (docs/decisions/0008).
        """
        return displayed((self.value + self.alone) / 2)


class Ledger:
    """The trials of one search, by rung and number.

    Parameters
    ----------
    path : str
        SQLite file; empty: nothing outlives the process.
    key : str
        Names everything that a trial depends on: only trials of the same key are found again.

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
        """Whatever reads or writes the file: a damaged record, a full disk or a foreign file raises DataError."""
        from sqlalchemy.exc import SQLAlchemyError  # no training without a search waits for it

        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, *DAMAGED) as error:
            said = (str(error) or type(error).__name__).splitlines()[0]
            raise DataError(f"tune.storage = {self.path!r}: {said}; remove the file or set another") from error

    def find(self, rung: Rung, number: int) -> Result | None:
        """The result of trial `number` of a rung, where it was finished before."""
        done = self._studies[rung].trials
        if number >= len(done):
            return None
        told: dict[str, Any] = done[number].user_attrs
        return Result(AlsConfig(**told["als"]), told["blend"], told["value"], told["alone"], told["seconds"])

    def ask(self, rung: Rung, number: int, seed: int, start: Mapping[str, float] | None) -> optuna.Trial:
        """A new trial, at `start` or where the estimator draws it, by `seed` and the finished trials alone.

        Nothing of it is stored before :meth:`store`, so a fit that was interrupted leaves nothing that a later draw would see.
        """
        sampler = optuna.samplers.TPESampler(seed=seed + number, multivariate=True, n_startup_trials=STARTUP_TRIALS)
        study = optuna.create_study(sampler=sampler, direction="maximize")
        study.add_trials(self._studies[rung].trials)
        if start is not None:
            study.enqueue_trial(dict(start))
        return study.ask()

    def store(self, rung: Rung, trial: optuna.Trial | None, result: Result) -> None:
        """Keep a finished trial; None where it was not asked for."""
        told = {"als": result.als.model_dump(mode="json"), "blend": result.blend, "value": result.value}
        told |= {"alone": result.alone, "seconds": result.seconds}
        self._studies[rung].add_trial(
            optuna.trial.create_trial(
                params=trial.params if trial else {},
                distributions=trial.distributions if trial else {},
                value=result.merit,
                user_attrs=told,
            )
        )
