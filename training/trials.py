"""The finished fits of a search, stored so that it can be resumed. The only file that imports optuna."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from sqlalchemy.exc import SQLAlchemyError

from recsys.config import AlsConfig
from recsys.errors import DataError

Rung = Literal["cheap", "full"]
Draw = Callable[[optuna.Trial], dict[str, float]]
STARTUP_TRIALS = 6  # before the estimator draws


@dataclass(frozen=True)
class Result:
    """A finished fit: its setting of ALS with the iterations it took, the blend found for it, the metric and the time."""

    als: AlsConfig
    blend: dict[str, float]
    value: float
    seconds: float


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
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            if path:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            storage = optuna.storages.RDBStorage(f"sqlite:///{path}") if path else None
            self._studies = {
                rung: optuna.create_study(
                    study_name=f"{key}-{rung}", storage=storage, direction="maximize", load_if_exists=True
                )
                for rung in ("cheap", "full")
            }
        except (SQLAlchemyError, OSError, RuntimeError) as error:
            raise DataError(
                f"tune.storage = {path!r}: {str(error).splitlines()[0]}; remove the file or set another"
            ) from error

    def find(self, rung: Rung, number: int) -> Result | None:
        """The result of trial `number` of a rung, where it was finished before."""
        done = [trial for trial in self._studies[rung].trials if trial.state == optuna.trial.TrialState.COMPLETE]
        if number >= len(done):
            return None
        told: dict[str, Any] = done[number].user_attrs
        return Result(AlsConfig(**told["als"]), told["blend"], told["value"], told["seconds"])

    def ask(self, rung: Rung, number: int, seed: int, start: Mapping[str, float] | None) -> optuna.Trial:
        """A new trial, at `start` or where the estimator draws it, by `seed` and the finished trials alone."""
        study = self._studies[rung]
        study.sampler = optuna.samplers.TPESampler(
            seed=seed + number, multivariate=True, n_startup_trials=STARTUP_TRIALS
        )
        if start is not None:
            study.enqueue_trial(dict(start))
        return study.ask()

    def store(self, rung: Rung, trial: optuna.Trial, result: Result) -> None:
        """Finish a trial."""
        trial.set_user_attr("als", result.als.model_dump(mode="json"))
        trial.set_user_attr("blend", result.blend)
        trial.set_user_attr("value", result.value)
        trial.set_user_attr("seconds", result.seconds)
        self._studies[rung].tell(trial, result.value)
