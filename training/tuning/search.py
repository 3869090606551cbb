"""Search for hyper-parameters.

Two rungs. The cheap one draws settings of ALS (tree-structured Parzen estimator, Bergstra et al. 2011, after a few
fixed starts) and fits them with few factors, on sampled users where the data is large. The full one takes the best of
them to more factors as long as that helps, and then tries settings around the best. For every fit, which stops once
more iterations do not help, the weights of the blend are searched (:mod:`training.tuning.blend_search`).

Every trial depends on the ones before it and the seed alone, and is stored when it is done: an interrupted search can
be resumed with the same result.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from recsys import __version__
from recsys.config import AlsConfig, BlendConfig, Config
from recsys.data.histories import Histories
from recsys.errors import ModelRejectedError
from recsys.score_order import displayed
from training.evaluation.validation import Validation
from training.factors.als import Factors
from training.tuning import blend_search
from training.tuning.candidates import Content, Weights, behavior_by_power
from training.tuning.early_stopping import FIRST_LOOK, fit_until_best, most_iterations
from training.tuning.trials import Ledger, Result, Rung, Trial

if TYPE_CHECKING:
    import optuna

CHEAP_SHARE = 0.6
WORTH = 1.002  # ratio of the metric from which more factors are worth their cost
FEW_FACTORS = 16
STARTS: tuple[dict[str, float], ...] = (
    {"alpha": 10.0, "regularization": 0.3, "user_power": 0.2, "item_power": 0.2},
    {"alpha": 40.0, "regularization": 0.2, "user_power": 0.4, "item_power": 0.4},
    {"alpha": 3.0, "regularization": 0.5, "user_power": 0.0, "item_power": 0.0},
    {"alpha": 20.0, "regularization": 0.1, "user_power": 0.4, "item_power": 0.2},
)
CONTENT_LEADS = {"beta": 0.7, "lexical": 0.5, "short_history": 2.0}
AROUND = (("regularization", 2.0), ("regularization", 0.5), ("alpha", 2.0), ("alpha", 0.5))


@dataclass(frozen=True, eq=False)
class Task:
    """Data of a search: `disliked` are pairs seen and not liked; stored trials count only for the same `checksum`."""

    validation: Validation
    content: Content
    disliked: Histories
    checksum: str


@dataclass(frozen=True, eq=False)
class Tuned:
    """The configuration with the best values, all trials, and the factors of the best one if they are in memory."""

    config: Config
    trials: tuple[Trial, ...]
    factors: Factors | None


def search(task: Task, config: Config, trials: int, on_progress: Callable[[str], None] = lambda _: None) -> Tuned:
    """Search with `trials` fits; `on_progress` takes a line after each.

    Raises
    ------
    DataError
        When the storage of trials cannot be used.
    ModelRejectedError
        When no fit succeeds.
    """
    return _Search(task, config, on_progress).run(trials)


class _Search:
    def __init__(self, task: Task, config: Config, on_progress: Callable[[str], None]) -> None:
        self.task, self.config, self.on_progress = task, config, on_progress
        self.cheap_task = _smaller(task, config)
        self.ledger = Ledger(config.tune.storage, _key(task, config))
        self.results: list[tuple[Rung, Result]] = []
        self.best: tuple[Result, Factors] | None = None

    def run(self, trials: int) -> Tuned:
        n_cheap = max(1, round(CHEAP_SHARE * trials))
        for number in range(n_cheap):
            self._trial("cheap", number, trials)
        for number in range(trials - n_cheap):
            self._trial("full", number, trials)
        best = self._best_so_far()
        if best.value <= 0:
            raise ModelRejectedError("tune: no fit found anything that was held out; see the lines above")
        blend = BlendConfig(**{**self.config.blend.model_dump(), **best.blend})
        shown = tuple(
            Trial(number, rung, result.value, _varied(result), result.seconds, result.alone, result == best)
            for number, (rung, result) in enumerate(self.results, 1)
        )
        factors = self.best[1] if self.best and self.best[0] == best else None
        return Tuned(self.config.model_copy(update={"als": best.als, "blend": blend}), shown, factors)

    def _best_so_far(self) -> Result:
        """Return the preferred result: of all, or of the full rung where the cheap one had less data."""
        same = self.cheap_task is self.task or all(rung == "cheap" for rung, _ in self.results)
        return self._preferred([result for rung, result in self.results if same or rung == "full"])

    def _trial(self, rung: Rung, number: int, trials: int) -> None:
        with self.ledger.in_use():
            result = self.ledger.find(rung, number)
        if result is None:
            trial = self._ask(number) if rung == "cheap" else None
            result = self._fit(rung, self._drawn(trial) if trial else self._next_full())
            with self.ledger.in_use():
                self.ledger.store(rung, trial, result)
        self.results.append((rung, result))
        values = " ".join(f"{name}={value:.3g}" for name, value in _varied(result).items())
        mark = " (best so far)" if self._best_so_far() is result else ""
        self.on_progress(
            f"trial {len(self.results)}/{trials} {rung:<5} {self.config.tune.metric}@{self.config.tune.k} "
            f"{result.value:.4f}, factors alone {result.alone:.4f}{mark}  {result.seconds:.1f} s  {values}"
        )

    def _preferred(self, results: Sequence[Result]) -> Result:
        return preferred(results, self.task.validation.as_good)

    def _ask(self, number: int) -> optuna.Trial:
        start = STARTS[number] if number < len(STARTS) else None
        with self.ledger.in_use():
            return self.ledger.ask("cheap", number, self.config.als.random_state, start)

    def _drawn(self, trial: optuna.Trial) -> AlsConfig:
        factors = min(self.config.tune.cheap_factors, self.config.tune.max_factors)
        return self.config.als.model_copy(update={**_suggest(trial, self.task), "factors": factors})

    def _fit(self, rung: Rung, setting: AlsConfig) -> Result:
        started = time.perf_counter()
        task, tune = self.cheap_task if rung == "cheap" else self.task, self.config.tune
        start = self._start()
        try:
            factors, iterations = fit_until_best(task.validation, task.content, task.disliked, setting, tune)
            blend, value = blend_search.search(task.validation, factors, task.content, start, tune.metric, tune.k)
            alone = blend_search.factors_alone(task.validation, factors, task.content, tune.metric, tune.k)
        except ModelRejectedError as error:
            self.on_progress(f"  a fit failed: {error}")
            return Result(setting, start, 0.0, 0.0, time.perf_counter() - started)
        done = setting.model_copy(update={"iterations": iterations})
        result = Result(done, blend, value, alone, time.perf_counter() - started)
        if task is self.task and (self.best is None or self._preferred([self.best[0], result]) is result):
            self.best = (result, factors)
        return result

    def _start(self) -> Weights:
        """Return the blend of the best result so far, else the configured one."""
        best = max((result for _, result in self.results), key=lambda result: result.merit, default=None)
        return best.blend if best else blend_search.start_weights(self.config.blend)

    def _next_full(self) -> AlsConfig:
        """Return the setting of the next trial of the full rung: the first that was not tried."""
        same = self.cheap_task is self.task
        tried = {_setting(result.als): result.merit for rung, result in self.results if same or rung == "full"}
        base = self._preferred([result for rung, result in self.results if rung == "cheap"]).als
        settings = chain(self._ladder(base, tried), self._around_best())
        return next(setting for setting in settings if _setting(setting) not in tried)

    def _ladder(self, base: AlsConfig, tried: Mapping[str, float]) -> Iterator[AlsConfig]:
        """Yield the best setting of the cheap rung with more factors while that pays; if it never does, with fewer."""
        step: AlsConfig | None = base
        value = 0.0
        while step is not None:
            yield step
            merit = tried[_setting(step)]
            if merit < displayed(value * WORTH):
                break
            value, step = merit, self._resized(step, 2 * step.factors)
        if step is not None and step.factors == 2 * base.factors and base.factors >= 2 * FEW_FACTORS:
            yield base.model_copy(update={"factors": base.factors // 2})

    def _around_best(self) -> Iterator[AlsConfig]:
        """Yield settings around the best, ever nearer: more factors need another regularization."""
        best, exponent = self._best_so_far().als, 1.0
        while True:
            for name, by in AROUND:
                yield best.model_copy(update={name: getattr(best, name) * by**exponent})
            exponent /= 2

    def _resized(self, config: AlsConfig, factors: int) -> AlsConfig | None:
        """Return None where so many factors are not configured, have too few rows, or cost too much."""
        pairs, tune = self.task.validation.train, self.config.tune
        few_rows = factors > min(len(pairs.users), len(pairs.items)) // 2
        if factors > tune.max_factors or few_rows or most_iterations(pairs, factors, tune.gflop) < FIRST_LOOK:
            return None
        return config.model_copy(update={"factors": factors})


def without_validation(config: Config) -> Config:
    """Return the configuration for data in which no user has two interactions: content leads.

    Factors of such data hold nothing but popularity; the weights did best on citeulike-t cut down to one interaction a
    user (docs/decisions/0007).
    """
    return config.model_copy(update={"blend": config.blend.model_copy(update=CONTENT_LEADS)})


def preferred(results: Sequence[Result], as_good: float) -> Result:
    """Return the most regularized of the results whose merit is at least `as_good` of the best merit.

    Compare the one-standard-error rule of Breiman et al. (1984).
    """
    floor = displayed(as_good * max(result.merit for result in results))
    good = (result for result in results if result.merit >= floor)
    return max(good, key=lambda result: (result.als.regularization, result.merit))


def _suggest(trial: optuna.Trial, task: Task) -> dict[str, float]:
    weights = task.validation.train.weights
    drawn: dict[str, float] = {
        "alpha": trial.suggest_float("alpha", 1.0, 100.0, log=True),
        "regularization": trial.suggest_float("regularization", 0.05, 2.0, log=True),
        "user_power": trial.suggest_float("user_power", 0.0, 0.5),
        "item_power": trial.suggest_float("item_power", 0.0, 0.5),
    }
    if float(weights.std()) > 1e-3 * float(weights.mean()):
        drawn["weight_power"] = trial.suggest_categorical("weight_power", (0.0, 0.5, 1.0))
    if len(task.disliked.item_nums):
        drawn["dislike"] = trial.suggest_categorical("dislike", (0.0, 0.3, 1.0))
    return drawn


def _setting(config: AlsConfig) -> str:
    """Return the identity of a fit: everything but the number of iterations, which a fit finds itself."""
    return config.model_dump_json(exclude={"iterations"})


def _varied(result: Result) -> dict[str, float]:
    names = ("factors", "iterations", "alpha", "regularization", "user_power", "item_power")
    extra = [n for n in ("weight_power", "dislike") if getattr(result.als, n) != AlsConfig.model_fields[n].default]
    return {name: float(getattr(result.als, name)) for name in (*names, *extra)} | result.blend


def _smaller(task: Task, config: Config) -> Task:
    """Return the task of the cheap rung: sampled users where there are too many interactions."""
    validation, most = task.validation, config.tune.cheap_interactions
    if len(validation.train) <= most:
        return task
    chance = np.random.default_rng(config.als.random_state).random(len(validation.train.users))
    chosen = chance < most / len(validation.train)
    train = validation.train.take(chosen[validation.train.user_nums])
    behavior = behavior_by_power(train, config.blend, config.als.random_state)
    return replace(
        task,
        validation=replace(validation, train=train, users=validation.users[chosen[validation.users]]),
        content=replace(task.content, behavior=behavior),
    )


def _key(task: Task, config: Config) -> str:
    """Return a hash of everything that a stored trial depends on."""
    values = config.model_dump(mode="json", include={"als", "blend", "tune", "evaluate"})
    values["tune"] = {name: value for name, value in values["tune"].items() if name not in ("storage", "trials")}
    text = json.dumps([__version__, task.checksum, task.validation.protocol, values], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    digest.update(np.ascontiguousarray(task.content.texts).data)  # another encoder
    for array in (task.disliked.indptr, task.disliked.item_nums):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:24]
